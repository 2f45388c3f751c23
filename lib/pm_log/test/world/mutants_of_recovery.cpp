// SPDX-License-Identifier: MIT
#include "pm_log/test/world/mutant_of.hpp"

namespace quintet::pm_log::world {

std::vector<Mutant> mutants_of_recovery() {
  using enum Fault;
  const Scenario strict = one_log(Commit::kStrict, 3);
  const Scenario fast = one_log(Commit::kFast, 3);
  return {
      crashing<kRootUnchecked>("root's checksum unchecked, fast", fast),
      crashing<kDeltaUnchecked>("checksum of the last commit unchecked", fast),
      crashing<kOlderRootWins>("older root wins", fast),
      crashing<kDiscardedRootKept>("discarded root kept", fast),
      creating<kSuperblockFirst>("superblock before what it stands for, one log", strict),
      creating<kSuperblockFirst>("superblock before what it stands for, two logs",
                                 two_logs(Commit::kStrict, 1)),
  };
}

}  // namespace quintet::pm_log::world
