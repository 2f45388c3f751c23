// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include "baselines/ironfleet/messages.hpp"

// Which host has a key: a list of where the next owner begins, sorted, the first entry at key 0. It
// is searched from its beginning, has the name of the owner in every entry, and neighbours with the
// same owner are never joined. Threading: one thread.
namespace quintet::baselines::ironfleet {

class Delegation {
 public:
  explicit Delegation(EndPoint root) { entries_.push_back({0, std::move(root)}); }

  [[nodiscard]] EndPoint owner(Key key) const { return entries_[entry_of(key)].owner; }

  // Whether every key of `range` is `owner`'s. Requires: the range is not empty.
  [[nodiscard]] bool has_all(const KeyRange& range, const EndPoint& owner) const {
    for (std::size_t i = entry_of(range.low.key); i < entries_.size(); ++i) {
      const bool begins_behind =
          entries_[i].low > range.low.key && !is_below(entries_[i].low, range.high);
      if (begins_behind) break;
      if (entries_[i].owner != owner) return false;
    }
    return true;
  }

  void set(const KeyRange& range, const EndPoint& owner) {
    if (range.is_empty()) return;
    std::vector<Entry> entries;
    for (const Entry& entry : entries_) {
      if (entry.low < range.low.key) entries.push_back(entry);
    }
    entries.push_back({range.low.key, owner});
    if (!range.high.is_infinite) {
      entries.push_back({range.high.key, this->owner(range.high.key)});
      for (const Entry& entry : entries_) {
        if (entry.low > range.high.key) entries.push_back(entry);
      }
    }
    entries_ = std::move(entries);
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Key low;
    EndPoint owner;
  };

  [[nodiscard]] std::size_t entry_of(Key key) const {
    std::size_t found = 0;
    while (found + 1 < entries_.size() && entries_[found + 1].low <= key) ++found;
    return found;
  }

  std::vector<Entry> entries_;
};

}  // namespace quintet::baselines::ironfleet
