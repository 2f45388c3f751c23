// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Keys and half-open ranges of them, for any word: with a symbolic one they are proved.
// Every 64-bit value is a key; so the end of the last range needs one bound more, infinity.
// Source: IronFleet (SOSP 2015), section 5.2.1; facts of the protocol: README, "Keys".
namespace quintet::ironkv {

using Key = std::uint64_t;

// A key or what is above all keys. Infinity is not below infinity.
template <class W>
struct KeyBound {
  W key{};  // nothing, for infinity
  bool is_infinite = false;

  static KeyBound at(const W& key) { return {key, false}; }
  static KeyBound infinity() { return {W(0), true}; }
  friend bool operator==(const KeyBound& a, const KeyBound& b) {
    return a.is_infinite == b.is_infinite && (a.is_infinite || bool(a.key == b.key));
  }
};

// Whether `key` lies below `bound`.
template <class W>
[[nodiscard]] bool is_below(const W& key, const KeyBound<W>& bound) {
  return bound.is_infinite || bool(key < bound.key);
}

template <class W>
[[nodiscard]] bool is_below(const KeyBound<W>& a, const KeyBound<W>& b) {
  return !a.is_infinite && is_below(a.key, b);
}

// [low, high). Begins at infinity: empty, and so is a range whose end is not above its begin.
template <class W>
struct KeyRangeOf {
  KeyBound<W> low{};
  KeyBound<W> high = KeyBound<W>::infinity();

  static KeyRangeOf all() { return {}; }
  static KeyRangeOf between(const W& low, const W& high) {
    return {KeyBound<W>::at(low), KeyBound<W>::at(high)};
  }
  static KeyRangeOf from(const W& low) { return {KeyBound<W>::at(low), KeyBound<W>::infinity()}; }
  // Exactly one key.
  static KeyRangeOf only(const W& key) {
    const W next = static_cast<W>(key + W(1));
    return {KeyBound<W>::at(key),
            bool(next == W(0)) ? KeyBound<W>::infinity() : KeyBound<W>::at(next)};
  }

  [[nodiscard]] bool is_empty() const { return !is_below(low, high); }
  [[nodiscard]] bool contains(const W& key) const {
    return !low.is_infinite && bool(low.key <= key) && is_below(key, high);
  }
  friend bool operator==(const KeyRangeOf&, const KeyRangeOf&) = default;
};

using KeyRange = KeyRangeOf<Key>;

}  // namespace quintet::ironkv
