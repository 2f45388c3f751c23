// SPDX-License-Identifier: MIT
#include "page_table/frame_set.hpp"

namespace quintet::page_table {

platform::Result<FrameSet> FrameSet::create(std::uint32_t capacity) {
  FrameSet set;
  std::uint32_t total = 0;
  std::uint32_t bits = capacity;
  do {
    set.start_[set.levels_++] = total;
    bits = (bits - 1) / kBits + 1;
    total += bits;
  } while (bits > 1);
  auto map = platform::MemoryMap::create(total * sizeof(std::uint64_t));
  if (!map) return std::unexpected(map.error());
  set.map_ = std::move(*map);
  return set;
}

void FrameSet::insert_elsewhere(std::uint32_t number) {
  const std::uint64_t bit = std::uint64_t{1} << (number % kBits);
  if (number > first_) return add(number / kBits, bit);
  if (bits_ != 0) add(first_ / kBits, bits_);
  first_ = number / kBits * kBits;
  bits_ = bit;
}

// Adds numbers to a word above the lowest one.
void FrameSet::add(std::uint32_t word, std::uint64_t bits) {
  others_ += static_cast<std::uint32_t>(std::popcount(bits));
  for (std::size_t level = 0; level < levels_; ++level) {
    std::uint64_t& there = at(level, word);
    QT_ASSERT(level > 0 || (there & bits) == 0, "a frame is given back twice");
    const bool was_empty = there == 0;
    there |= bits;
    if (!was_empty) return;  // then the bits above are set
    bits = std::uint64_t{1} << (word % kBits);
    word /= kBits;
  }
}

// Moves on to the lowest word that is not 0, where there is one.
bool FrameSet::search() {
  if (others_ == 0) return false;
  std::uint32_t word = 0;
  for (std::size_t level = levels_; --level > 0;) {
    word = word * kBits + static_cast<std::uint32_t>(std::countr_zero(at(level, word)));
  }
  first_ = word * kBits;
  bits_ = std::exchange(at(0, word), 0);
  others_ -= static_cast<std::uint32_t>(std::popcount(bits_));
  for (std::size_t level = 1; level < levels_; ++level) {
    std::uint64_t& summary = at(level, word / kBits);
    summary &= ~(std::uint64_t{1} << (word % kBits));
    if (summary != 0) break;  // then the bits above stay
    word /= kBits;
  }
  return true;
}

}  // namespace quintet::page_table
