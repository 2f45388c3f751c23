// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// The one search of this library: the delegation map and the table are sorted arrays.
namespace quintet::ironkv {

// How many of the `count` first elements have a key of at most `key`. Requires: key_at(i) ascends.
// O(log count); for a native word without a branch that depends on the keys.
template <class W, class KeyAt>
[[nodiscard]] std::size_t count_at_most(std::size_t count, const W& key, KeyAt key_at) {
  if (count == 0) return 0;
  std::size_t first = 0;  // all before it are at most `key`
  while (count > 1) {
    const std::size_t half = count / 2;
    first += bool(key_at(first + half - 1) <= key) ? half : 0;
    count -= half;
  }
  return first + (bool(key_at(first) <= key) ? 1 : 0);
}

}  // namespace quintet::ironkv
