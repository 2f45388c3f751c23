// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/os_error.hpp"

struct hwloc_topology;

// What this process may run on, from hwloc: only processing units inside its cpuset (cgroup,
// taskset, batch scheduler) exist here. Immutable after creation, so any thread may read it.
namespace quintet::platform {

// In which order threads take processing units.
enum class PinPolicy : std::uint8_t {
  kCompact,     // fill a core, then its node, then the next node
  kScatter,     // alternate nodes, then cores; second threads of a core come last
  kOnePerCore,  // first thread of each core, node by node; never shares a core
};

// One hardware thread. `os_index` is the kernel's number, the others count from 0.
struct ProcessingUnit {
  unsigned os_index = 0;
  unsigned core = 0;
  unsigned numa_node = 0;
  unsigned thread_of_core = 0;
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
  [[nodiscard]] std::size_t numa_nodes() const noexcept { return numa_nodes_; }

  // The unit of each of `threads` threads. kCompact and kScatter start over when all units are
  // taken (oversubscription). Errors: EINVAL for 0 threads, or kOnePerCore beyond cores().
  [[nodiscard]] Result<std::vector<ProcessingUnit>> placement(PinPolicy policy,
                                                              std::size_t threads) const;

  // Binds the calling thread to one unit. Errors: what the kernel reports, e.g. EXDEV.
  [[nodiscard]] Result<void> bind_current_thread(const ProcessingUnit& unit) const;

 private:
  struct Deleter {
    void operator()(hwloc_topology* handle) const noexcept;
  };
  using Handle = std::unique_ptr<hwloc_topology, Deleter>;

  [[nodiscard]] static Result<Topology> load(Handle handle);

  Handle handle_;
  std::vector<ProcessingUnit> units_;  // in hwloc's logical order: node, core, thread
  std::size_t cores_ = 0;
  std::size_t numa_nodes_ = 0;
};

}  // namespace quintet::platform
