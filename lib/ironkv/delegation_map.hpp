// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/fault.hpp"
#include "ironkv/key_range.hpp"
#include "ironkv/ordered_search.hpp"

// Which host a key belongs to: a total function over all keys, kept as the sorted list of the keys
// where the owner changes. Invariants: I1 the first entry is at key 0, so every key has an owner;
// I2 entries ascend strictly; I3 neighbours have different owners. Threading: one thread.
// Source: IronFleet (SOSP 2015), section 5.2.1; there it is searched linearly and never shrinks.
namespace quintet::ironkv {

template <class W, class Owner, Fault kFault = Fault::kNone>
class DelegationMapOf {
 public:
  struct Entry {
    W low;  // the owner has the keys from here to the next entry
    Owner owner;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Every key belongs to `owner`.
  explicit DelegationMapOf(const Owner& owner) : entries_{{W(0), owner}} {}

  // O(log entries).
  [[nodiscard]] const Owner& owner(const W& key) const { return entries_[entry_of(key)].owner; }

  // The first key of the run of keys around `key` that have its owner.
  [[nodiscard]] const W& begin_of_run(const W& key) const { return entries_[entry_of(key)].low; }
  // The end of the run of keys from `key` up that have the owner of `key`.
  [[nodiscard]] KeyBound<W> end_of_run(const W& key) const {
    const std::size_t next = entry_of(key) + 1;
    return next == entries_.size() ? KeyBound<W>::infinity() : KeyBound<W>::at(entries_[next].low);
  }

  // Whether every key of `range` belongs to `owner`; true of an empty one. As neighbours differ,
  // such a range lies within one entry.
  [[nodiscard]] bool owns(const Owner& owner, const KeyRangeOf<W>& range) const {
    if (range.is_empty()) return true;
    const std::size_t at = entry_of(range.low.key);
    if (!(entries_[at].owner == owner)) return false;
    return at + 1 == entries_.size() || !is_below(entries_[at + 1].low, range.high);
  }

  // Gives the keys of `range` to `owner`; nothing if it is empty. O(entries).
  void set(const KeyRangeOf<W>& range, const Owner& owner) {
    if (range.is_empty()) return;
    std::size_t first = first_at_or_above(range.low.key);
    std::size_t last = range.high.is_infinite ? entries_.size() : first_at_or_above(range.high.key);
    // What the range may become: its own entry, and one that keeps what is behind it.
    std::vector<Entry>& made = made_;
    made.clear();
    const bool joins_left = first > 0 && may_merge(entries_[first - 1].owner, owner);
    if (!joins_left) made.push_back({range.low.key, owner});
    if (!range.high.is_infinite) {
      const bool starts_there =
          last < entries_.size() && bool(entries_[last].low == range.high.key);
      const Owner behind = starts_there ? entries_[last].owner : owner_before(last);
      if (starts_there) ++last;
      const bool joins_right = may_merge(behind, owner);
      if (!joins_right && (starts_there || kFault != Fault::kEndNotPinned)) {
        made.push_back({range.high.key, behind});
      }
    }
    if (kFault == Fault::kEraseKeepsLast && last > first + 1) --last;
    replace(first, last);
  }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  // Requires: invariants I1 to I3 of `entries`.
  void restore(std::vector<Entry> entries) {
    entries_ = std::move(entries);
    check_invariants();
  }

  // Whether a list of entries keeps I1 to I3.
  [[nodiscard]] static bool is_valid(const std::vector<Entry>& entries) {
    if (entries.empty() || bool(entries[0].low != W(0))) return false;
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (bool(entries[i].low <= entries[i - 1].low)) return false;
      if (entries[i].owner == entries[i - 1].owner) return false;
    }
    return true;
  }
  void check_invariants() const { QT_ASSERT(is_valid(entries_)); }

 private:
  [[nodiscard]] std::size_t entry_of(const W& key) const {
    return count_at_most(entries_.size(), key, [&](std::size_t i) { return entries_[i].low; }) - 1;
  }
  [[nodiscard]] std::size_t first_at_or_above(const W& key) const {
    const std::size_t at_most =
        count_at_most(entries_.size(), key, [&](std::size_t i) { return entries_[i].low; });
    return bool(entries_[at_most - 1].low == key) ? at_most - 1 : at_most;
  }
  // Of the last key before entry `index`. Requires: index > 0, which I1 gives for every bound
  // that is not the first entry's key.
  [[nodiscard]] const Owner& owner_before(std::size_t index) const {
    return entries_[index - 1].owner;
  }
  [[nodiscard]] static bool may_merge(const Owner& a, const Owner& b) {
    return kFault == Fault::kMergesOthers || a == b;
  }

  // The entries [first, last) by those made.
  void replace(std::size_t first, std::size_t last) {
    const auto at = [&](std::size_t i) {
      return entries_.begin() + static_cast<std::ptrdiff_t>(i);
    };
    const auto left = entries_.erase(at(first), at(last));
    entries_.insert(left, made_.begin(), made_.end());
  }

  std::vector<Entry> entries_;
  std::vector<Entry> made_;  // room for set(), kept from call to call
};

template <class Owner, Fault kFault = Fault::kNone>
using DelegationMap = DelegationMapOf<Key, Owner, kFault>;

}  // namespace quintet::ironkv
