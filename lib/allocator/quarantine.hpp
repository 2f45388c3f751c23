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

  // The block that was kept longest, which is out then, if there is no room for `bytes` more; or
  // null.
  [[nodiscard]] std::byte* make_room(std::uint64_t bytes) {
    const bool has_room = count_ < kMostBlocks && bytes_ + bytes <= Env::kShape.quarantine_bytes;
    return has_room ? nullptr : take_oldest();
  }
  // Requires: make_room(bytes) has returned null since the last put().
  void put(std::byte* block, std::uint64_t bytes) {
    places_[(oldest_ + count_) % kMostBlocks] = {block, bytes};
    ++count_;
    bytes_ += bytes;
  }
  // Null: it is empty.
  [[nodiscard]] std::byte* take_oldest() {
    if (count_ == 0) return nullptr;
    const Place place = places_[oldest_];
    oldest_ = (oldest_ + 1) % kMostBlocks;
    --count_;
    bytes_ -= place.bytes;
    return place.block;
  }
  // f(block) for each.
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < count_; ++i) f(places_[(oldest_ + i) % kMostBlocks].block);
  }

 private:
  struct Place {
    std::byte* block;
    std::uint64_t bytes;
  };

  std::array<Place, kMostBlocks> places_{};
  std::size_t oldest_ = 0;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

// Of the levels that keep nothing.
struct NoQuarantine {
  [[nodiscard]] static std::byte* take_oldest() { return nullptr; }
  template <class F>
  static void for_each(F) {}
};

}  // namespace quintet::allocator
