// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "base/align.hpp"
#include "platform/topology.hpp"

// A fixed number of pinned threads that start together. Time runs from the moment when every
// member is pinned and waiting to the moment when the last one is done; creating and joining
// threads is outside. A team may run many bodies, one at a time, from one thread.
//   I1  no member enters the body before all members are bound to their units.
//   I2  if a thread cannot be created or bound, no member enters the body.
// Bodies must not throw.
namespace quintet::platform {

struct TeamRun {
  double seconds = 0;
  std::vector<std::uint64_t> ops;  // per member

  [[nodiscard]] std::uint64_t total_ops() const noexcept {
    return std::accumulate(ops.begin(), ops.end(), std::uint64_t{0});
  }
};

class ThreadTeam {
 public:
  // Errors: those of Topology::placement. `topology` must outlive the team.
  [[nodiscard]] static Result<ThreadTeam> create(const Topology& topology, std::size_t threads,
                                                 PinPolicy policy);

  [[nodiscard]] std::size_t size() const noexcept { return units_.size(); }
  [[nodiscard]] const std::vector<ProcessingUnit>& units() const noexcept { return units_; }

  // Calls body(member) once on every member; it returns the number of operations done.
  // Errors: EAGAIN (no more threads), those of Topology::bind_current_thread.
  template <class Body>
  [[nodiscard]] Result<TeamRun> run_once(Body body) const {
    return run([&](std::size_t member) -> std::uint64_t { return body(member); }, {}, nullptr);
  }

  // Calls body(member) on every member again and again until `duration` has passed. One call does
  // a batch and returns the number of operations in it; the time is checked between batches
  // only, so let a batch cost about a microsecond.
  template <class Body>
  [[nodiscard]] Result<TeamRun> run_for(std::chrono::nanoseconds duration, Body body) const {
    alignas(kCacheLineBytes) std::atomic<bool> stop = false;
    return run(
        [&](std::size_t member) {
          std::uint64_t ops = 0;
          // relaxed: only says "enough"; the results travel through the join.
          while (!stop.load(std::memory_order_relaxed)) ops += body(member);
          return ops;
        },
        duration, &stop);
  }

 private:
  using Member = std::function<std::uint64_t(std::size_t)>;

  ThreadTeam(const Topology& topology, std::vector<ProcessingUnit> units)
      : topology_(&topology), units_(std::move(units)) {}

  Result<TeamRun> run(const Member& member, std::chrono::nanoseconds duration,
                      std::atomic<bool>* stop) const;

  const Topology* topology_;
  std::vector<ProcessingUnit> units_;
};

}  // namespace quintet::platform
