// SPDX-License-Identifier: MIT
#include <stdexcept>

#include "page_table/test/world/mutants.hpp"
#include "page_table/test/world/subject_of.hpp"

namespace quintet::page_table::world {

// Faults in reclaiming and in invalidation.
std::vector<Configuration> mutants_of_lifetimes() {
  constexpr Policy kPolicy = kDefaultPolicy;
  return {
      configure<TracedMemory, EachOperation, kPolicy.with(Fault::kFreeBeforeInvalidation)>(
          "mutant"),
      configure<TracedMemory, EachOperation, kPolicy.with(Fault::kSkipStaleLargePage)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kKeepEmptyTable)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kCacheOutlivesTable)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kReclaimWithoutCount)>("mutant"),
  };
}

// Complete by the compiler's check of the switch: a new fault without a name does not build.
const char* to_string(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kCountBeforeAllocation:
      return "count before allocation";
    case Fault::kFreeBeforeInvalidation:
      return "free before invalidation";
    case Fault::kReservedBitInLargeLeaf:
      return "reserved bit in large leaf";
    case Fault::kPromoteOverPartlyMapped:
      return "promote over partly mapped";
    case Fault::kSplitDropsNoExecute:
      return "split drops no-execute";
    case Fault::kLinkBeforeFill:
      return "link before fill";
    case Fault::kLeakOnFailure:
      return "leak on failure";
    case Fault::kKeepEmptyTable:
      return "keep empty table";
    case Fault::kUnmapInsideLargePage:
      return "unmap inside large page";
    case Fault::kProtectDropsDirty:
      return "protect drops dirty";
    case Fault::kSkipStaleLargePage:
      return "skip stale large page";
    case Fault::kMergeIgnoresFlags:
      return "merge ignores flags";
    case Fault::kCacheOutlivesTable:
      return "cache outlives table";
    case Fault::kRangeIgnoresLastPage:
      return "range ignores last page";
    case Fault::kCanonicalUnchecked:
      return "canonical unchecked";
    case Fault::kBatchWithoutUndo:
      return "batch without undo";
    case Fault::kReclaimWithoutCount:
      return "reclaim without count";
    case Fault::kOverwritePresent:
      return "overwrite present";
    case Fault::kDropNoExecute:
      return "drop no-execute";
    case Fault::kWrongPatShift:
      return "wrong PAT shift";
  }
  return nullptr;
}

const Configuration& mutant(Fault fault) {
  static const std::vector<Configuration> all = [] {
    auto list = mutants_of_storage();
    for (auto& more : {mutants_of_operations(), mutants_of_lifetimes()}) {
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }();
  for (const Configuration& candidate : all) {
    if (candidate.traits.policy.fault == fault) return candidate;
  }
  throw std::invalid_argument(std::string("no mutant with the fault: ") + to_string(fault));
}

}  // namespace quintet::page_table::world
