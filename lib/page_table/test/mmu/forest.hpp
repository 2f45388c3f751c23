// SPDX-License-Identifier: MIT
#pragma once

// Random page tables, wrong ones included, and probes into them. Tables of one level are shared by
// all tables of the level above, so a few frames give hundreds of thousands of different paths;
// every entry is drawn on its own: permissions, ignored bits, reserved bits, PS, keys, A and D.
//
// Invariant: every page lies in the guest's data frames, every table in its table frames.
// Threading: none.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "page_table/test/mmu/guest.hpp"
#include "page_table/test/mmu/machine.hpp"

namespace quintet::page_table::mmu {

struct Forest {
  std::vector<Batch> batches;  // one per root table, each under its own control settings
  std::size_t dropped = 0;     // probes not asked: their page lies outside the data frames
};

/// Fills the guest's table area and draws `probes` probes. The same seed gives the same forest.
Forest plant(Guest& guest, const Limits& limits, int levels, std::uint64_t seed,
             std::size_t probes);

}  // namespace quintet::page_table::mmu
