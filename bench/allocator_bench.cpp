// SPDX-License-Identifier: MIT
#include "allocator_cases/implementations.hpp"
#include "allocator_cases/settings.hpp"
#include "support/context.hpp"
#include "support/run.hpp"

// Figure 12: our drop-in malloc beside others. The cases are in bench/allocator_cases/; most run a
// program in a process of its own, whose LD_PRELOAD decides which allocator it gets.
namespace quintet::bench {
void register_cases() {
  using namespace allocator_cases;
  const Implementations all = implementations();
  for (const Implementation& one : all) {
    if (one.package.empty() || one.library.empty()) continue;
    add_fact("qt_allocator_" + one.name, [one] { return version_of(one); });
  }
  register_suite_cases(all);
  register_program_cases(all);
  register_micro_cases(all);
  register_fragmentation_cases(all);
  register_inline_cases();
  register_limit_cases();
}

}  // namespace quintet::bench
