// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iostream>
#include <string>

#include "base/sanitizers.hpp"
#include "pm_log/test/world/exhaustive.hpp"
#include "pm_log/test/world/scenarios.hpp"
#include "testing/catch.hpp"

// The core on memory in which the power fails: the properties P1 to P26 that speak of failures,
// checked exhaustively up to the depth that each test prints.
namespace quintet::pm_log::world {
namespace {

constexpr unsigned kDepth = kSanitized ? 3 : 4;  // instrumented code is several times slower
constexpr unsigned kDeep = kSanitized ? 1 : 2;

void print(const std::string& name, const Report& report) {
  std::cout << name << ": " << report.sequences << " sequences, " << report.crash_points
            << " power failures, " << report.kills << " kills, " << report.images << " images\n";
}

void require_clean(Scenario scenario) {
  scenario.deep = std::min(scenario.deep, kDeep);
  const Report report = check_all_crashes(scenario);
  print(scenario.name + ", sequences of up to " + std::to_string(scenario.depth), report);
  REQUIRE(report.violation == "");
  REQUIRE(report.images > report.sequences);
}

TEST_CASE("every crash of one log recovers to the state before or after") {
  require_clean(one_log(Commit::kStrict, kDepth));
  require_clean(one_log(Commit::kFast, kDepth));
}

TEST_CASE("every crash of a log off boundaries recovers to the state before or after") {
  require_clean(one_log_off_boundaries(Commit::kStrict, kDepth));
  require_clean(one_log_off_boundaries(Commit::kFast, kDepth));
}

TEST_CASE("every crash of two logs leaves both before or both after") {
  require_clean(two_logs(Commit::kStrict, kDepth));
  require_clean(two_logs(Commit::kFast, kDepth));
}

TEST_CASE("every combination of words of a short payload is told from a whole one") {
  require_clean(every_payload(Commit::kStrict));
  require_clean(every_payload(Commit::kFast));
}

TEST_CASE("every crash of create leaves no pool or a whole one") {
  Report all;
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    all += check_create(one_log(commit, 1));
    all += check_create(two_logs(commit, 1));
  }
  print("create", all);
  REQUIRE(all.violation == "");
}

}  // namespace
}  // namespace quintet::pm_log::world
