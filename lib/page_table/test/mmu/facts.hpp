// SPDX-License-Identifier: MIT
#pragma once

// Facts about x86-64 paging, each as one access to one small table and the exception it must raise,
// with the error code written out (Intel SDM volume 3, 4.5 to 4.7; AMD APM volume 2, 5.3 to 5.6).
//
// Threading: none.

#include <cstdint>
#include <string>
#include <vector>

#include "page_table/test/mmu/machine.hpp"

namespace quintet::page_table::mmu {

/// One changed entry on the way to the page: bits set and cleared in the entry of `level`.
struct Edit {
  int level;
  std::uint64_t set = 0, clear = 0;
};

struct Fact {
  std::string name;
  int leaf_level;  // 1: 4 KiB, 2: 2 MiB, 3: 1 GiB
  std::vector<Edit> edits;
  spec::Access access;
  spec::Controls controls;
  int vector;          // -1: allowed
  std::uint32_t code;  // of the exception
};

/// The facts that hold on a CPU with these limits, with `levels` levels in use.
std::vector<Fact> facts(const Limits& limits, int levels);

/// Builds the fact's own tables in `guest` (the n-th fact of a run takes the n-th place) and
/// returns the single probe into them.
Batch build(Guest& guest, const Fact& fact, std::size_t place);

}  // namespace quintet::page_table::mmu
