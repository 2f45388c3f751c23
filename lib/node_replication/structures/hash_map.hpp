// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

// A hash map by open addressing: one flat array whose size is a power of two, linear probing, and
// deletion that shifts later entries back, so there are no tombstones and lookups do not age.
//
// Invariants: at most three quarters of the slots are full. Between the home slot of an entry and
// the slot that holds it, all slots are full. The array's size and the place of every entry depend
// on nothing but the operations so far, so that all replicas grow at the same one.
// Requires: K and V can be copied (each replica makes its own from the operation) and moved;
// copying, hashing and comparing do not throw. Out of memory while growing ends the process:
// `reserve` beforehand if that must not happen. Threading: none of its own.
namespace quintet::node_replication {

template <class K, class V, class Hash = std::hash<K>>
class HashMap {
 public:
  // Puts `value` under `key`, or erases `key` when there is no value.
  struct WriteOp {
    K key;
    std::optional<V> value;
  };
  [[nodiscard]] static WriteOp put(K key, V value) { return {std::move(key), std::move(value)}; }
  [[nodiscard]] static WriteOp erase(K key) { return {std::move(key), std::nullopt}; }

  // Room for `entries` entries before the first growth.
  explicit HashMap(std::size_t entries = 0, Hash hash = {}) : hash_(std::move(hash)) {
    reserve(entries);
  }

  // Returns the value that was there. Expected O(1), O(n) when the array grows.
  std::optional<V> apply(const WriteOp& op) noexcept {
    return op.value ? insert(op.key, *op.value) : remove(op.key);
  }
  // Fetches the cache line that `apply(op)` will look at first.
  void prefetch(const WriteOp& op) const { prefetch(op.key); }
  // The same for `find(key)`.
  void prefetch(const K& key) const { __builtin_prefetch(&slots_[home(key)], 1); }

  // The value under `key`, or null. It stays where it is until the next write.
  [[nodiscard]] const V* find(const K& key) const {
    const Slot& slot = slots_[slot_of(key)];
    return slot ? &slot->value : nullptr;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }

  // Calls `visit(key, value)` for every entry, in the order of the array.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot) visit(slot->key, slot->value);
    }
  }

  // Makes room for `entries` entries in all.
  void reserve(std::size_t entries) {
    const std::size_t wanted = std::bit_ceil(std::max(kMinimum, entries + entries / 3 + 1));
    if (wanted > slots_.size()) resize(wanted);
  }

 private:
  struct Entry {
    K key;
    V value;
  };
  using Slot = std::optional<Entry>;

  static constexpr std::size_t kMinimum = 8;

  // std::hash of an integer is the integer, whose low bits are a poor choice of slot: the product
  // with 2^64 divided by the golden ratio mixes all bits into the highest ones.
  [[nodiscard]] std::size_t home(const K& key) const {
    constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
    return static_cast<std::size_t>((std::uint64_t{hash_(key)} * kGolden) >> shift_);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }

  // The slot that holds `key`, or else the empty one where it belongs.
  [[nodiscard]] std::size_t slot_of(const K& key) const {
    std::size_t at = home(key);
    while (slots_[at] && !(slots_[at]->key == key)) at = next(at);
    return at;
  }

  std::optional<V> insert(const K& key, const V& value) {
    std::size_t at = slot_of(key);
    if (slots_[at]) return std::exchange(slots_[at]->value, value);
    if ((size_ + 1) * 4 > slots_.size() * 3) {
      resize(slots_.size() * 2);
      at = slot_of(key);
    }
    slots_[at].emplace(Entry{key, value});
    ++size_;
    return std::nullopt;
  }

  std::optional<V> remove(const K& key) {
    std::size_t hole = slot_of(key);
    if (!slots_[hole]) return std::nullopt;
    std::optional<V> old = std::move(slots_[hole]->value);
    // An entry may move back into the hole unless its home lies behind the hole.
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = next(hole); slots_[at]; at = next(at)) {
      const std::size_t from_home = (at - home(slots_[at]->key)) & mask;
      if (from_home < ((at - hole) & mask)) continue;
      slots_[hole] = std::move(slots_[at]);
      hole = at;
    }
    slots_[hole].reset();
    --size_;
    return old;
  }

  void resize(std::size_t slots) {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
    shift_ = static_cast<unsigned>(64 - std::countr_zero(slots));
    for (Slot& slot : old) {
      if (slot) slots_[slot_of(slot->key)] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  unsigned shift_ = 0;  // of the mixed hash, so that what is left is an index
  [[no_unique_address]] Hash hash_;
};

}  // namespace quintet::node_replication
