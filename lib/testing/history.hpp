// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

// What concurrent callers saw: which operations they called, when, and what was answered. Recorded
// from outside of a system, judged by linearizability.hpp.
//
// Times are of one clock for all callers, in any unit. What an interval says is that the operation
// took effect within it. So a call that is stamped as longer than it was can only hide something;
// nothing may be stamped as shorter. One call came before another if it was answered at an earlier
// time than the other began; equal times count as at the same time.
// Threading: a caller records into a list of its own; lists are joined when all callers are done.
namespace quintet::testing {

inline constexpr std::uint64_t kNeverAnswered = std::numeric_limits<std::uint64_t>::max();

template <class Operation, class Answer>
struct Call {
  std::uint32_t caller = 0;  // does one thing at a time
  std::uint64_t began = 0;
  std::uint64_t answered = kNeverAnswered;
  Operation operation{};
  std::optional<Answer> answer;  // none if never answered; it may have taken effect or not
};

template <class Operation, class Answer>
using History = std::vector<Call<Operation, Answer>>;

[[nodiscard]] inline std::uint64_t history_now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// Runs `call()`, which carries out `operation`, and appends what happened to `history`.
template <class Operation, class Answer, class Body>
void record_call(History<Operation, Answer>& history, std::uint32_t caller, Operation operation,
                 Body call) {
  const std::uint64_t began = history_now();
  Answer answer = call();
  const std::uint64_t answered = history_now();
  history.push_back({caller, began, answered, std::move(operation), std::move(answer)});
}

// The lists of all callers as one history.
template <class Operation, class Answer>
[[nodiscard]] History<Operation, Answer> join_histories(
    std::vector<History<Operation, Answer>> lists) {
  History<Operation, Answer> all;
  for (auto& list : lists) {
    for (auto& call : list) all.push_back(std::move(call));
  }
  return all;
}

}  // namespace quintet::testing
