// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Choices made at compile time: how a table counts its entries, whether the last walk is
// remembered, how many levels there are. And the seeded faults of the test suite, which every
// check must catch and which do not exist in a real instantiation.
namespace quintet::page_table {

// Where the number of present entries of each table is kept. With a count, an emptied table is
// found in O(1) and reclaimed at once; the paper's verified table scans up to 512 entries a level.
enum class Counter : std::uint8_t {
  kParentEntry,  // bits 61:52 of the entry that references the table: no extra cache line
  kBeside,       // in the memory's own frame metadata (`population`); entries stay canonical
  kNone,         // not counted: emptied tables stay linked until the whole table goes
};

// Faults that tests plant to see that a check bites.
enum class Fault : std::uint8_t {
  kNone,
  kCountBeforeAllocation,    // the count is raised before the frames are known to be there
  kFreeBeforeInvalidation,   // an emptied table is released while a CPU may still walk it
  kReservedBitInLargeLeaf,   // bit 13 is set in a 2 MiB leaf
  kPromoteOverPartlyMapped,  // a large leaf replaces a table that is not empty
  kSplitDropsNoExecute,      // the small pages of a split lose XD
  kLinkBeforeFill,           // a new table is linked before its entry is written
  kLeakOnFailure,            // frames taken before a failed allocation are not given back
  kKeepEmptyTable,           // the last unmap of a table leaves it linked
  kUnmapInsideLargePage,     // unmap accepts an address that is not the base
  kProtectDropsDirty,        // protect forgets the dirty bit
  kSkipStaleLargePage,       // the unmap of a large page is not reported stale
  kMergeIgnoresFlags,        // merge does not compare the flags of the pages
  kCacheOutlivesTable,       // the walk cache keeps a table that was released
  kRangeIgnoresLastPage,     // unmap_range stops one page early
  kCanonicalUnchecked,       // addresses in the canonical hole are accepted
  kBatchWithoutUndo,         // a refused batch keeps what was mapped before the refusal
  kReclaimWithoutCount,      // unmap reclaims the table without looking whether it is empty
  kOverwritePresent,         // map does not look whether the entry is taken
  kDropNoExecute,            // leaves are encoded without XD
  kWrongPatShift,            // PAT of a large leaf goes to bit 11, not 12
};

struct Policy {
  Counter counter = Counter::kParentEntry;
  bool walk_cache = true;    // remember the last page table visited: one entry, owner only
  int levels = 4;            // 4, or 5 with LA57
  bool live_leaves = false;  // CPUs set accessed and dirty while we change a leaf: leaf updates
                             // become atomic exchanges, so that no dirty bit is lost
  Fault fault = Fault::kNone;

  // Emptied tables are reclaimed exactly when they are counted.
  [[nodiscard]] constexpr bool reclaims() const { return counter != Counter::kNone; }
  [[nodiscard]] constexpr Policy with(Fault seeded) const {
    Policy policy = *this;
    policy.fault = seeded;
    return policy;
  }
};

inline constexpr Policy kDefaultPolicy{};

}  // namespace quintet::page_table
