// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "ironkv/spec/atomic_table.hpp"
#include "ironkv/wire.hpp"

// Knows what a simulated cluster must do: the atomic table, and of each call when it began, when
// it took effect and when its value was replaced. It is told of executions and answers, and says
// which cannot be. Values are the numbers of the calls that set them.
namespace quintet::ironkv::world {

// A property does not hold.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void demand(bool holds, const char* property) {
  if (!holds) throw Violation(property);
}

using Token = std::uint64_t;  // a call, from 1; also the value that it sets
using Step = std::uint64_t;
using Stored = std::optional<Token>;

// As it is in a table or on the wire.
inline Stored stored_of(bool has_value, Bytes value) {
  if (!has_value) return std::nullopt;
  demand(value.size() == 8, "a value that no call sets");
  return load_le64(value.data());
}

inline constexpr Step kNever = std::numeric_limits<Step>::max();

class Oracle {
 public:
  // A call begins. Returns its token.
  Token begin(Key key, bool is_set, bool is_delete, Step now) {
    calls_.push_back({.key = key, .is_set = is_set, .is_delete = is_delete, .began = now});
    return calls_.size();
  }

  // A host carries out a Set (or delete); what it replaces, for undo().
  Stored execute_set(Key key, const Stored& value, Step now) {
    const Stored before = table_.get(key);
    if (value) {
      demand(*value >= 1 && *value <= calls_.size(), "P2: a request that nobody made");
      Call& call = of(*value);
      demand(call.is_set && !call.is_delete && call.key == key, "P2: a request of other content");
      demand(call.executions == 0, "P11: a request takes effect twice");
      ++call.executions;
    }
    if (before) of(*before).replaced_at = now;
    note_absence(key, now);
    table_.set(key, value);
    return before;
  }
  // The power failed before it was durable, and nobody has heard of it.
  void undo_set(Key key, const Stored& value, const Stored& before) {
    demand(table_.get(key) == value, "the world's own order of undoing");
    if (value) --of(*value).executions;
    if (before) of(*before).replaced_at = kNever;
    table_.set(key, before);
  }

  // A call is answered: with the value, or with none for an absent key.
  void answer(Token token, const Stored& value, Step now) {
    Call& call = of(token);
    demand(!call.is_told, "a call is answered twice");
    call.is_told = true;
    if (call.is_set) {
      const Stored expected = call.is_delete ? Stored() : Stored(token);
      demand(value == expected, "the answer of a Set does not repeat it");
      demand(call.is_delete || call.executions == 1, "a Set is answered that took no effect");
      return;
    }
    if (!value) {
      const bool is_absent = !table_.get(call.key);
      demand(is_absent || last_absent(call.key) >= call.began, "P1: absent, but never was so");
      return;
    }
    demand(*value >= 1 && *value <= calls_.size(), "P1: a value that nobody set");
    const Call& set = of(*value);
    demand(set.key == call.key && set.executions == 1, "P1: a value that was not set here");
    demand(set.replaced_at >= call.began, "P1: a value that was replaced before the call began");
    demand(now >= set.began, "P1: a value of the future");
  }
  void time_out(Token token) {
    demand(!of(token).is_told, "a call is answered twice");
    of(token).is_told = true;
  }

  [[nodiscard]] Stored value_of(Key key) const { return table_.get(key); }
  [[nodiscard]] Key key_of(Token token) const { return calls_[token - 1].key; }
  [[nodiscard]] bool all_told() const {
    for (const Call& call : calls_) {
      if (!call.is_told) return false;
    }
    return true;
  }

 private:
  struct Call {
    Key key = 0;
    bool is_set = false;
    bool is_delete = false;
    bool is_told = false;
    std::uint8_t executions = 0;
    Step began = 0;
    Step replaced_at = kNever;
  };
  Call& of(Token token) { return calls_[token - 1]; }
  void note_absence(Key key, Step now) {
    if (!table_.get(key)) absent_at_[key] = now;
  }
  [[nodiscard]] Step last_absent(Key key) const {
    const auto found = absent_at_.find(key);
    return found == absent_at_.end() ? 0 : found->second;
  }

  std::vector<Call> calls_;
  spec::AtomicTable<Token> table_;
  std::map<Key, Step> absent_at_;  // when each key was absent last
};

}  // namespace quintet::ironkv::world
