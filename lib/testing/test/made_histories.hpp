// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "testing/linearizability.hpp"

// Histories that are linearizable by construction, models for them, and the slowest judge: it tries
// all orders.
namespace quintet::testing {

// A register per key. Write: answers nothing of interest (0). Add: answers the new value.
struct RegisterOp {
  enum class Kind : std::uint8_t { kRead, kWrite, kAdd };
  Kind kind = Kind::kRead;
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};

inline RegisterOp read_of(std::uint64_t key = 0) { return {RegisterOp::Kind::kRead, key, 0}; }
inline RegisterOp write_of(std::uint64_t value, std::uint64_t key = 0) {
  return {RegisterOp::Kind::kWrite, key, value};
}
inline RegisterOp add_of(std::uint64_t value, std::uint64_t key = 0) {
  return {RegisterOp::Kind::kAdd, key, value};
}

struct RegisterModel {
  using State = std::uint64_t;
  using Operation = RegisterOp;
  using Answer = std::uint64_t;

  State initial() const { return 0; }
  bool step(State& state, const Operation& op, const Answer* answer) const {
    if (op.kind == RegisterOp::Kind::kWrite) state = op.value;
    if (op.kind == RegisterOp::Kind::kAdd) state += op.value;
    const std::uint64_t told = op.kind == RegisterOp::Kind::kWrite ? 0 : state;
    return answer == nullptr || *answer == told;
  }
  std::uint64_t hash(const State& state) const { return state; }
  std::uint64_t key(const Operation& op) const { return op.key; }
  bool is_read(const Operation& op) const { return op.kind == RegisterOp::Kind::kRead; }
  std::string text(const Operation& op, const Answer* answer) const {
    static constexpr const char* kNames[] = {"read", "write", "add"};
    return std::string(kNames[static_cast<int>(op.kind)]) + " " + std::to_string(op.value) +
           " -> " + (answer == nullptr ? "?" : std::to_string(*answer));
  }
  std::string text(const State& state) const { return "value " + std::to_string(state); }
};

using RegisterHistory = History<RegisterOp, std::uint64_t>;

struct Shape {
  std::uint32_t callers = 4;
  std::size_t each = 10;       // calls
  std::uint64_t longest = 10;  // time that half a call takes at most; the pause after it, too
  std::uint64_t keys = 1;
};

// Every call takes effect at a moment within its interval, in the order of these moments.
inline RegisterHistory good_history(Shape shape, std::mt19937_64& random) {
  struct Made {
    std::uint64_t effect;
    std::size_t number;
    Call<RegisterOp, std::uint64_t> call;
  };
  std::vector<Made> made;
  for (std::uint32_t caller = 0; caller < shape.callers; ++caller) {
    std::uint64_t now = random() % shape.longest;
    for (std::size_t i = 0; i < shape.each; ++i) {
      const std::uint64_t began = now + random() % shape.longest;
      const std::uint64_t effect = began + random() % shape.longest;
      now = effect + random() % shape.longest;
      RegisterOp op{static_cast<RegisterOp::Kind>(random() % 3), random() % shape.keys,
                    1 + random() % 5};
      made.push_back({effect, 0, {caller, began, now, op, 0}});
    }
  }
  for (std::size_t i = 0; i < made.size(); ++i) made[i].number = i;
  std::sort(made.begin(), made.end(), [](const Made& a, const Made& b) {
    return std::pair(a.effect, a.number) < std::pair(b.effect, b.number);
  });
  std::vector<std::uint64_t> registers(shape.keys);
  RegisterHistory history;
  for (Made& each : made) {
    const RegisterOp& op = each.call.operation;
    std::uint64_t& value = registers[op.key];
    if (op.kind == RegisterOp::Kind::kWrite) value = op.value;
    if (op.kind == RegisterOp::Kind::kAdd) value += op.value;
    each.call.answer = op.kind == RegisterOp::Kind::kWrite ? 0 : value;
    history.push_back(each.call);
  }
  return history;
}

// Whether some order of some of the calls, all answered ones included, is right.
inline bool judge_by_all_orders(const RegisterHistory& calls) {
  std::vector<std::size_t> order(calls.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_right = [&] {
    std::vector<std::uint64_t> registers(8);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto& call = calls[order[i]];
      // Calls that were never answered and stand at the end have not happened.
      if (std::all_of(order.begin() + static_cast<std::ptrdiff_t>(i), order.end(),
                      [&](std::size_t c) { return calls[c].answered == kNeverAnswered; })) {
        return true;
      }
      for (std::size_t j = i + 1; j < order.size(); ++j) {
        const auto& later = calls[order[j]];
        const bool must_be_before =
            later.answered < call.began ||
            (later.caller == call.caller &&
             std::pair(later.began, order[j]) < std::pair(call.began, order[i]));
        if (must_be_before) return false;
      }
      if (!RegisterModel().step(registers[call.operation.key], call.operation,
                                call.answer ? &*call.answer : nullptr)) {
        return false;
      }
    }
    return true;
  };
  do {
    if (is_right()) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

}  // namespace quintet::testing
