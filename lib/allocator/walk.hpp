// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

#include "allocator/block_allocator.hpp"

// The blocks of a heap that are in use.
// Threading: the thread that has the heap, while no other frees its blocks. Blocks that another
// thread has freed and still keeps back (pending.hpp) count as in use.
namespace quintet::allocator {

// f(block, bytes) for each; bytes are the usable ones. `Blocks` is an Allocator, or what it is made
// of. Takes what others have freed first. O(blocks of its slabs); does not allocate.
template <class Blocks, class F>
void for_each_block(Blocks& allocator, typename Blocks::H& heap, F f) {
  using G = typename Blocks::G;
  if constexpr (requires { allocator.for_each_in_use(heap, f); }) {
    allocator.for_each_in_use(heap, f);
    return;
  }
  heap.drain();
  heap.for_each_slab([&](auto* slab) {
    const std::uint32_t size_class = slab->size_class();
    std::byte* const start = allocator.shared().regions.start_of(slab);
    if (size_class == G::kLargeClass) {
      if (slab->free_count() == 0) f(start, slab->pages.load() * G::kPage);
      return;
    }
    const std::uint64_t bytes = block_bytes<std::uint64_t>(size_class);
    std::bitset<G::kUnit / kSmallestBlock> is_free;
    const auto free_up = [&](const std::byte* block) {
      const auto offset = static_cast<std::uint64_t>(block - start);
      if (block >= start && offset < G::kUnit) is_free.set(offset / bytes);
    };
    for (auto* link = slab->free_list(); link != nullptr; link = link->next()) {
      free_up(link->bytes());
    }
    heap.for_each_at_hand(size_class, free_up);
    heap.quarantine().for_each(free_up);
    for (std::uint32_t i = 0; i < slab->carved(); ++i) {
      if (!is_free[i]) f(start + i * bytes, bytes);
    }
  });
  if constexpr (Blocks::E::kSamples) {
    allocator.shared().guard_pages.for_each(allocator.shared(), heap, f);
  }
}

}  // namespace quintet::allocator
