// SPDX-License-Identifier: MIT
#include "pm_log/test/world/mutant_of.hpp"

namespace quintet::pm_log::world {

std::vector<Mutant> mutants_of_durability() {
  using enum Fault;
  const Scenario strict = one_log(Commit::kStrict, 3);
  const Scenario fast = one_log(Commit::kFast, 3);
  return {
      crashing<kNoFenceBeforeWord>("no fence before the commit word", strict),
      crashing<kNoFenceAfterCommit>("no fence after a strict commit", strict),
      crashing<kNoFenceAfterCommit>("no fence after a fast commit", fast),
      crashing<kPayloadNotFlushed>("payload not flushed, strict", strict),
      crashing<kPayloadNotFlushed>("payload not flushed, fast", fast),
      crashing<kRootNotFlushed>("root not flushed, strict", strict),
      crashing<kRootNotFlushed>("root not flushed, fast", fast),
      crashing<kWordNotFlushed>("commit word not flushed", strict),
      crashing<kSlotNotFlushed>("log's slot not flushed", two_logs(Commit::kStrict, 3)),
      crashing<kHeadAdvancedEarly>("advance_head returns early", strict),
      crashing<kNoWriteBackOnOpen>("no write-back on open, strict", strict),
      crashing<kNoWriteBackOnOpen>("no write-back on open, fast", fast),
  };
}

}  // namespace quintet::pm_log::world
