// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "pm_log/test/kill/killed_pool.hpp"
#include "testing/catch.hpp"

// Writers are killed at random, and what they leave is opened: nothing that was acknowledged may
// be missing, nothing be there in part, and no log be ahead of its neighbour. The cache outlives a
// process, so this shows what the order of the program's own steps does, on the real code; what a
// power failure does is for crash_model.cpp.
namespace quintet::pm_log::kill {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kKills = 20;  // of each pool
#else
constexpr std::uint64_t kKills = 125;
#endif

const std::vector<std::uint64_t> kOneLog{20'032};  // whole lines, but no whole pages
const std::vector<std::uint64_t> kTwoLogs{20'032, 8'192};

std::uint64_t chosen_seed() {
  const char* text = std::getenv("QUINTET_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
}

void survives(Commit commit) {
  const std::uint64_t seed = chosen_seed();
  Outcome all;
  for (const Durability durability : {Durability::kMsync, Durability::kFlush}) {
    for (const auto& capacities : {kOneLog, kTwoLogs}) {
      KilledPool<Fault::kNone> pool({commit, capacities, durability}, seed + all.kills);
      const Outcome one = pool.run(kKills);
      all.kills += one.kills;
      all.acknowledged += one.acknowledged;
      INFO(capacities.size() << " logs, seed " << seed << ", kill " << one.kills);
      CHECK(one.complaint == "");
    }
  }
  std::cout << "kills: " << all.kills << ", acknowledged commits: " << all.acknowledged
            << ", seed: " << seed << " (QUINTET_SEED repeats what is written, not when it ends)\n";
  // An idle writer would survive everything.
  CHECK(all.acknowledged > all.kills);
}

template <Fault kFault>
void is_found(const std::string& name, const Setup& setup) {
  const Outcome outcome = KilledPool<kFault>(setup, chosen_seed()).run(1000);
  std::cout << name << ": kill " << outcome.kills << ": " << outcome.complaint << "\n";
  INFO(name);
  CHECK(outcome.complaint != "");
}

}  // namespace

TEST_CASE("A killed writer loses nothing that strict commits acknowledged") {
  survives(Commit::kStrict);
}

TEST_CASE("A killed writer loses nothing that fast commits acknowledged") {
  survives(Commit::kFast);
}

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
