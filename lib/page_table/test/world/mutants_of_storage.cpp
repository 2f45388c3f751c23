// SPDX-License-Identifier: MIT
#include "page_table/test/world/mutants.hpp"
#include "page_table/test/world/subject_of.hpp"

namespace quintet::page_table::world {

// Faults in growing and in the encoding of leaves.
std::vector<Configuration> mutants_of_storage() {
  constexpr Policy kPolicy = kDefaultPolicy;
  return {
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kCountBeforeAllocation)>(
          "mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kReservedBitInLargeLeaf)>(
          "mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kPromoteOverPartlyMapped)>(
          "mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kLinkBeforeFill)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kLeakOnFailure)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kDropNoExecute)>("mutant"),
      configure<TracedMemory, NoInvalidation, kPolicy.with(Fault::kWrongPatShift)>("mutant"),
  };
}

}  // namespace quintet::page_table::world
