// SPDX-License-Identifier: MIT
#include <cstdint>
#include <iostream>
#include <string>

#include "pm_log/test/kill/killed_pool.hpp"
#include "testing/catch.hpp"

// Seeded faults that killed writers must show; see kill_stress.cpp. When a kill comes is chance:
// the hardest of these needs about sixty.
namespace quintet::pm_log::kill {
namespace {

template <Fault kFault>
void is_found(const std::string& name, const Setup& setup) {
  const Outcome outcome = KilledPool<kFault>(setup, chosen_seed()).run(1000);
  std::cout << name << ": kill " << outcome.kills << ": " << outcome.complaint << "\n";
  INFO(name);
  CHECK(outcome.complaint != "");
}

}  // namespace

TEST_CASE("Kills find seeded faults") {
  using enum Fault;
  is_found<kNone>("acknowledged early", {Commit::kStrict, kOneLog, Durability::kFlush, true});
  is_found<kCommitPerLog>("kCommitPerLog", {Commit::kFast, kTwoLogs, Durability::kMsync});
  is_found<kActiveRootOverwritten>("kActiveRootOverwritten", {Commit::kStrict, kOneLog});
  is_found<kActiveSlotOverwritten>("kActiveSlotOverwritten", {Commit::kStrict, kTwoLogs});
  is_found<kAdvanceCommitsPending>("kAdvanceCommitsPending", {Commit::kFast, kOneLog});
  is_found<kPartialLineForgotten>("kPartialLineForgotten", {Commit::kStrict, kOneLog});
  is_found<kWrapOffByOne>("kWrapOffByOne", {Commit::kFast, kOneLog, Durability::kFlush});
}

}  // namespace quintet::pm_log::kill
