// SPDX-License-Identifier: MIT
#include "support/team_run.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>

#include "testing/catch.hpp"

namespace {

using namespace quintet::bench;
using quintet::platform::OsError;
using quintet::platform::TeamRun;

TEST_CASE("a team sample counts all threads and compares the slowest with the fastest") {
  const Outcome outcome = team_sample(TeamRun{2.0, {1'000'000, 3'000'000}});
  REQUIRE(outcome);
  CHECK(outcome->seconds == 2.0);
  CHECK(outcome->counters.at("mops") == Approx(2.0));
  CHECK(outcome->counters.at("fairness") == Approx(1.0 / 3));
  CHECK(outcome->counters.at("team_threads") == 2.0);
}

TEST_CASE("a team that could not run or did nothing is a failure") {
  CHECK(team_sample(std::unexpected(OsError{EAGAIN, "start a thread"})).error().message ==
        "start a thread: Resource temporarily unavailable");
  CHECK(team_sample(TeamRun{1.0, {0, 0}}).error().message == "no thread did anything");
}

TEST_CASE("team sizes start with one thread and grow") {
  const auto sizes = team_sizes();
  CHECK(sizes.front() == 1);
  CHECK(std::ranges::adjacent_find(sizes, std::greater_equal{}) == sizes.end());
}

TEST_CASE("a team runs for the duration that the flag says") {
  const Outcome outcome = run_team(2, [](std::size_t) { return 10u; });
  REQUIRE(outcome);
  CHECK(outcome->seconds >= 0.2);
}

}  // namespace
