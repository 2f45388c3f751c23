// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/env.hpp"

// The free blocks of one class that a heap has at hand: a stack of their addresses. The places lie
// beside the heap, not in the blocks: a block that is freed is not touched, and to take one is not
// to wait for what the last one says. Below the lowest place is one that stays null, so an empty
// bin is told by what it has on top; a full one by the address of its highest place.
//
// Invariants:
//   I1  from the null place upwards to `top` stand addresses of free blocks, all different
//   I2  top is a place of this bin, or the null place of nobody
// Threading: the owner of the heap. Places are written by whoever writes `top`.
namespace quintet::allocator {

template <class Env>
class Bin {
 public:
  using L = Link<Env>;
  using Place = L*;

  // No bin yet: it is empty. `nothing` is null, for ever.
  constexpr explicit Bin(Place* nothing) : top_(nothing) {}

  // Requires: `bottom` is null, and `capacity` places are behind it; fewer than 2^13.
  void make(Place* bottom, std::uint32_t capacity, const BlockFacts& facts) {
    top_.store(bottom);
    highest_ = low_bits(bottom + capacity);
    last_ = static_cast<std::uint16_t>(facts.last);
    magic_ = facts.magic;
  }

  // Whether a block may begin at this offset of a slab of the class.
  [[nodiscard]] bool is_block(std::uint32_t offset) const {
    return is_block_offset<std::uint32_t>(offset, last_, magic_);
  }

  // The block that came last, or null.
  [[nodiscard]] L* take() {
    Place* const top = top_.load();
    L* const block = *top;
    if (block != nullptr) [[likely]]
      set_top(top - 1);
    return block;
  }
  // False: it is full.
  [[nodiscard]] bool put(L* block) {
    Place* const top = top_.load();
    if (low_bits(top) == highest_) [[unlikely]]
      return false;
    top[1] = block;
    top_.store(top + 1);
    return true;
  }

  [[nodiscard]] Place* top() const { return top_.load(); }
  // Requires: I1 and I2 hold then.
  void set_top(Place* top) {
    // A tool that looks for lost blocks would find what was here.
    if constexpr (Env::kIsTracked) {
      for (Place* place = top_.load(); place > top; --place) *place = nullptr;
    }
    top_.store(top);
  }

 private:
  // Enough of an address, for places of one bin.
  [[nodiscard]] static std::uint16_t low_bits(const Place* place) {
    return static_cast<std::uint16_t>(reinterpret_cast<std::uintptr_t>(place));
  }

  typename Env::template Plain<Place*> top_;
  std::uint16_t highest_ = 0;
  std::uint16_t last_ = kNoLast;
  std::uint32_t magic_ = kNoMagic;
};

}  // namespace quintet::allocator
