// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ironkv/key_range.hpp"
#include "testing/history.hpp"
#include "testing/linearizability.hpp"

// Histories of Gets and Sets, for the linearizability checker: it knows nothing of hosts, only of
// when clients asked and what they were told. A key is a register that may be empty.
namespace quintet::ironkv::world {

struct RegisterCall {
  Key key = 0;
  bool is_set = false;
  std::optional<std::uint64_t> value{};  // a Set's; none: it deletes
};
using RegisterAnswer = std::optional<std::uint64_t>;  // a Get's; of a Set without meaning

struct RegisterModel {
  using Operation = RegisterCall;
  using Answer = RegisterAnswer;
  using State = std::optional<std::uint64_t>;

  [[nodiscard]] State initial() const { return std::nullopt; }
  bool step(State& state, const Operation& call, const Answer* answer) const {
    if (call.is_set) {
      state = call.value;
      return true;
    }
    return answer == nullptr || *answer == state;
  }
  [[nodiscard]] std::uint64_t hash(const State& state) const { return state ? *state + 1 : 0; }
  [[nodiscard]] Key key(const Operation& call) const { return call.key; }
  [[nodiscard]] bool is_read(const Operation& call) const { return !call.is_set; }
  [[nodiscard]] std::string text(const Operation& call, const Answer* answer) const {
    const auto name = [](const State& value) {
      return value ? std::to_string(*value) : std::string("absent");
    };
    const std::string key = std::to_string(call.key);
    if (call.is_set) return "set " + key + " to " + name(call.value);
    return "get " + key + (answer != nullptr ? " is " + name(*answer) : "");
  }
};

using RegisterHistory = testing::History<RegisterCall, RegisterAnswer>;

}  // namespace quintet::ironkv::world
