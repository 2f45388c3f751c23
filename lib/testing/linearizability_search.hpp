// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "testing/history.hpp"

// The search of linearizability.hpp: for one order of the calls that belong together.
//
// Callers do one thing at a time, so what is left of a history is a position per caller, and a step
// costs O(callers), however long the history is.
// The memory holds hashes of 64 bits for the calls and whatever the model offers for the state:
// should two pairs be mistaken for one, a good history may be rejected, but none be accepted.
// Threading: one thread.
namespace quintet::testing {

//   State initial() const;
//   bool step(State& state, const Operation& operation, const Answer* answer) const;
//       carries out `operation` in `state`. False if the answer would not be `*answer` (the state
//       is then of no interest). With null any answer will do.
//   std::uint64_t hash(const State& state) const;
// and optionally
//   auto key(const Operation&) const;         operations of different keys do not touch one another
//   bool is_read(const Operation&) const;     changes no state, which makes the search shorter
//   std::string text(const Operation&, const Answer*) const;      for explanations
//   std::string text(const State&) const;
template <class M>
concept SequentialModel =
    requires(const M model, typename M::State state, const typename M::Operation operation,
             const typename M::Answer* answer) {
      { model.initial() } -> std::same_as<typename M::State>;
      { model.step(state, operation, answer) } -> std::same_as<bool>;
      { model.hash(state) } -> std::convertible_to<std::uint64_t>;
    };
template <class M>
concept KeyedModel = SequentialModel<M> &&
                     requires(const M model, const typename M::Operation op) { model.key(op); };

enum class Linearizable : std::uint8_t {
  kYes,
  kNo,
  kGaveUp,     // the limit of steps was reached
  kMalformed,  // a caller did two things at once, or was answered before it asked
};

namespace internal {

// Of a history, what belongs together: indices of calls, by caller and time.
struct Lanes {
  std::vector<std::vector<std::size_t>> calls;
  std::size_t answered = 0;  // calls with an answer
};

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t word) {  // the finalizer of MurmurHash3
  word = (word ^ (word >> 33)) * 0xFF51'AFD7'ED55'8CCD;
  word = (word ^ (word >> 33)) * 0xC4CE'B9FE'1A85'EC53;
  return word ^ (word >> 33);
}

template <SequentialModel Model>
class LinearizationSearch {
 public:
  using State = typename Model::State;
  using Calls = History<typename Model::Operation, typename Model::Answer>;

  LinearizationSearch(const Model& model, const Calls& calls, const Lanes& lanes,
                      std::uint64_t max_steps)
      : model_(model),
        calls_(calls),
        lanes_(lanes.calls),
        left_(lanes.answered),
        next_(lanes.calls.size(), 0),
        max_steps_(max_steps) {}

  Linearizable run() {
    seen_.reserve(left_);
    State state = model_.initial();
    Cursor cursor;
    while (left_ != 0) {
      if (steps_ >= max_steps_) return Linearizable::kGaveUp;
      const auto lane = candidate_after(cursor);
      if (!lane) {
        note_dead_end(state);
        if (!take_back(state, cursor)) return Linearizable::kNo;
        continue;
      }
      cursor = {answered(*lane), *lane, true};
      State after = state;
      ++steps_;
      if (!step(after, call_of(*lane))) continue;
      const bool changes_nothing = model_.hash(after) == model_.hash(state);
      // Never answered and of no effect here: it need not be in the order here.
      if (changes_nothing && answered(*lane) == kNeverAnswered) continue;
      // A read that may be next can as well be next: no order is lost if no other call is tried.
      const bool is_only = changes_nothing && is_read(*lane);
      if (is_new(*lane, after)) {
        taken_.push_back({std::move(state), cursor, is_only});
        take(*lane);
        state = std::move(after);
        cursor = {};
      } else if (is_only && !take_back(state, cursor)) {
        return Linearizable::kNo;
      }
    }
    return Linearizable::kYes;
  }

  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  // Of an answer: its time, its caller, and which of the caller's calls it is of.
  using Moment = std::tuple<std::uint64_t, std::size_t, std::size_t>;

  // What is known of a rejected history.
  struct DeadEnd {
    std::size_t call = 0;
    Moment at{};
    std::size_t states = 0;
    std::vector<std::size_t> before;
    std::vector<State> examples;
  };
  [[nodiscard]] const DeadEnd& dead_end() const { return dead_end_; }

 private:
  static constexpr std::size_t kShown = 8;

  // The candidates of a step in the order in which they are tried: who was answered first has the
  // least choice.
  struct Cursor {
    std::uint64_t answered = 0;
    std::size_t lane = 0;
    bool started = false;
    [[nodiscard]] bool before(std::uint64_t time, std::size_t other) const {
      return !started || answered < time || (answered == time && lane < other);
    }
  };
  struct Taken {
    State state;    // before it
    Cursor cursor;  // at it
    bool is_only;   // no other call need be tried in its place
  };
  struct SeenHash {
    std::size_t operator()(const std::pair<std::uint64_t, std::uint64_t>& pair) const {
      return pair.first ^ mix(pair.second);
    }
  };

  [[nodiscard]] bool is_done(std::size_t lane) const { return next_[lane] == lanes_[lane].size(); }
  [[nodiscard]] std::size_t call_of(std::size_t lane) const { return lanes_[lane][next_[lane]]; }
  [[nodiscard]] std::uint64_t answered(std::size_t lane) const {
    return calls_[call_of(lane)].answered;
  }

  // Of the callers' next calls, those that began before any of them was answered.
  [[nodiscard]] std::optional<std::size_t> candidate_after(const Cursor& cursor) const {
    std::uint64_t deadline = kNeverAnswered;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (!is_done(lane)) deadline = std::min(deadline, answered(lane));
    }
    std::optional<std::size_t> best;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (is_done(lane) || calls_[call_of(lane)].began > deadline) continue;
      if (!cursor.before(answered(lane), lane)) continue;
      if (!best || answered(lane) < answered(*best)) best = lane;
    }
    return best;
  }

  bool step(State& state, std::size_t index) const {
    const auto& call = calls_[index];
    return model_.step(state, call.operation, call.answer ? &*call.answer : nullptr);
  }
  [[nodiscard]] bool is_read(std::size_t lane) const {
    if constexpr (requires { model_.is_read(calls_[0].operation); }) {
      return model_.is_read(calls_[call_of(lane)].operation);
    }
    return false;
  }
  bool is_new(std::size_t lane, const State& after) {
    return seen_.emplace(taken_hash_ ^ mix(call_of(lane) + 1), model_.hash(after)).second;
  }
  void take(std::size_t lane) {
    taken_hash_ ^= mix(call_of(lane) + 1);
    if (answered(lane) != kNeverAnswered) --left_;
    ++next_[lane];
  }
  void put_back(std::size_t lane) {
    --next_[lane];
    if (answered(lane) != kNeverAnswered) ++left_;
    taken_hash_ ^= mix(call_of(lane) + 1);
  }

  // Back to the last choice that has alternatives left; false if there is none.
  bool take_back(State& state, Cursor& cursor) {
    while (!taken_.empty()) {
      state = std::move(taken_.back().state);
      cursor = taken_.back().cursor;
      const bool is_only = taken_.back().is_only;
      taken_.pop_back();
      put_back(cursor.lane);
      if (!is_only) return true;
    }
    return false;
  }

  // No order passes the latest answer at which a search ever stood: everything that was answered
  // earlier had been taken there.
  void note_dead_end(const State& state) {
    std::size_t target = lanes_.size();
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (is_done(lane)) continue;
      if (target == lanes_.size() || answered(lane) < answered(target)) target = lane;
    }
    const Moment at(answered(target), target, next_[target]);
    if (dead_end_.states != 0 && at < dead_end_.at) return;
    if (dead_end_.states == 0 || at > dead_end_.at) {
      dead_end_ = {call_of(target), at, 0, last_taken(), {}};
    }
    ++dead_end_.states;
    if (dead_end_.examples.size() < kShown) dead_end_.examples.push_back(state);
  }
  [[nodiscard]] std::vector<std::size_t> last_taken() const {
    std::vector<std::size_t> last;
    std::vector<std::size_t> next = next_;
    for (auto it = taken_.rbegin(); it != taken_.rend() && last.size() < kShown; ++it) {
      last.push_back(lanes_[it->cursor.lane][--next[it->cursor.lane]]);
    }
    std::reverse(last.begin(), last.end());
    return last;
  }

  const Model& model_;
  const Calls& calls_;
  const std::vector<std::vector<std::size_t>>& lanes_;
  std::size_t left_;               // calls with an answer that are not taken
  std::vector<std::size_t> next_;  // per caller: how many are taken
  std::vector<Taken> taken_;       // the order so far
  std::uint64_t taken_hash_ = 0;   // of the set of calls taken
  std::unordered_set<std::pair<std::uint64_t, std::uint64_t>, SeenHash> seen_;
  std::uint64_t steps_ = 0;
  std::uint64_t max_steps_;
  DeadEnd dead_end_;
};

}  // namespace internal

}  // namespace quintet::testing
