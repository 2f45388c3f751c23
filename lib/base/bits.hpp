// SPDX-License-Identifier: MIT
#pragma once
#include <bit>
#include <concepts>

// Bit operations on words as free functions. Cores call them unqualified, never std:: or a
// compiler intrinsic: for a symbolic word an overload in that word's namespace is found by
// argument-dependent lookup, so the same core can be proved for all inputs.
namespace quintet {

// Number of bits needed to write `word`; 0 for 0.
template <std::unsigned_integral W>
[[nodiscard]] constexpr int bit_width(W word) noexcept {
  return static_cast<int>(std::bit_width(word));
}

// Number of one bits.
template <std::unsigned_integral W>
[[nodiscard]] constexpr int popcount(W word) noexcept {
  return std::popcount(word);
}

// Number of zero bits above the highest one bit; the whole width for 0.
template <std::unsigned_integral W>
[[nodiscard]] constexpr int count_leading_zeros(W word) noexcept {
  return std::countl_zero(word);
}

// Number of zero bits below the lowest one bit; the whole width for 0.
template <std::unsigned_integral W>
[[nodiscard]] constexpr int count_trailing_zeros(W word) noexcept {
  return std::countr_zero(word);
}

template <std::unsigned_integral W>
[[nodiscard]] constexpr bool is_power_of_two(W word) noexcept {
  return std::has_single_bit(word);
}

// A word whose `count` lowest bits are one. Requires: 0 <= count <= width of W.
template <class W>
[[nodiscard]] constexpr W low_mask(unsigned count) {
  return count == 0 ? W(0) : static_cast<W>(~W(0) >> (sizeof(W) * 8 - count));
}

// The `count` bits of `word` from bit `first` up, moved to bit 0.
// Requires: first < width and first + count <= width of W.
template <class W>
[[nodiscard]] constexpr W bit_field(const W& word, unsigned first, unsigned count) {
  return static_cast<W>((word >> first) & low_mask<W>(count));
}

}  // namespace quintet
