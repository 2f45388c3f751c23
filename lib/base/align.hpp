// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>

// Alignment arithmetic on any word type (std::uint64_t, or a symbolic word with the same
// operators). Every `alignment` must be a power of two.
namespace quintet {

// What two threads must not share when both write. A fixed number and not
// std::hardware_destructive_interference_size: that one changes with compiler flags, and layouts
// must not.
inline constexpr std::size_t kCacheLineBytes = 64;

template <class W>
[[nodiscard]] constexpr W align_down(const W& value, const W& alignment) {
  return value & ~(alignment - W(1));
}

// Requires: the result fits W.
template <class W>
[[nodiscard]] constexpr W align_up(const W& value, const W& alignment) {
  return align_down<W>(value + (alignment - W(1)), alignment);
}

template <class W>
[[nodiscard]] constexpr auto is_aligned(const W& value, const W& alignment) {
  return (value & (alignment - W(1))) == W(0);
}

}  // namespace quintet
