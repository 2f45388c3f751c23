// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/assert.hpp"
#include "platform/memory_map.hpp"

// A set of frame numbers that gives the lowest one first: tables built one after the other then
// lie one after the other, which hardware prefetchers follow across frames, and a frame given back
// is soon used again. (page_table/map_range_warm of 512 pages: 0.69 ns a page last in, first out,
// 0.34 ns lowest first.)
//
// A bit a number, and above the words of one level a level with a bit for each word that is not 0,
// up to one word. The lowest word is kept apart, in `bits_`: the same few frames come and go
// without a search. (page_table/churn: 18.8 ns with that word in its place, 14.4 ns in a field.)
// Invariant: in the level of numbers, the word of `bits_` and all below it are 0; each word that is
// not has its summary bits set.
// Threading: one owner.
namespace quintet::page_table {

class FrameSet {
 public:
  // The empty set of numbers below `capacity` > 0.
  // Errors: what the system says of the memory, which is committed as it is touched.
  [[nodiscard]] static platform::Result<FrameSet> create(std::uint32_t capacity);

  FrameSet() = default;  // a set that holds nothing, to be assigned
  FrameSet(FrameSet&&) noexcept = default;
  FrameSet& operator=(FrameSet&&) noexcept = default;

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  [[nodiscard]] std::uint32_t size() const {
    return others_ + static_cast<std::uint32_t>(std::popcount(bits_));
  }

  // Requires: `number` is below the capacity and not in the set. O(1); where the lowest word
  // changes, a step for each level, of which there are at most 6.
  void insert(std::uint32_t number) {
    if (number - first_ < kBits) [[likely]] {
      const std::uint64_t bit = std::uint64_t{1} << (number - first_);
      QT_ASSERT((bits_ & bit) == 0, "a frame is given back twice");
      bits_ |= bit;
    } else {
      insert_elsewhere(number);
    }
  }
  // Removes and returns the lowest number, or kNone when the set is empty. As insert().
  [[nodiscard]] std::uint32_t take() {
    if (bits_ == 0 && !search()) [[unlikely]]
      return kNone;
    const auto at = static_cast<std::uint32_t>(std::countr_zero(bits_));
    bits_ &= bits_ - 1;
    return first_ + at;
  }

 private:
  static constexpr std::uint32_t kBits = 64;
  static constexpr std::size_t kMaxLevels = 6;  // 64^6 numbers are more than 32 bits hold

  [[nodiscard]] std::uint64_t& at(std::size_t level, std::uint32_t word) const {
    return reinterpret_cast<std::uint64_t*>(map_.data())[start_[level] + word];
  }
  void insert_elsewhere(std::uint32_t number);
  void add(std::uint32_t word, std::uint64_t bits);
  [[nodiscard]] bool search();

  platform::MemoryMap map_;
  std::array<std::uint32_t, kMaxLevels> start_{};  // of each level in the map, in words
  std::size_t levels_ = 0;
  std::uint64_t bits_ = 0;    // the lowest word of the level of numbers
  std::uint32_t first_ = 0;   // the number of its lowest bit
  std::uint32_t others_ = 0;  // numbers in the words above it
};

}  // namespace quintet::page_table
