// SPDX-License-Identifier: MIT
#include "platform/thread_team.hpp"

#include <sched.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "testing/catch.hpp"

namespace {

using namespace quintet::platform;
using namespace std::chrono_literals;

TEST_CASE("every member runs once on its unit and reports its own operations") {
  const Topology topology = Topology::discover().value();
  const auto team = ThreadTeam::create(topology, 4, PinPolicy::kCompact).value();
  std::array<int, 4> cpus{};
  std::atomic<int> calls = 0;
  const TeamRun run = team.run_once([&](std::size_t member) {
                            cpus[member] = ::sched_getcpu();
                            calls += 1;
                            return member * 10;
                          })
                          .value();
  CHECK(calls == 4);
  CHECK(run.ops == std::vector<std::uint64_t>{0, 10, 20, 30});
  CHECK(run.total_ops() == 60);
  CHECK(run.seconds > 0);
  for (std::size_t i = 0; i < 4; ++i) CHECK(cpus[i] == static_cast<int>(team.units()[i].os_index));
}

TEST_CASE("members run side by side") {
  const Topology topology = Topology::discover().value();
  for (int round = 0; round < 50; ++round) {
    const auto team = ThreadTeam::create(topology, 3, PinPolicy::kScatter).value();
    std::atomic<int> inside = 0;
    // Each member waits for the others inside the body: a team that ran one by one would hang.
    const auto run = team.run_once([&](std::size_t) {
      inside += 1;
      while (inside < 3) sched_yield();
      return 1u;
    });
    CHECK(run.value().total_ops() == 3);
  }
}

TEST_CASE("a timed run lasts at least its duration and counts every batch") {
  const Topology topology = Topology::discover().value();
  const auto team = ThreadTeam::create(topology, 2, PinPolicy::kCompact).value();
  std::array<std::uint64_t, 2> batches{};
  const TeamRun run = team.run_for(20ms,
                                   [&](std::size_t member) {
                                     batches[member] += 1;
                                     return 64u;
                                   })
                          .value();
  CHECK(run.seconds >= 0.020);
  CHECK(run.ops == std::vector<std::uint64_t>{batches[0] * 64, batches[1] * 64});
}

TEST_CASE("a team on units that do not exist is refused before any body runs") {
  const Topology imagined = Topology::synthetic("core:2 pu:1").value();
  const auto team = ThreadTeam::create(imagined, 2, PinPolicy::kCompact).value();
  std::atomic<int> calls = 0;
  const auto run = team.run_once([&](std::size_t) {
    calls += 1;
    return 0u;
  });
  CHECK_FALSE(run);
  CHECK(calls == 0);
  CHECK(ThreadTeam::create(imagined, 0, PinPolicy::kCompact).error().code == EINVAL);
}

}  // namespace
