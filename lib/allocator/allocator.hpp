// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "allocator/block_allocator.hpp"
#include "allocator/guarded_allocator.hpp"
#include "allocator/tracked_allocator.hpp"

// A general-purpose allocator: blocks of any size and alignment, from any number of threads.
//
// The core has no threads and no globals: a thread attaches and gets a heap, which it passes to
// every operation and gives back when it ends. Who wants malloc() takes process.hpp, which keeps a
// heap for each thread, or libquintet-malloc.so.
//
//   Allocator<MmapMemory, StdAtomics> allocator;
//   auto* heap = allocator.attach();
//   void* p = allocator.allocate(*heap, 100);
//   allocator.free(*heap, p);            // from any thread, with that thread's heap
//   allocator.detach(heap);
//
// Guarantees: blocks in use do not overlap, have at least the size asked for, and are aligned to
// 16 bytes (8 for requests of up to 8 bytes), and, but for sampled ones (guard_pages.hpp), to the
// largest power of two that divides the block's size, up to 32 KiB. Null means that there is no
// memory; nothing is lost then. A pointer that is no block in use is reported to the world, and
// nothing is done with it, as far as the level of hardening finds that out. Threading: any
// operation from any thread, with a heap that no other thread uses meanwhile. A heap made by
// create_heap() is used by one thread at a time; its blocks may be freed by all.
namespace quintet::allocator {

template <class Env>
using AllocatorOf =
    std::conditional_t<Env::kIsTracked, TrackedAllocator<Env>,
                       std::conditional_t<Env::at_least(Hardening::kGuarded), GuardedAllocator<Env>,
                                          BlockAllocator<Env>>>;

template <OsMemory Os, Atomics A, class Traits = StandardTraits>
class Allocator : public AllocatorOf<Env<Os, A, Traits>> {
  static_assert(!Env<Os, A, Traits>::kIsTracked || Traits::kHardening == Hardening::kFast,
                "a tool looks for what hardening looks for: track Hardening::kFast");
};

}  // namespace quintet::allocator
