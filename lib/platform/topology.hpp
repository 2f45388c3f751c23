// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/os_error.hpp"

struct hwloc_topology;

// What this process may run on, from hwloc: only processing units inside its cpuset (cgroup,
// taskset, batch scheduler) exist here. Immutable after creation, so any thread may read it;
// copies share it.
namespace quintet::platform {

// In which order threads take processing units. The papers on node replication call kCompact
// "sequential" and kScatter "interleave".
enum class PinPolicy : std::uint8_t {
  kCompact,     // fill a core, then its node, then the next node
  kScatter,     // alternate nodes, then cores; second threads of a core come last
  kOnePerCore,  // first thread of each core, node by node; never shares a core
  kFill,        // the same, and then the second threads, node by node
};

// One hardware thread. `os_index` is the kernel's number, the others count from 0.
struct ProcessingUnit {
  unsigned os_index = 0;
  unsigned core = 0;
  unsigned numa_node = 0;
  unsigned thread_of_core = 0;
  unsigned l3_cache = 0;  // the node, where the machine shows no such cache
};

class Topology {
 public:
  // The machine, restricted to this process's cpuset. Takes milliseconds: do it once.
  [[nodiscard]] static Result<Topology> discover();

  // A machine described in hwloc's synthetic notation, e.g. "pack:2 [numa] core:4 pu:2". Threads
  // cannot be bound to it. Errors: EINVAL for a malformed description.
  [[nodiscard]] static Result<Topology> synthetic(const std::string& description);

  [[nodiscard]] const std::vector<ProcessingUnit>& processing_units() const noexcept {
    return units_;
  }
  [[nodiscard]] std::size_t cores() const noexcept { return cores_; }
  // Nodes with memory, also those without a processing unit.
  [[nodiscard]] std::size_t numa_nodes() const noexcept { return numa_nodes_; }
  // Whether this describes the running system, so that threads and memory can be bound.
  [[nodiscard]] bool is_this_system() const noexcept;

  // The same machine with these units only; cores, nodes and caches are counted anew, first
  // those that have units. Errors: EINVAL when none of the units is here.
  [[nodiscard]] Result<Topology> restricted_to(std::span<const ProcessingUnit> units) const;

  // The unit of each of `threads` threads. All but kOnePerCore start over when all units are
  // taken (oversubscription). Errors: EINVAL for 0 threads, or kOnePerCore beyond cores().
  [[nodiscard]] Result<std::vector<ProcessingUnit>> placement(PinPolicy policy,
                                                              std::size_t threads) const;

  // Binds the calling thread to one unit, or to any of several. Errors: ENOTSUP unless
  // is_this_system(), EINVAL for no unit, and what the kernel reports, e.g. EXDEV.
  [[nodiscard]] Result<void> bind_current_thread(const ProcessingUnit& unit) const;
  [[nodiscard]] Result<void> bind_current_thread(std::span<const ProcessingUnit> units) const;

  // The unit that the calling thread runs on; a thread that is not bound may leave it at any
  // time. Nothing unless is_this_system(), or for a unit outside this topology. No system call.
  [[nodiscard]] std::optional<ProcessingUnit> current_unit() const noexcept;

  // For the rest of platform/, whose headers do not show hwloc either.
  [[nodiscard]] hwloc_topology* native_handle() const noexcept { return handle_.get(); }

 private:
  struct Deleter {
    void operator()(hwloc_topology* handle) const noexcept;
  };
  using Handle = std::unique_ptr<hwloc_topology, Deleter>;

  [[nodiscard]] static Result<Topology> load(Handle handle);
  [[nodiscard]] static Result<Topology> describe(Handle handle);

  std::shared_ptr<hwloc_topology> handle_;
  std::vector<ProcessingUnit> units_;  // in hwloc's logical order: node, core, thread
  std::vector<std::size_t> unit_at_;   // by os_index: where in units_, or units_.size()
  std::size_t cores_ = 0;
  std::size_t numa_nodes_ = 0;
};

}  // namespace quintet::platform
