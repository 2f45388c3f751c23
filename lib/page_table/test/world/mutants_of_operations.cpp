// SPDX-License-Identifier: MIT
#include "page_table/test/world/mutants.hpp"
#include "page_table/test/world/subject_of.hpp"

namespace quintet::page_table::world {

// Faults in what an operation does to the mappings.
std::vector<Configuration> mutants_of_operations() {
  constexpr Policy kPolicy = kDefaultPolicy;
  return {
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kSplitDropsNoExecute)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kUnmapInsideLargePage)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kProtectDropsDirty)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kMergeIgnoresFlags)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kRangeIgnoresLastPage)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kCanonicalUnchecked)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kBatchWithoutUndo)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kOverwritePresent)>("mutant"),
  };
}

}  // namespace quintet::page_table::world
