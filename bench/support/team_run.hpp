// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/thread_team.hpp"
#include "support/case.hpp"

// Cases with threads: a pinned ThreadTeam runs a body for a fixed wall time, and the sample says
// how much was done. Brings the flags --team_ms and --pin to the families that use it.
namespace quintet::bench {

// Thread counts worth measuring here: powers of two up to the number of hardware threads, and
// that number itself; 1 and 2 with --quick.
[[nodiscard]] std::vector<std::size_t> team_sizes();

// A team of `threads`, placed as --pin says on the hardware threads that this process may use.
// Error: why there is none, as a failed case.
[[nodiscard]] std::expected<platform::ThreadTeam, NoSample> make_team(std::size_t threads);

// --team_ms.
[[nodiscard]] std::chrono::milliseconds team_duration();

// Counters mops (million operations per second, all threads), team_threads, and fairness (fewest
// operations of a thread / most; 1 is fair). Failure: the team could not run, or nothing was done.
[[nodiscard]] Outcome team_sample(const platform::Result<platform::TeamRun>& run);

// Body: as in ThreadTeam::run_for.
template <class Body>
[[nodiscard]] Outcome run_team(std::size_t threads, Body body) {
  const auto team = make_team(threads);
  if (!team) return std::unexpected(team.error());
  return team_sample(team->run_for(team_duration(), std::move(body)));
}

}  // namespace quintet::bench
