// SPDX-License-Identifier: MIT
#include "page_table/test/world/configurations.hpp"
#include "page_table/test/world/subject_of.hpp"

namespace quintet::page_table::world {

std::vector<Configuration> uncounted_configurations() {
  constexpr Policy kBeside{.counter = Counter::kBeside};
  constexpr Policy kUncounted{.counter = Counter::kNone};
  constexpr Policy kPlain{.counter = Counter::kNone, .walk_cache = false};
  return {
      configure<BesideMemory, EachOperation, kBeside>("count beside"),
      configure<TracedMemory, NoInvalidation, kUncounted>("uncounted"),
      configure<FullMemory, EachOperation, kPlain>("uncounted and flushed"),
  };
}

}  // namespace quintet::page_table::world
