// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "testing/history.hpp"
#include "testing/linearizability_search.hpp"

// Decides whether a history is linearizable: whether there is an order of its calls that keeps the
// order of time and in which a sequential model gives the same answers. Calls that were never
// answered may be in the order or not.
//
// The search is that of Wing and Gong (1993): the next call of the order is one that began before
// any other call that is left was answered; on a dead end, take back. With Lowe's memory (2017) no
// pair of (calls taken, state of the model) is looked at twice. Histories are split by key where
// the model has keys (linearizability is local). The search is in linearizability_search.hpp, and
// so is what a model has to offer.
//
// On rejection the explanation is the shortest: it names the earliest answer such that the calls
// answered up to it have no order, whether later calls with their answers are put into it or not.
// Threading: one thread.
// Sources: Wing, Gong: Testing and verifying concurrent objects. JPDC 17 (1993). Lowe: Testing for
// linearizability. Concurrency and Computation 29 (2017).
namespace quintet::testing {

struct Judgement {
  Linearizable outcome = Linearizable::kYes;
  std::uint64_t steps = 0;          // of the model
  std::size_t call = 0;             // whose answer is impossible; of kMalformed, the wrong one
  std::vector<std::size_t> window;  // all calls that overlap it in time, itself too, by beginning
  std::vector<std::size_t> before;  // an order that leads there: its last calls
  std::size_t states = 0;           // in which the model may have been then
  std::string explanation;          // for people; empty if linearizable
};

struct JudgeOptions {
  std::uint64_t max_steps = std::uint64_t{1} << 32;
};

namespace internal {

// One sentence and one line per call of the window.
template <SequentialModel Model>
std::string explain(const Model& model, const auto& calls, const Judgement& judgement,
                    const auto& dead_end) {
  const auto line = [&](std::size_t index) {
    const auto& call = calls[index];
    std::string text = "  [" + std::to_string(call.began) + ", " +
                       (call.answered == kNeverAnswered ? "never" : std::to_string(call.answered)) +
                       "] caller " + std::to_string(call.caller) + ", call " +
                       std::to_string(index);
    if constexpr (requires { model.text(call.operation, &*call.answer); }) {
      text += ": " + model.text(call.operation, call.answer ? &*call.answer : nullptr);
    }
    return text + "\n";
  };
  std::string text = "not linearizable: no order allows the answer of call " +
                     std::to_string(judgement.call) + "\n" + line(judgement.call);
  if (judgement.window.size() > 1) text += "at the same time:\n";
  for (const std::size_t index : judgement.window) {
    if (index != judgement.call) text += line(index);
  }
  if (!judgement.before.empty()) text += "an order that leads there ends with:\n";
  for (const std::size_t index : judgement.before) text += line(index);
  text += "states possible then: " + std::to_string(judgement.states);
  if constexpr (requires { model.text(dead_end.examples.front()); }) {
    for (const auto& state : dead_end.examples) text += "\n  " + model.text(state);
  }
  return text + "\n";
}

// By caller, in its order. Returns the first call that cannot be, if there is one.
template <class Calls>
std::optional<std::size_t> malformed_call(const Calls& calls, const Lanes& lanes) {
  for (const auto& lane : lanes.calls) {
    std::uint64_t free_at = 0;
    for (const std::size_t index : lane) {
      const auto& call = calls[index];
      if (call.began < free_at || call.answered < call.began) return index;
      if (call.answered == kNeverAnswered && call.answer) return index;
      free_at = call.answered;
    }
  }
  return std::nullopt;
}

template <class Calls>
Lanes lanes_of(const Calls& calls, const std::vector<std::size_t>& indices) {
  std::map<std::uint32_t, std::vector<std::size_t>> by_caller;
  Lanes lanes;
  for (const std::size_t index : indices) {
    by_caller[calls[index].caller].push_back(index);
    if (calls[index].answered != kNeverAnswered) ++lanes.answered;
  }
  for (auto& [caller, own] : by_caller) {
    std::sort(own.begin(), own.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(calls[a].began, calls[a].answered, a) <
             std::tuple(calls[b].began, calls[b].answered, b);
    });
    lanes.calls.push_back(std::move(own));
  }
  return lanes;
}

// The calls of each key; all of them if the model has no keys.
template <SequentialModel Model>
auto split_by_key(const Model& model, const auto& calls) {
  std::vector<std::vector<std::size_t>> parts;
  if constexpr (KeyedModel<Model>) {
    std::map<std::decay_t<decltype(model.key(calls[0].operation))>, std::size_t> part_of;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto [found, is_new] = part_of.try_emplace(model.key(calls[i].operation), parts.size());
      if (is_new) parts.emplace_back();
      parts[found->second].push_back(i);
    }
  } else {
    parts.emplace_back(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) parts[0][i] = i;
  }
  return parts;
}

// Fills in what is known of a rejected history.
template <SequentialModel Model>
void reject(const Model& model, const auto& calls, const std::vector<std::size_t>& part,
            const auto& dead_end, Judgement& judgement) {
  judgement.outcome = Linearizable::kNo;
  judgement.call = dead_end.call;
  judgement.before = dead_end.before;
  judgement.states = dead_end.states;
  judgement.window.clear();
  const auto& failed = calls[dead_end.call];
  for (const std::size_t index : part) {
    const bool overlaps =
        calls[index].began <= failed.answered && calls[index].answered >= failed.began;
    if (overlaps) judgement.window.push_back(index);
  }
  std::sort(judgement.window.begin(), judgement.window.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(calls[a].began, a) < std::pair(calls[b].began, b);
  });
  judgement.explanation = explain(model, calls, judgement, dead_end);
}

}  // namespace internal

// Judges `calls`, in any order in the list. Time O(calls * callers) for most good histories;
// exponential in the calls at the same time at worst, which `max_steps` bounds.
template <SequentialModel Model>
[[nodiscard]] Judgement judge_linearizability(
    const Model& model, const History<typename Model::Operation, typename Model::Answer>& calls,
    JudgeOptions options = {}) {
  Judgement judgement;
  std::vector<std::size_t> all(calls.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  if (const auto wrong = internal::malformed_call(calls, internal::lanes_of(calls, all))) {
    judgement.outcome = Linearizable::kMalformed;
    judgement.call = *wrong;
    judgement.explanation = "not a history: call " + std::to_string(*wrong) +
                            " begins before its caller was free, or was answered before it began";
    return judgement;
  }
  for (const auto& part : internal::split_by_key(model, calls)) {
    const internal::Lanes lanes = internal::lanes_of(calls, part);
    internal::LinearizationSearch<Model> search(model, calls, lanes,
                                                options.max_steps - judgement.steps);
    const Linearizable outcome = search.run();
    judgement.steps += search.steps();
    const auto when = [&](std::size_t index) {
      const auto& call = calls[index];
      return std::tuple(call.answered, call.caller, call.began, index);
    };
    const bool is_first = judgement.outcome != Linearizable::kNo ||
                          when(search.dead_end().call) < when(judgement.call);
    if (outcome == Linearizable::kNo && is_first) {
      internal::reject(model, calls, part, search.dead_end(), judgement);
    } else if (outcome == Linearizable::kGaveUp && judgement.outcome == Linearizable::kYes) {
      judgement.outcome = outcome;
      judgement.explanation = "undecided after " + std::to_string(judgement.steps) + " steps";
    }
  }
  return judgement;
}

}  // namespace quintet::testing
