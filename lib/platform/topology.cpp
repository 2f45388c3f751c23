// SPDX-License-Identifier: MIT
#include "platform/topology.hpp"

#include <hwloc.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>

namespace quintet::platform {
namespace {

std::unexpected<OsError> error(int code, const char* action, const char* remedy = "") {
  return std::unexpected(OsError{code, action, remedy});
}

unsigned first_numa_node(hwloc_topology_t topology, hwloc_obj_t unit) {
  const int node = hwloc_bitmap_first(unit->nodeset);
  const hwloc_obj_t object =
      node < 0 ? nullptr
               : hwloc_get_numanode_obj_by_os_index(topology, static_cast<unsigned>(node));
  return object == nullptr ? 0 : object->logical_index;
}

using Cpuset = std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)>;

Result<Cpuset> cpuset(std::span<const ProcessingUnit> units) {
  Cpuset set(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
  for (const ProcessingUnit& unit : units) {
    if (!set || hwloc_bitmap_set(set.get(), unit.os_index) != 0) {
      return error(ENOMEM, "allocate a cpuset");
    }
  }
  return set;
}

std::vector<ProcessingUnit> list_units(hwloc_topology_t topology) {
  std::vector<ProcessingUnit> units;
  std::map<unsigned, unsigned> threads_of_core;
  hwloc_obj_t object = nullptr;
  while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, object)) != nullptr) {
    const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, object);
    ProcessingUnit unit;
    unit.os_index = object->os_index;
    // Some virtual machines show no cores; then every unit is one.
    unit.core = core == nullptr ? object->logical_index : core->logical_index;
    unit.numa_node = first_numa_node(topology, object);
    const hwloc_obj_t l3 = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_L3CACHE, object);
    unit.l3_cache = l3 == nullptr ? unit.numa_node : l3->logical_index;
    unit.thread_of_core = threads_of_core[unit.core]++;
    units.push_back(unit);
  }
  return units;
}

// Sorts so that neighbours are as far apart as possible: the first threads of all cores before
// the second ones, and among those the first core of every node before the second core.
void order_scattered(std::vector<ProcessingUnit>& units) {
  std::map<unsigned, std::map<unsigned, unsigned>> core_of_node;  // node -> core -> rank in node
  for (const auto& unit : units) {
    auto& ranks = core_of_node[unit.numa_node];
    ranks.try_emplace(unit.core, static_cast<unsigned>(ranks.size()));
  }
  std::ranges::sort(units, {}, [&](const ProcessingUnit& unit) {
    return std::tuple(unit.thread_of_core, core_of_node[unit.numa_node][unit.core], unit.numa_node);
  });
}

}  // namespace

void Topology::Deleter::operator()(hwloc_topology* handle) const noexcept {
  hwloc_topology_destroy(handle);
}

Result<Topology> Topology::load(Handle handle) {
  if (hwloc_topology_load(handle.get()) != 0) return error(errno, "read the machine's topology");
  return describe(std::move(handle));
}

Result<Topology> Topology::describe(Handle handle) {
  Topology topology;
  topology.units_ = list_units(handle.get());
  if (topology.units_.empty()) return error(ENODEV, "find a processing unit in the cpuset");
  unsigned last_core = 0;
  for (std::size_t i = 0; i < topology.units_.size(); ++i) {
    const ProcessingUnit& unit = topology.units_[i];
    last_core = std::max(last_core, unit.core);
    if (topology.unit_at_.size() <= unit.os_index) {
      topology.unit_at_.resize(unit.os_index + 1, topology.units_.size());
    }
    topology.unit_at_[unit.os_index] = i;
  }
  topology.cores_ = last_core + 1;
  topology.numa_nodes_ = static_cast<std::size_t>(
      std::max(1, hwloc_get_nbobjs_by_type(handle.get(), HWLOC_OBJ_NUMANODE)));
  topology.handle_ = std::move(handle);
  return topology;
}

Result<Topology> Topology::discover() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return error(errno, "start hwloc");
  Handle handle(raw);
  // hwloc honours cgroups by itself, and taskset only with the second flag.
  hwloc_topology_set_flags(
      raw, HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM | HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING);
  return load(std::move(handle));
}

Result<Topology> Topology::synthetic(const std::string& description) {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return error(errno, "start hwloc");
  Handle handle(raw);
  if (hwloc_topology_set_synthetic(raw, description.c_str()) != 0) {
    return error(EINVAL, "parse a synthetic topology", "e.g. pack:2 [numa] core:4 pu:2");
  }
  return load(std::move(handle));
}

Result<std::vector<ProcessingUnit>> Topology::placement(PinPolicy policy,
                                                        std::size_t threads) const {
  if (threads == 0) return error(EINVAL, "place threads", "ask for at least one");
  std::vector<ProcessingUnit> order = units_;
  if (policy == PinPolicy::kScatter) order_scattered(order);
  if (policy == PinPolicy::kFill) {
    std::ranges::sort(order, {}, [](const ProcessingUnit& unit) {
      return std::tuple(unit.thread_of_core, unit.numa_node, unit.core);
    });
  }
  if (policy == PinPolicy::kOnePerCore) {
    std::erase_if(order, [](const ProcessingUnit& unit) { return unit.thread_of_core != 0; });
    if (threads > order.size()) {
      return error(EINVAL, "place one thread per core", "ask for fewer threads than cores");
    }
  }
  std::vector<ProcessingUnit> placed;
  placed.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) placed.push_back(order[i % order.size()]);
  return placed;
}

Result<Topology> Topology::restricted_to(std::span<const ProcessingUnit> units) const {
  auto set = cpuset(units);
  if (!set) return std::unexpected(set.error());
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_dup(&raw, handle_.get()) != 0) return error(errno, "copy a topology");
  Handle handle(raw);
  if (hwloc_topology_restrict(raw, set->get(), 0) != 0) {
    return error(errno, "restrict a topology", "name processing units that it has");
  }
  return describe(std::move(handle));
}

bool Topology::is_this_system() const noexcept {
  return hwloc_topology_is_thissystem(handle_.get()) != 0;
}

Result<void> Topology::bind_current_thread(const ProcessingUnit& unit) const {
  return bind_current_thread(std::span(&unit, 1));
}

Result<void> Topology::bind_current_thread(std::span<const ProcessingUnit> units) const {
  if (!is_this_system()) {  // hwloc would pretend to succeed
    return error(ENOTSUP, "bind a thread", "a synthetic machine has no processing units");
  }
  const auto set = cpuset(units);
  if (!set) return std::unexpected(set.error());
  if (hwloc_set_cpubind(handle_.get(), set->get(), HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT)) {
    return error(errno, "bind a thread", "the unit must be in this process's cpuset");
  }
  return {};
}

std::optional<ProcessingUnit> Topology::current_unit() const noexcept {
  const int number = is_this_system() ? ::sched_getcpu() : -1;
  if (number < 0 || static_cast<std::size_t>(number) >= unit_at_.size()) return std::nullopt;
  const std::size_t place = unit_at_[static_cast<std::size_t>(number)];
  if (place >= units_.size()) return std::nullopt;
  return units_[place];
}

}  // namespace quintet::platform
