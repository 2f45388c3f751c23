// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>

#include "ironkv/key_range.hpp"

// What a cluster of hosts means: one table, one request at a time. Moving ranges between hosts,
// losing and repeating messages, crashes: nobody who looks at this table can tell.
namespace quintet::ironkv::spec {

template <class V>
class AtomicTable {
 public:
  [[nodiscard]] std::optional<V> get(Key key) const {
    const auto found = table_.find(key);
    return found == table_.end() ? std::nullopt : std::optional<V>(found->second);
  }
  // None: the key is absent from now on.
  void set(Key key, const std::optional<V>& value) {
    if (value) {
      table_.insert_or_assign(key, *value);
    } else {
      table_.erase(key);
    }
  }
  [[nodiscard]] const std::map<Key, V>& all() const { return table_; }

 private:
  std::map<Key, V> table_;
};

}  // namespace quintet::ironkv::spec
