// SPDX-License-Identifier: MIT
#include "testing/linearizability.hpp"

#include <cstdint>
#include <random>
#include <tuple>

#include "testing/catch.hpp"
#include "testing/test/made_histories.hpp"

// The judge of histories: what it accepts and what it rejects, how it explains, and against the
// judge that tries all orders.
namespace quintet::testing {
namespace {

Linearizable outcome_of(const RegisterHistory& history) {
  return judge_linearizability(RegisterModel(), history).outcome;
}

TEST_CASE("an empty history and calls one after the other are linearizable") {
  REQUIRE(outcome_of({}) == Linearizable::kYes);
  REQUIRE(outcome_of({{0, 1, 2, write_of(7), 0}, {1, 3, 4, read_of(), 7}}) == Linearizable::kYes);
}

TEST_CASE("calls at the same time may be in either order") {
  const RegisterHistory new_value = {{0, 1, 9, write_of(7), 0}, {1, 2, 4, read_of(), 7}};
  const RegisterHistory old_value = {{0, 1, 9, write_of(7), 0}, {1, 2, 4, read_of(), 0}};
  const RegisterHistory touching = {{0, 1, 5, write_of(7), 0}, {1, 5, 6, read_of(), 0}};
  REQUIRE(outcome_of(new_value) == Linearizable::kYes);
  REQUIRE(outcome_of(old_value) == Linearizable::kYes);
  REQUIRE(outcome_of(touching) == Linearizable::kYes);
}

TEST_CASE("a stale read is rejected and the explanation names it") {
  const RegisterHistory history = {{0, 1, 2, write_of(7), 0},
                                   {1, 1, 20, add_of(1), 8},
                                   {0, 4, 6, read_of(), 0},
                                   {0, 7, 30, read_of(), 8}};
  const Judgement judgement = judge_linearizability(RegisterModel(), history);
  REQUIRE(judgement.outcome == Linearizable::kNo);
  REQUIRE(judgement.call == 2);
  REQUIRE(judgement.window == std::vector<std::size_t>{1, 2});
  REQUIRE(judgement.before == std::vector<std::size_t>{0, 1});
  REQUIRE(judgement.states == 2);  // 7, or 8 if the addition took effect
  REQUIRE(judgement.explanation ==
          "not linearizable: no order allows the answer of call 2\n"
          "  [4, 6] caller 0, call 2: read 0 -> 0\n"
          "at the same time:\n"
          "  [1, 20] caller 1, call 1: add 1 -> 8\n"
          "an order that leads there ends with:\n"
          "  [1, 2] caller 0, call 0: write 7 -> 0\n"
          "  [1, 20] caller 1, call 1: add 1 -> 8\n"
          "states possible then: 2\n"
          "  value 8\n"
          "  value 7\n");
}

TEST_CASE("two readers that see two writes in different orders are rejected") {
  const RegisterHistory history = {{0, 1, 99, write_of(1), 0}, {1, 1, 99, write_of(2), 0},
                                   {2, 2, 3, read_of(), 1},    {2, 4, 5, read_of(), 2},
                                   {3, 2, 3, read_of(), 2},    {3, 4, 5, read_of(), 1}};
  REQUIRE(outcome_of(history) == Linearizable::kNo);
}

TEST_CASE("a lost update is rejected") {
  const RegisterHistory history = {{0, 1, 9, add_of(1), 1}, {1, 1, 9, add_of(1), 1}};
  REQUIRE(outcome_of(history) == Linearizable::kNo);
}

TEST_CASE("an order against the order of time is rejected") {
  // The second caller asks when the first has its answer, and is told that it came before it.
  const RegisterHistory history = {{0, 1, 2, add_of(1), 2}, {1, 3, 4, add_of(1), 1}};
  REQUIRE(outcome_of(history) == Linearizable::kNo);
  // The order of one caller holds even where the clock is too coarse to show it.
  const RegisterHistory same_tick = {{0, 1, 1, add_of(1), 2}, {0, 1, 1, add_of(1), 1}};
  REQUIRE(outcome_of(same_tick) == Linearizable::kNo);
}

TEST_CASE("a call that was never answered may have taken effect at any time or not") {
  const RegisterHistory not_seen = {{0, 1, kNeverAnswered, write_of(7), {}},
                                    {1, 5, 6, read_of(), 0}};
  const RegisterHistory seen_late = {
      {0, 1, kNeverAnswered, write_of(7), {}}, {1, 5, 6, read_of(), 0}, {1, 7, 8, read_of(), 7}};
  const RegisterHistory unseen = {
      {0, 1, kNeverAnswered, write_of(7), {}}, {1, 5, 6, read_of(), 7}, {1, 7, 8, read_of(), 0}};
  const RegisterHistory too_early = {{0, 7, kNeverAnswered, write_of(7), {}},
                                     {1, 5, 6, read_of(), 7}};
  REQUIRE(outcome_of(not_seen) == Linearizable::kYes);
  REQUIRE(outcome_of(seen_late) == Linearizable::kYes);
  REQUIRE(outcome_of(unseen) == Linearizable::kNo);
  REQUIRE(outcome_of(too_early) == Linearizable::kNo);
}

TEST_CASE("an acknowledgement whose answer is unknown must have taken effect") {
  const RegisterHistory history = {{0, 1, 2, add_of(1), {}}, {1, 5, 6, read_of(), 0}};
  REQUIRE(outcome_of(history) == Linearizable::kNo);
}

TEST_CASE("what is no history is called malformed") {
  const RegisterHistory at_once = {{0, 1, 5, read_of(), 0}, {0, 3, 9, read_of(), 0}};
  const RegisterHistory backwards = {{0, 5, 3, read_of(), 0}};
  const RegisterHistory after_silence = {{0, 1, kNeverAnswered, read_of(), {}},
                                         {0, 3, 9, read_of(), 0}};
  REQUIRE(outcome_of(at_once) == Linearizable::kMalformed);
  REQUIRE(outcome_of(backwards) == Linearizable::kMalformed);
  REQUIRE(outcome_of(after_silence) == Linearizable::kMalformed);
}

TEST_CASE("keys are judged apart and the earliest impossible answer is named") {
  const RegisterHistory history = {{0, 1, 2, write_of(7, 1), 0},
                                   {1, 1, 2, write_of(8, 2), 0},
                                   {0, 9, 10, read_of(1), 0},
                                   {1, 5, 6, read_of(2), 7}};
  const Judgement judgement = judge_linearizability(RegisterModel(), history);
  REQUIRE(judgement.outcome == Linearizable::kNo);
  REQUIRE(judgement.call == 3);
}

TEST_CASE("the limit of steps ends a search without a verdict") {
  RegisterHistory history;
  for (std::uint32_t caller = 0; caller < 12; ++caller) {
    history.push_back({caller, 1, 100, add_of(std::uint64_t{1} << caller), {}});
  }
  history.push_back({12, 200, 201, read_of(), 0});
  const Judgement judgement = judge_linearizability(RegisterModel(), history, {.max_steps = 1000});
  REQUIRE(judgement.outcome == Linearizable::kGaveUp);
  REQUIRE(judgement.steps == 1000);
  REQUIRE(outcome_of(history) == Linearizable::kNo);  // 2^12 sets, and not 12! orders
}

// What was answered up to the answer of call `last`, that one included or not; all else may be left
// out. Of answers at one time, that of the lower caller is the earlier.
RegisterHistory up_to(const RegisterHistory& history, std::size_t last, bool inclusive) {
  const auto when = [&](std::size_t i) {
    return std::tuple(history[i].answered, history[i].caller, history[i].began, i);
  };
  RegisterHistory cut;
  for (std::size_t i = 0; i < history.size(); ++i) {
    auto call = history[i];
    if (call.began > history[last].answered) continue;
    const bool is_kept = when(i) < when(last) || (inclusive && i == last);
    if (!is_kept) call.answered = kNeverAnswered;
    cut.push_back(call);
  }
  return cut;
}

TEST_CASE("the judge agrees with trying all orders and explains with the shortest history") {
  std::mt19937_64 random(20261125);
  std::size_t rejected = 0;
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Shape shape{.callers = 1 + static_cast<std::uint32_t>(random() % 4),
                      .each = 1 + random() % 2,
                      .longest = 1 + random() % 8,
                      .keys = 1 + random() % 2};
    RegisterHistory history = good_history(shape, random);
    if (history.size() > 6) continue;
    for (auto& call : history) {
      if (random() % 4 == 0) call.answer = random() % 8;
    }
    for (std::uint32_t caller = 0; caller < shape.callers; ++caller) {  // the last of each
      if (random() % 4 != 0) continue;
      for (auto it = history.rbegin(); it != history.rend(); ++it) {
        if (it->caller != caller) continue;
        it->answered = kNeverAnswered;
        it->answer.reset();
        break;
      }
    }
    const Judgement judgement = judge_linearizability(RegisterModel(), history);
    const bool expected = judge_by_all_orders(history);
    REQUIRE((judgement.outcome == Linearizable::kYes) == expected);
    if (expected) {
      ++accepted;
      continue;
    }
    ++rejected;
    REQUIRE(judge_by_all_orders(up_to(history, judgement.call, false)));
    INFO(judgement.explanation);
    REQUIRE(!judge_by_all_orders(up_to(history, judgement.call, true)));
  }
  REQUIRE(rejected > 2000);
  REQUIRE(accepted > 2000);
}

TEST_CASE("four callers with ten thousand calls each are judged in linear time") {
  std::mt19937_64 random(7);
  RegisterHistory history =
      good_history({.callers = 4, .each = 10'000, .longest = 50, .keys = 1}, random);
  const Judgement good = judge_linearizability(RegisterModel(), history);
  REQUIRE(good.outcome == Linearizable::kYes);
  REQUIRE(good.steps < 20 * history.size());
  // An impossible answer late in it is found, and found to be that one.
  const std::size_t bad = history.size() - 100;
  history[bad].answer = 1'000'000'000;
  const Judgement judgement = judge_linearizability(RegisterModel(), history);
  REQUIRE(judgement.outcome == Linearizable::kNo);
  REQUIRE(judgement.call == bad);
  REQUIRE(judgement.steps < 20 * history.size());
  REQUIRE(judgement.window.size() < 20);
}

TEST_CASE("a caller that was asleep during thousands of calls costs no more") {
  std::mt19937_64 random(8);
  RegisterHistory history =
      good_history({.callers = 3, .each = 5'000, .longest = 50, .keys = 1}, random);
  std::uint64_t end = 0;
  for (const auto& call : history) end = std::max(end, call.answered);
  for (std::uint32_t caller = 3; caller < 8; ++caller) {
    history.push_back({caller, 0, end, read_of(), history[history.size() / 2].answer});
    history.push_back({caller + 100, 0, kNeverAnswered, read_of(), {}});
  }
  for (auto& call : history) {
    if (call.caller >= 3 && call.answer) call.answer = 0;  // before all others
  }
  const Judgement judgement = judge_linearizability(RegisterModel(), history);
  REQUIRE(judgement.outcome == Linearizable::kYes);
  REQUIRE(judgement.steps < 100 * history.size());
}

}  // namespace
}  // namespace quintet::testing
