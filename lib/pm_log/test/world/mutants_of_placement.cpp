// SPDX-License-Identifier: MIT
#include "pm_log/test/world/mutant_of.hpp"

namespace quintet::pm_log::world {

std::vector<Mutant> mutants_of_placement() {
  using enum Fault;
  const Scenario strict = one_log(Commit::kStrict, 3);
  const Scenario two = two_logs(Commit::kStrict, 3);
  return {
      crashing<kActiveRootOverwritten>("root in use overwritten", strict),
      crashing<kActiveSlotOverwritten>("slot in use overwritten", two),
      crashing<kCommitPerLog>("each log committed by itself", two),
      crashing<kPartialLineForgotten>("last partial line not written", strict),
      crashing<kLiveBytesOverwritten>("head's bytes in the tail's line overwritten",
                                      one_log_off_boundaries(Commit::kStrict, 3)),
      crashing<kWrapOffByOne>("ring a line too short", strict),
      crashing<kSpaceOffByOne>("one byte more than free accepted", strict),
      crashing<kAdvanceCommitsPending>("advance_head commits", one_log(Commit::kStrict, 4)),
  };
}

}  // namespace quintet::pm_log::world
