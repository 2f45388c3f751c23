// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "allocator/size_class.hpp"
#include "base/align.hpp"
#include "base/units.hpp"

// How address space is cut: regions of units, spans of units, slabs of blocks.
//
// A region is one reservation, aligned to a unit. A unit (32 KiB) is the smallest piece that the
// arena hands out; a span is a run of units; a slab is a span cut into blocks of one class. Blocks
// up to a unit share slabs of one unit; larger ones have a span each.
// The address arithmetic is over a word `W` and proved for all addresses (test/span_proof.cpp).
// Threading: pure functions.
namespace quintet::allocator {

// The numbers of a shape; checks use small ones, so that whole programs can be explored.
struct Shape {
  unsigned unit_shift = 15;
  unsigned page_shift = 12;
  std::uint64_t region_bytes = kTiB;          // the first reservation, if it is to be had
  std::uint64_t smallest_region = 8 * kMiB;   // the last that is tried
  std::uint64_t growth_bytes = 16 * kMiB;     // what is committed at a time
  std::uint64_t retained_bytes = 32 * kMiB;   // freed memory that is kept whatever is in use
  std::uint64_t carve_bytes = 4 * kKiB;       // of blocks that are cut from a slab at a time
  std::uint64_t at_hand_bytes = 128 * kKiB;   // of blocks of a class that a heap has at hand
  std::uint64_t remote_bytes = 16 * kKiB;     // of others' blocks that a heap keeps back
  std::uint64_t quarantine_bytes = 4 * kMiB;  // of freed blocks that are not used again yet
  unsigned largest_units_shift = 5;           // blocks of more units are no class
  unsigned span_bins = 128;  // longer spans than those of the last list do not exist
  std::uint32_t arenas = 8;  // NUMA nodes beyond share them
};

// Addresses of a region. Requires of all: `base` is aligned to a unit.
template <class W>
[[nodiscard]] constexpr W unit_index(const W& address, const W& base, unsigned unit_shift) {
  return (address - base) >> unit_shift;
}
template <class W>
[[nodiscard]] constexpr W unit_address(const W& index, const W& base, unsigned unit_shift) {
  return base + (index << unit_shift);
}
template <class W>
[[nodiscard]] constexpr W unit_offset(const W& address, unsigned unit_shift) {
  return address & ((W(1) << unit_shift) - W(1));
}
// Units that hold `bytes`. Requires: bytes + a unit does not overflow.
template <class W>
[[nodiscard]] constexpr W units_of(const W& bytes, unsigned unit_shift) {
  return (bytes + ((W(1) << unit_shift) - W(1))) >> unit_shift;
}

// The word that a map has for each unit: whose it is, and the class of its blocks.
//   bits 0..5   class; kNoClass where no block starts, G::kLargeClass for an object of its own
//   bits 6..31  the tag of the heap that owns the blocks; 0 for nobody
// An owner's word XOR its tag is the class, below kClasses: one comparison for "mine, and a block".
inline constexpr unsigned kClassBits = 6;
inline constexpr std::uint32_t kClasses = 1U << kClassBits;
inline constexpr std::uint32_t kNoClass = 0;

template <class W32>
[[nodiscard]] constexpr W32 map_word(const W32& heap_number, const W32& size_class) {
  return (heap_number << kClassBits) | size_class;
}

// Which list of free spans has a span of so many units: exact up to 4, then four lists for each
// power of two, so that a list's spans are at most a quarter longer than its shortest.
// Requires: 1 <= units < 2^40.
template <class W>
[[nodiscard]] constexpr W span_bin(const W& units) {
  if (units < W(4)) return units - W(1);
  const auto octave = static_cast<W>(bit_width(units)) - W(1);  // 2 or more
  return (octave - W(2)) * W(4) + ((units >> (octave - W(2))) & W(3)) + W(3);
}
// The shortest span of a list. Requires: 0 <= bin < 160.
template <class W>
[[nodiscard]] constexpr W shortest_in_bin(const W& bin) {
  if (bin < W(3)) return bin + W(1);
  const W step = bin - W(3);
  return ((step & W(3)) + W(4)) << (step >> 2);
}

// What depends on a shape.
template <Shape kShape>
struct Geometry {
  static constexpr std::uint64_t kUnit = std::uint64_t{1} << kShape.unit_shift;
  static constexpr std::uint64_t kPage = std::uint64_t{1} << kShape.page_shift;
  // The largest block that belongs to a class.
  static constexpr std::uint64_t kLargest = kUnit << kShape.largest_units_shift;
  static constexpr auto kLastClass = static_cast<std::uint32_t>(class_of<std::uint64_t>(kLargest));
  // Not a class of blocks: an object of its own.
  static constexpr std::uint32_t kLargeClass = kLastClass + 1;
  static constexpr std::uint32_t kSlots = kLargeClass + 1;
  // Not a class of blocks either: a block between guard pages (guard_pages.hpp).
  static constexpr std::uint32_t kSampledClass = kLargeClass + 1;
  static_assert(kSampledClass < kClasses);
  // Longer spans are not asked for.
  static constexpr auto kMostUnits = shortest_in_bin<std::uint64_t>(kShape.span_bins - 1);

  [[nodiscard]] static constexpr std::uint32_t units(std::uint32_t size_class) {
    return static_cast<std::uint32_t>(
        units_of<std::uint64_t>(block_bytes<std::uint64_t>(size_class), kShape.unit_shift));
  }
  // Blocks of a slab.
  [[nodiscard]] static constexpr std::uint32_t capacity(std::uint32_t size_class) {
    const auto bytes = block_bytes<std::uint64_t>(size_class);
    return bytes >= kUnit ? 1 : static_cast<std::uint32_t>(kUnit / bytes);
  }
  // Blocks that a heap has at hand: as many as a slab has at least, and no more than 2^12.
  [[nodiscard]] static constexpr std::uint32_t at_hand(std::uint32_t size_class) {
    const auto bytes = block_bytes<std::uint64_t>(size_class);
    const auto count = static_cast<std::uint32_t>(kShape.at_hand_bytes / bytes);
    return std::min(std::max(count, capacity(size_class)), std::uint32_t{1} << 12);
  }
};

// The blocks of a class, as a table says them that costs no division.
struct BlockFacts {
  std::uint32_t bytes = 0;         // of a block
  std::uint32_t magic = kNoMagic;  // block_magic()
  std::uint32_t last = kNoLast;    // offset of the last block in its slab
};
// Hidden as kClassTable is.
template <Shape kShape>
[[gnu::visibility("hidden")]] inline constexpr auto kBlockFacts = [] {
  std::array<BlockFacts, kClasses> table{};
  for (std::uint32_t c = kNoClass + 1; c < kClasses; ++c) {
    const auto bytes = block_bytes<std::uint64_t>(c);
    table[c] = {static_cast<std::uint32_t>(bytes),
                static_cast<std::uint32_t>(block_magic<std::uint64_t>(bytes)),
                static_cast<std::uint32_t>(bytes * (Geometry<kShape>::capacity(c) - 1))};
  }
  return table;
}();
static_assert(block_bytes<std::uint64_t>(kClasses - 1) < (std::uint64_t{1} << 32));

// Where the places of a class begin for blocks at hand, one more than at_hand() (bin.hpp). All of
// them end where those of kLastClass + 1 would begin.
template <Shape kShape>
inline constexpr auto kFirstPlace = [] {
  using G = Geometry<kShape>;
  std::array<std::uint32_t, G::kLastClass + 2> first{};
  for (std::uint32_t c = 1; c <= G::kLastClass; ++c) first[c + 1] = first[c] + G::at_hand(c) + 1;
  return first;
}();

}  // namespace quintet::allocator
