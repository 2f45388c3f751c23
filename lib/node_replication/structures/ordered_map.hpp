// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>

// A map in the order of its keys: std::map, replicated. Keys and values may own memory (strings,
// vectors): an operation brings its own, and each replica copies from it.
// Requires: K and V can be copied; comparing does not throw. Out of memory ends the process.
// Threading: none of its own.
namespace quintet::node_replication {

template <class K, class V, class Compare = std::less<K>>
class OrderedMap {
 public:
  using Entries = std::map<K, V, Compare>;

  // Puts `value` under `key`, or erases `key` when there is no value.
  struct WriteOp {
    K key;
    std::optional<V> value;
  };
  [[nodiscard]] static WriteOp put(K key, V value) { return {std::move(key), std::move(value)}; }
  [[nodiscard]] static WriteOp erase(K key) { return {std::move(key), std::nullopt}; }

  explicit OrderedMap(Compare compare = {}) : entries_(std::move(compare)) {}

  // Returns the value that was there. O(log n).
  std::optional<V> apply(const WriteOp& op) noexcept {
    std::optional<V> old;
    const auto found = entries_.lower_bound(op.key);
    const bool present = found != entries_.end() && !entries_.key_comp()(op.key, found->first);
    if (present) old = std::move(found->second);
    if (present && op.value) {
      found->second = *op.value;
    } else if (present) {
      entries_.erase(found);
    } else if (op.value) {
      entries_.emplace_hint(found, op.key, *op.value);
    }
    return old;
  }

  // The value under `key`, or null. It stays where it is until that key is written.
  [[nodiscard]] const V* find(const K& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // For everything else that a read may ask: bounds, ranges, iteration.
  [[nodiscard]] const Entries& entries() const { return entries_; }

  friend bool operator==(const OrderedMap& a, const OrderedMap& b) {
    return a.entries_ == b.entries_;
  }

 private:
  Entries entries_;
};

}  // namespace quintet::node_replication
