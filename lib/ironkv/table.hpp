// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/key_range.hpp"
#include "ironkv/ordered_search.hpp"
#include "ironkv/value.hpp"

// The keys that a host has, with their values, in order: moving a range hands over its next 61
// keys, which a hash table would have to search for. Leaves of up to 128 keys under one sorted
// array of their lowest keys. Invariants: I1 keys ascend strictly over all leaves; I2 no leaf is
// empty; I3 lows_[i] is the lowest key of leaf i or less, and 0 for the first, so that every key
// has a leaf to go to. Threading: one thread.
namespace quintet::ironkv {

class Table {
 public:
  // The value of `key`, or nullptr. Stays valid until the next change. O(log keys).
  [[nodiscard]] const Value* find(Key key) const {
    const Place place = place_of(key);
    return place.is_found ? &leaves_[place.leaf]->values[place.slot] : nullptr;
  }

  // Returns whether the key is new. O(log keys) and moves at most one leaf; once in 64 new keys
  // it splits one, which is O(keys / 64).
  bool set(Key key, Value value) {
    QT_ASSERT(value);
    Place place = place_of(key);
    if (place.is_found) {
      leaves_[place.leaf]->values[place.slot] = std::move(value);
      return false;
    }
    if (leaves_.empty()) add_leaf(0, std::make_unique<Leaf>(), 0);
    if (leaves_[place.leaf]->count == kLeafKeys) {
      split(place.leaf);
      place = place_of(key);
    }
    leaves_[place.leaf]->insert(place.slot, key, std::move(value));
    ++size_;
    return true;
  }

  // Returns whether there was one.
  bool erase(Key key) {
    const Place place = place_of(key);
    if (!place.is_found) return false;
    remove(place);
    return true;
  }

  // Calls visit(key, value) for the keys of `range` in order, until it returns false.
  template <class Visit>
  void visit(const KeyRange& range, Visit visit) const {
    if (range.is_empty()) return;
    Place place = place_of(range.low.key);
    for (; place.leaf < leaves_.size(); ++place.leaf, place.slot = 0) {
      const Leaf& leaf = *leaves_[place.leaf];
      for (; place.slot < leaf.count; ++place.slot) {
        if (!is_below(leaf.keys[place.slot], range.high)) return;
        if (!visit(leaf.keys[place.slot], leaf.values[place.slot])) return;
      }
    }
  }

  // How many keys `range` has, but at most `limit`. O(log keys + limit).
  [[nodiscard]] std::size_t count(const KeyRange& range, std::size_t limit) const {
    std::size_t found = 0;
    if (limit == 0) return 0;
    visit(range, [&](Key, const Value&) { return ++found < limit; });
    return found;
  }

  // The key of `range` that has `rank` keys of it before it, if there is one.
  [[nodiscard]] std::optional<Key> nth(const KeyRange& range, std::size_t rank) const {
    std::optional<Key> found;
    visit(range, [&](Key key, const Value&) {
      if (rank-- > 0) return true;
      found = key;
      return false;
    });
    return found;
  }

  // Returns how many keys there were.
  std::size_t erase(const KeyRange& range) {
    std::size_t erased = 0;
    while (const std::optional<Key> key = nth(range, 0)) {
      erase(*key);
      ++erased;
    }
    return erased;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  void clear() { *this = Table(); }

  // O(keys): for tests.
  void check_invariants() const {
    QT_CHECK(lows_.size() == leaves_.size());
    QT_CHECK(lows_.empty() || lows_[0] == 0);
    std::size_t found = 0;
    std::optional<Key> last;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      QT_CHECK(leaves_[i]->count > 0);
      QT_CHECK(lows_[i] <= leaves_[i]->keys[0]);
      QT_CHECK(!last || *last < lows_[i]);
      for (std::size_t slot = 0; slot < leaves_[i]->count; ++slot, ++found) {
        QT_CHECK(!last || *last < leaves_[i]->keys[slot]);
        QT_CHECK(bool(leaves_[i]->values[slot]));
        last = leaves_[i]->keys[slot];
      }
    }
    QT_CHECK(found == size_);
  }

 private:
  static constexpr std::size_t kLeafKeys = 128;

  struct Leaf {
    std::size_t count = 0;
    Key keys[kLeafKeys];
    Value values[kLeafKeys];

    void insert(std::size_t slot, Key key, Value value) {
      std::move_backward(keys + slot, keys + count, keys + count + 1);
      std::move_backward(values + slot, values + count, values + count + 1);
      keys[slot] = key;
      values[slot] = std::move(value);
      ++count;
    }
    void erase(std::size_t slot) {
      std::move(keys + slot + 1, keys + count, keys + slot);
      std::move(values + slot + 1, values + count, values + slot);
      values[--count] = Value();
    }
  };

  // Where a key is, or where it would be put: `slot` is then the first with a greater key.
  struct Place {
    std::size_t leaf = 0;
    std::size_t slot = 0;
    bool is_found = false;
  };

  [[nodiscard]] Place place_of(Key key) const {
    const std::size_t leaves =
        count_at_most(lows_.size(), key, [&](std::size_t i) { return lows_[i]; });
    if (leaves == 0) return {};
    const Leaf& leaf = *leaves_[leaves - 1];
    const std::size_t keys =
        count_at_most(leaf.count, key, [&](std::size_t i) { return leaf.keys[i]; });
    const bool is_found = keys > 0 && leaf.keys[keys - 1] == key;
    return {leaves - 1, is_found ? keys - 1 : keys, is_found};
  }

  void add_leaf(std::size_t at, std::unique_ptr<Leaf> leaf, Key low) {
    leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(at), std::move(leaf));
    lows_.insert(lows_.begin() + static_cast<std::ptrdiff_t>(at), low);
  }

  // The upper half of a full leaf becomes a leaf of its own.
  void split(std::size_t at) {
    Leaf& full = *leaves_[at];
    auto upper = std::make_unique<Leaf>();
    constexpr std::size_t kHalf = kLeafKeys / 2;
    std::move(full.keys + kHalf, full.keys + kLeafKeys, upper->keys);
    std::move(full.values + kHalf, full.values + kLeafKeys, upper->values);
    full.count = kHalf;
    upper->count = kLeafKeys - kHalf;
    const Key low = upper->keys[0];
    add_leaf(at + 1, std::move(upper), low);
  }

  void remove(const Place& place) {
    leaves_[place.leaf]->erase(place.slot);
    --size_;
    if (leaves_[place.leaf]->count > 0) return;
    leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(place.leaf));
    lows_.erase(lows_.begin() + static_cast<std::ptrdiff_t>(place.leaf));
    if (!lows_.empty()) lows_[0] = 0;
  }

  std::vector<std::unique_ptr<Leaf>> leaves_;
  std::vector<Key> lows_;
  std::size_t size_ = 0;
};

}  // namespace quintet::ironkv
