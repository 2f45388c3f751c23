// SPDX-License-Identifier: MIT
#pragma once

// Walkers with one mistake each. A comparison that cannot tell them from the specification checks
// nothing; every one that applies to a machine must be refuted by the answers of that machine.

#include <functional>
#include <string>
#include <vector>

#include "page_table/test/mmu/oracle.hpp"

namespace quintet::page_table::mmu {

struct BrokenWalker {
  std::string name;
  Walk walk;
};

/// The mistakes that show on a CPU with these limits, with `levels` levels in use.
std::vector<BrokenWalker> broken_walkers(const Limits& limits, int levels);

}  // namespace quintet::page_table::mmu
