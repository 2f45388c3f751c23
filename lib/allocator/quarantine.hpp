// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "allocator/env.hpp"

// Free blocks of a heap that are not used again yet, in the order in which they were freed.
// Invariant: at most kMostBlocks, of at most kShape.quarantine_bytes together, or one block.
// Threading: the owner of the heap.
namespace quintet::allocator {

template <class Env>
class Quarantine {
 public:
  static constexpr std::size_t kMostBlocks = 128;
  struct Kept {
    std::byte* block;  // null: none
    std::uint32_t size_class;
  };

  // The block that was kept longest, which is out then, if there is no room for another one of that
  // class; or none.
  [[nodiscard]] Kept make_room(std::uint32_t size_class) {
    const bool has_room =
        count_ < kMostBlocks && bytes_ + bytes_of(size_class) <= Env::kShape.quarantine_bytes;
    return has_room ? Kept{} : take_oldest();
  }
  // Requires: make_room(size_class) has returned none since the last put().
  void put(std::byte* block, std::uint32_t size_class) {
    places_[(oldest_ + count_) % kMostBlocks] = {block, size_class};
    ++count_;
    bytes_ += bytes_of(size_class);
  }
  // None: it is empty.
  [[nodiscard]] Kept take_oldest() {
    if (count_ == 0) return {};
    const Kept kept = places_[oldest_];
    oldest_ = (oldest_ + 1) % kMostBlocks;
    --count_;
    bytes_ -= bytes_of(kept.size_class);
    return kept;
  }
  // f(block) for each.
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < count_; ++i) f(places_[(oldest_ + i) % kMostBlocks].block);
  }

 private:
  [[nodiscard]] static std::uint64_t bytes_of(std::uint32_t size_class) {
    return kBlockFacts<Env::kShape>[size_class].bytes;
  }

  std::array<Kept, kMostBlocks> places_{};
  std::size_t oldest_ = 0;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

// Of the levels that keep nothing.
struct NoQuarantine {
  struct Kept {
    std::byte* block;
    std::uint32_t size_class;
  };
  [[nodiscard]] static Kept take_oldest() { return {}; }
  template <class F>
  static void for_each(F) {}
};

}  // namespace quintet::allocator
