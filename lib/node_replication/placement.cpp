// SPDX-License-Identifier: MIT
#include "node_replication/placement.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <map>
#include <set>
#include <span>
#include <thread>

#include "base/assert.hpp"
#include "platform/node_memory.hpp"

namespace quintet::node_replication {
namespace {

using platform::NodeMemory;
using platform::OsError;
using platform::ProcessingUnit;
using platform::Topology;

using Units = std::vector<ProcessingUnit>;
using Groups = std::vector<Units>;  // by replica

Groups grouped(std::span<const ProcessingUnit> units, auto key) {
  std::map<unsigned, Units> by_key;
  for (const ProcessingUnit& unit : units) by_key[key(unit)].push_back(unit);
  Groups groups;
  for (auto& [number, group] : by_key) groups.push_back(std::move(group));
  return groups;
}

constexpr auto node_of = [](const ProcessingUnit& unit) { return unit.numa_node; };

// Cuts `things` into `parts` runs that differ by one at most, and joins each run.
void cut(const Groups& things, std::size_t parts, Groups& runs) {
  const std::size_t first = runs.size();
  runs.resize(first + parts);
  for (std::size_t i = 0; i < things.size(); ++i) {
    Units& run = runs[first + i * parts / things.size()];
    run.insert(run.end(), things[i].begin(), things[i].end());
  }
}

// How many replicas each node gets: one, and the others go where a replica has most units.
std::vector<std::size_t> shares(const Groups& nodes, std::size_t replicas) {
  std::vector<std::size_t> parts(nodes.size(), 1);
  for (std::size_t given = nodes.size(); given < replicas; ++given) {
    std::size_t best = 0;  // a/b > c/d, without the division
    for (std::size_t i = 1; i < nodes.size(); ++i) {
      if (nodes[i].size() * parts[best] > nodes[best].size() * parts[i]) best = i;
    }
    ++parts[best];
  }
  return parts;
}

Groups split(std::span<const ProcessingUnit> units, std::size_t replicas) {
  const Groups nodes = grouped(units, node_of);
  Groups groups;
  if (replicas <= nodes.size()) {
    cut(nodes, replicas, groups);
    return groups;
  }
  const auto parts = shares(nodes, replicas);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Groups cores = grouped(nodes[i], [](const ProcessingUnit& unit) { return unit.core; });
    if (cores.size() < parts[i]) {  // then replicas share cores
      cores = grouped(nodes[i], [](const ProcessingUnit& unit) { return unit.os_index; });
    }
    cut(cores, parts[i], groups);
  }
  return groups;
}

std::vector<unsigned> nodes_in(std::span<const ProcessingUnit> units) {
  std::set<unsigned> nodes;
  for (const ProcessingUnit& unit : units) nodes.insert(unit.numa_node);
  return {nodes.begin(), nodes.end()};
}

// One replica's share of the machine.
struct Place {
  Units units;
  std::unique_ptr<NodeMemory> memory;
  std::unique_ptr<std::pmr::synchronized_pool_resource> pool;  // before `memory`
};

}  // namespace

struct Placement::State {
  Topology topology;
  std::vector<Place> places;
  std::unique_ptr<NodeMemory> log_memory;
  std::vector<ReplicaId> replica_at;  // by os_index
};

std::size_t Assignment::replicas_used() const {
  return threads_of_replica.size() -
         static_cast<std::size_t>(std::ranges::count(threads_of_replica, std::size_t{0}));
}

platform::Result<Placement> Placement::create(const Topology& topology, Strategy strategy) {
  const Units& units = topology.processing_units();
  Groups groups;
  switch (strategy.kind_) {
    case Strategy::Kind::kPerNode:
      groups = grouped(units, node_of);
      break;
    case Strategy::Kind::kWholeSystem:
      groups = {units};
      break;
    case Strategy::Kind::kPerL3:
      groups = grouped(units, [](const ProcessingUnit& unit) { return unit.l3_cache; });
      break;
    case Strategy::Kind::kExactly:
      if (strategy.count_ == 0 || strategy.count_ > units.size()) {
        return std::unexpected(OsError{EINVAL, "place replicas",
                                       "ask for at least one, and no more than hardware threads"});
      }
      groups = split(units, strategy.count_);
      break;
  }
  return with_groups(topology, std::move(groups));
}

platform::Result<Placement> Placement::for_threads(const Topology& topology,
                                                   platform::PinPolicy policy,
                                                   std::size_t threads) {
  const auto placed = topology.placement(policy, threads);
  if (!placed) return std::unexpected(placed.error());
  const std::vector<unsigned> used = nodes_in(*placed);
  Groups groups = grouped(topology.processing_units(), node_of);
  std::erase_if(groups, [&](const Units& units) {
    return !std::ranges::binary_search(used, units.front().numa_node);
  });
  return with_groups(topology, std::move(groups));
}

platform::Result<Placement> Placement::with_groups(const Topology& topology, Groups groups) {
  State state{topology, {}, nullptr, {}};
  for (Units& group : groups) {
    auto memory = NodeMemory::create(topology, nodes_in(group));
    if (!memory) return std::unexpected(memory.error());
    const auto replica = static_cast<ReplicaId>(state.places.size());
    for (const ProcessingUnit& unit : group) {
      if (state.replica_at.size() <= unit.os_index) state.replica_at.resize(unit.os_index + 1);
      state.replica_at[unit.os_index] = replica;
    }
    auto pool = std::make_unique<std::pmr::synchronized_pool_resource>(memory->get());
    state.places.push_back({std::move(group), *std::move(memory), std::move(pool)});
  }
  std::set<unsigned> all_nodes;
  for (const Place& place : state.places) {
    all_nodes.insert(place.memory->nodes().begin(), place.memory->nodes().end());
  }
  const std::vector<unsigned> log_nodes(all_nodes.begin(), all_nodes.end());
  auto log_memory = NodeMemory::create(topology, log_nodes);
  if (!log_memory) return std::unexpected(log_memory.error());
  state.log_memory = *std::move(log_memory);
  return Placement(std::make_shared<const State>(std::move(state)));
}

std::size_t Placement::replicas() const noexcept { return state_->places.size(); }

std::size_t Placement::place_of(ReplicaId replica) const noexcept {
  return std::to_underlying(replica) % state_->places.size();
}

std::vector<ProcessingUnit> Placement::units_of(ReplicaId replica) const {
  return state_->places[place_of(replica)].units;
}

std::vector<unsigned> Placement::nodes_of(ReplicaId replica) const {
  return state_->places[place_of(replica)].memory->nodes();
}

ReplicaId Placement::replica_of(const ProcessingUnit& unit) const noexcept {
  const auto& replica_at = state_->replica_at;
  return unit.os_index < replica_at.size() ? replica_at[unit.os_index] : ReplicaId{0};
}

ReplicaId Placement::replica_of_calling_thread() const noexcept {
  const auto unit = state_->topology.current_unit();
  return unit ? replica_of(*unit) : ReplicaId{0};
}

platform::Result<void> Placement::bind_current_thread(ReplicaId replica) const {
  return state_->topology.bind_current_thread(state_->places[place_of(replica)].units);
}

platform::Result<Assignment> Placement::assign(platform::PinPolicy policy,
                                               std::size_t threads) const {
  auto units = state_->topology.placement(policy, threads);
  if (!units) return std::unexpected(units.error());
  Assignment all{*std::move(units), {}, std::vector<std::size_t>(replicas())};
  for (const ProcessingUnit& unit : all.units) {
    all.replicas.push_back(replica_of(unit));
    ++all.threads_of_replica[std::to_underlying(all.replicas.back())];
  }
  return all;
}

std::pmr::memory_resource* Placement::memory(ReplicaId replica) const {
  return state_->places[place_of(replica)].pool.get();
}

std::pmr::memory_resource* Placement::log_memory() const { return state_->log_memory.get(); }

std::optional<OsError> Placement::unbound() const {
  for (const Place& place : state_->places) {
    if (auto reason = place.memory->unbound()) return reason;
  }
  return state_->log_memory->unbound();
}

void Placement::apply_to(Options& options) const {
  options.replicas = replicas();
  options.max_replicas = std::max(options.max_replicas, replicas());
  options.replica_memory.clear();
  for (std::uint32_t i = 0; i < options.max_replicas; ++i) {
    options.replica_memory.push_back(memory(ReplicaId{i}));
  }
  options.log_memory = log_memory();
}

Options Placement::options() const {
  Options options;
  apply_to(options);
  return options;
}

void Placement::run_on_node(ReplicaId replica, const std::function<void()>& work) const {
  std::exception_ptr failure;
  std::jthread([&] {
    // Wishes: unbound, the work is as right as bound.
    (void)bind_current_thread(replica);
    const auto nodes = nodes_of(replica);
    if (nodes.size() == 1) (void)platform::prefer_memory_of(state_->topology, nodes.front());
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace quintet::node_replication
