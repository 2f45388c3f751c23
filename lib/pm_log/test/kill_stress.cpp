// SPDX-License-Identifier: MIT
#include <cstdint>
#include <iostream>

#include "base/sanitizers.hpp"
#include "pm_log/test/kill/killed_pool.hpp"
#include "testing/catch.hpp"

// Writers are killed at random, and what they leave is opened: nothing that was acknowledged may
// be missing, nothing be there in part, and no log be ahead of its neighbour. The cache outlives a
// process, so this shows what the order of the program's own steps does, on the real code; what a
// power failure does is for crash_model.cpp.
namespace quintet::pm_log::kill {
namespace {

constexpr std::uint64_t kKills = kSanitized ? 20 : 125;  // of each pool

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

}  // namespace

TEST_CASE("A killed writer loses nothing that strict commits acknowledged") {
  survives(Commit::kStrict);
}

TEST_CASE("A killed writer loses nothing that fast commits acknowledged") {
  survives(Commit::kFast);
}

}  // namespace quintet::pm_log::kill
