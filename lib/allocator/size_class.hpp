// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bits.hpp"

// Size classes: which block a request gets.
//
// Class 1 has blocks of 8 bytes, classes 2 to 5 of 16, 32, 48 and 64, and from there four classes
// share each power of two: 80, 96, 112, 128, 160, ... Class 0 means "no block". Every block size
// but 8 is a multiple of 16, and all are multiples of the power of two they are four to eight
// times of, which is what makes blocks naturally aligned. Facts, proved for all sizes
// (test/size_class_proof.cpp): class_of() covers, is minimal, is monotone; a block of more than 64
// bytes is less than a fifth waste.
// Functions over a word `W`: std::uint64_t, or a symbolic word. Threading: pure functions.
namespace quintet::allocator {

// log2 of the step to the first class that shares its power of two with others.
inline constexpr unsigned kFirstOctave = 6;
inline constexpr std::uint64_t kSmallestBlock = 8;

// The class of the smallest block of at least `size` bytes; 1 for size 0. Source of the spacing:
// four per doubling, as in mimalloc and jemalloc.
// Requires: size <= 2^60.
template <class W>
[[nodiscard]] constexpr W class_of(const W& size) {
  if (size <= W(kSmallestBlock)) return W(1);
  if (size <= W(64)) return ((size + W(15)) >> 4) + W(1);
  const W last = size - W(1);
  const auto octave = static_cast<W>(bit_width(last)) - W(1);  // 6 or more
  return (octave - W(kFirstOctave)) * W(4) + ((last >> (octave - W(2))) & W(3)) + W(6);
}

// Bytes of a block. Requires: 1 <= size_class <= class_of(2^60).
template <class W>
[[nodiscard]] constexpr W block_bytes(const W& size_class) {
  if (size_class <= W(1)) return W(kSmallestBlock);
  if (size_class <= W(5)) return (size_class - W(1)) * W(16);
  const W step = size_class - W(6);
  return ((step & W(3)) + W(5)) << ((step >> 2) + W(kFirstOctave - 2));
}

// Whether an offset from the start of a slab is that of a block, in a multiplication: a distance is
// a multiple of the block's size exactly if its product with the magic number is little, modulo
// 2^32 (Lemire, Kaser and Kurz, "Faster remainder by direct computation", 2019). Distances are
// taken from the last block, backwards: behind it they are negative, and their products are not
// little. Requires: offset < 2^15; `last` is the offset of the last block, at most `bytes` before
// the end of the slab, 0 for blocks of 2^15 bytes and more.
template <class W>
[[nodiscard]] constexpr W block_magic(const W& bytes) {
  if (bytes > W(1U << 16)) return W(1);
  return (W(0xFFFFFFFF) / bytes) + W(1);
}
// With these there is no block.
inline constexpr std::uint32_t kNoLast = 0xFFFF;
inline constexpr std::uint32_t kNoMagic = 1U << 16;
template <class W32>
[[nodiscard]] constexpr auto is_block_offset(const W32& offset, const W32& last, const W32& magic) {
  return (last - offset) * magic < W32(1U << 16);
}

// A table that says what class_of() says, for small sizes: what the hot path reads. No class in it
// is below `smallest`. Hidden: a library that exported it would read it through a pointer.
inline constexpr std::size_t kTableBytes = 1024;
template <std::uint8_t kSmallest>
[[gnu::visibility("hidden")]] inline constexpr auto kClassTable = [] {
  std::array<std::uint8_t, kTableBytes / 8 + 1> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = std::max(kSmallest, static_cast<std::uint8_t>(class_of<std::uint64_t>(i * 8)));
  }
  return table;
}();

}  // namespace quintet::allocator
