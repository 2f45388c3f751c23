// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "allocator/geometry.hpp"
#include "allocator/tracking.hpp"

// What an allocator is made with beside its world: its shape, how much misuse it looks for, and a
// fault, for checks that must notice it; and the tool that watches its blocks.
namespace quintet::allocator {

// How much is done against misuse (README.md, "Hardening"): each level does what those below do.
enum class Hardening : std::uint8_t {
  kFast = 0,      // foreign and misaligned pointers
  kGuarded = 1,   // double frees, and writes to free blocks that damage free lists
  kParanoid = 2,  // writes beside and into free blocks; freed blocks are not soon used again
};

// Seeded faults; each must be killed by some check (test/README.md).
enum class Fault : std::uint8_t {
  kNone,
  kPushRelaxed,       // remote: blocks are pushed without release
  kTakeRelaxed,       // remote: they are taken without acquire
  kRelistRelaxed,     // inbox: a slab is listed again while it is still being looked at
  kTakeInTwoSteps,    // remote: the list is read, then cleared
  kPushByStore,       // remote: a list is put over what another has pushed
  kListedForgotten,   // inbox: the owner is told of each push, also when it knows already
  kNeverListed,       // inbox: the owner is not told
  kInboxRelaxed,      // inbox: slabs are listed without release
  kInboxTakeRelaxed,  // inbox: they are taken without acquire
  kFlagKept,          // inbox: a slab that was looked at still counts as listed
  kPendingForgotten,  // exit: what the thread has kept back of others' blocks is lost
  kPoolRelaxed,       // exit: a heap is handed over without release
  kAdoptedTwice,      // exit: a heap in the pool can be taken by two threads
  kArenaUnlocked,     // arena: spans are taken without the lock
  kLockRelaxed,       // arena: the lock is given up without release
  kMapKept,           // slab: its units stay in the map when it goes
  kCountForgotten,    // slab: blocks that came from others are not counted
  kReleasedTooEarly,  // slab: it goes while a block is in use
  kFlushedKept,       // bin: blocks that go back to their slabs stay at hand, too
  kCarvedTooFar,      // slab: one block more than fits
  kCoalescedAcross,   // arena: a free span swallows a span in use
  kSplitShort,        // arena: the rest of a split span is too long by one unit
  kDirtyAsClean,      // arena: used memory is handed out as zero
  kZeroForgotten,     // calloc: recycled blocks are not cleared
  kOverflowIgnored,   // calloc: the product of count and size wraps
  kShrunkCopy,        // realloc: copies the new size when it is longer than the old block
  kAlignmentOfSize,   // aligned: the class is that of the size alone
  kGuardKept,         // guard pages: a unit goes back to the arena inaccessible
  kSampleForgotten,   // guard pages: a destroyed heap's sampled blocks stay in use
};

struct StandardTraits {
  static constexpr Shape kShape{};
  static constexpr Hardening kHardening = Hardening::kFast;
  static constexpr Fault kFault = Fault::kNone;
  using Tracker = NoTracker;
};

}  // namespace quintet::allocator
