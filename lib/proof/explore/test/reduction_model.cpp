// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <random>
#include <set>
#include <vector>

#include "proof/explore/test/programs.hpp"
#include "testing/catch.hpp"

// The reductions lose nothing: small random programs end in the same states with them as without,
// in both models. A state is what every thread has read, what the cells hold at the end, and who
// waits in vain.
namespace quintet::proof::explore {
namespace {

enum class Verb : std::uint8_t {
  kLoad,
  kStore,
  kAdd,
  kCompareExchange,
  kAwait,
  kFence,
  kHeavyFence
};

struct Instruction {
  Verb verb;
  std::size_t cell;
  int value;
  std::memory_order order;
};
using Code = std::vector<std::vector<Instruction>>;

struct Mix {
  int threads, instructions;  // of each thread, at most
  std::size_t cells;
  std::vector<Verb> verbs;
};

std::memory_order order_for(Verb verb, std::uint64_t pick) {
  static constexpr std::array kLoads{relaxed, acquire, seq_cst};
  static constexpr std::array kStores{relaxed, release, seq_cst};
  static constexpr std::array kFences{acquire, release, seq_cst};
  if (verb == Verb::kFence) return kFences[pick % 3];
  if (verb == Verb::kLoad || verb == Verb::kAwait) return kLoads[pick % 3];
  if (verb == Verb::kStore) return kStores[pick % 3];
  return pick % 3 == 0 ? acq_rel : kStores[pick % 3];
}

Code random_code(const Mix& mix, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Code code(static_cast<std::size_t>(mix.threads));
  for (auto& thread : code) {
    const auto count = 1 + random() % static_cast<std::uint64_t>(mix.instructions);
    for (std::uint64_t i = 0; i < count; ++i) {
      const Verb verb = mix.verbs[random() % mix.verbs.size()];
      const auto value = static_cast<int>(random() % 3);
      thread.push_back({verb, random() % mix.cells, value, order_for(verb, random())});
    }
  }
  return code;
}

using State = std::vector<int>;
constexpr int kStuck = -7;

void execute(const std::vector<Instruction>& thread, std::vector<Atomic<int>*>& cells,
             State& reads) {
  for (const Instruction& step : thread) {
    Atomic<int>& cell = *cells[step.cell];
    int expected = step.value;
    switch (step.verb) {
      case Verb::kLoad:
        reads.push_back(cell.load(step.order));
        break;
      case Verb::kStore:
        cell.store(step.value + 1, step.order);
        break;
      case Verb::kAdd:
        reads.push_back(cell.fetch_add(1, step.order));
        break;
      case Verb::kCompareExchange:
        reads.push_back(
            cell.compare_exchange_strong(expected, step.value + 1, step.order, relaxed));
        reads.push_back(expected);
        break;
      case Verb::kAwait: {
        const auto equal = [&step](int value) { return value == step.value; };
        reads.push_back(kStuck);
        ExploredAtomics::await(cell, step.order, equal);
        reads.back() = step.value;
        break;
      }
      case Verb::kFence:
        ExploredAtomics::fence(step.order);
        break;
      case Verb::kHeavyFence:
        ExploredAtomics::heavy_fence();
        break;
    }
  }
}

struct Seen {
  std::set<State> states;
  Report report;
};

Seen run_code(const Code& code, Model model, Reduction reduction) {
  Seen seen;
  std::vector<State> reads(code.size());
  const auto remember = [&seen, &reads](int mark) {
    State state{mark};
    for (const State& of_thread : reads) {
      state.insert(state.end(), of_thread.begin(), of_thread.end());
      state.push_back(-1);
    }
    seen.states.insert(state);
  };
  Options options = with(model, reduction);
  options.keep_going = true;
  seen.report = explore(
      [&](Run& run) {
        Atomic<int> a(0);
        Atomic<int> b(0);
        Atomic<int> c(0);
        std::vector<Atomic<int>*> cells{&a, &b, &c};
        for (std::size_t t = 0; t < code.size(); ++t) {
          reads[t].clear();
          run.spawn("thread", [&, t] { execute(code[t], cells, reads[t]); });
        }
        try {
          run.join();
        } catch (const Stopped&) {
          if (Execution::current().failure().kind == FailureKind::kDeadlock) remember(kStuck);
          throw;
        }
        int mark = 0;
        for (const Atomic<int>* cell : cells) mark = mark * 16 + cell->load(relaxed);
        remember(mark);
      },
      options);
  return seen;
}

struct Totals {
  std::uint64_t programs = 0;
  std::array<std::uint64_t, 3> executions{}, pruned{};
};

void compare(const Mix& mix, std::uint64_t first_seed, std::uint64_t count, Model model,
             Totals& totals) {
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    const Code code = random_code(mix, seed);
    const Seen all = run_code(code, model, Reduction::kNone);
    const Seen sleep = run_code(code, model, Reduction::kSleepSets);
    const Seen source = run_code(code, model, Reduction::kSourceSets);
    ++totals.programs;
    std::size_t i = 0;
    for (const Seen* seen : {&all, &sleep, &source}) {
      totals.executions[i] += seen->report.executions;
      totals.pruned[i++] += seen->report.pruned;
      if (seen->report.reach != Reach::kExhaustive) FAIL("cut short, seed " << seed);
      if (seen->states != all.states) {
        FAIL("states are lost: seed " << seed << ", " << to_string(model) << ", reduction " << i - 1
                                      << ": " << seen->states.size() << " of "
                                      << all.states.size());
      }
    }
  }
}

void compare_in_both(const char* name, const Mix& mix, std::uint64_t count) {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    Totals totals;
    compare(mix, 1, count, model, totals);
    std::cout << "  " << name << ", " << to_string(model) << ": " << totals.programs
              << " programs; executions without reduction " << totals.executions[0]
              << ", sleep sets " << totals.executions[1] << " (+" << totals.pruned[1]
              << " pruned), source sets " << totals.executions[2] << " (+" << totals.pruned[2]
              << " pruned)" << std::endl;
    CHECK(totals.executions[2] < totals.executions[0]);
    CHECK(totals.pruned[2] <= totals.pruned[1]);
  }
}

using enum Verb;

TEST_CASE("reductions keep all states of programs of loads and stores") {
  compare_in_both("2 threads x 4", {2, 4, 2, {kLoad, kStore}}, 300);
  compare_in_both("3 threads x 2", {3, 2, 2, {kLoad, kStore}}, 300);
}

TEST_CASE("reductions keep all states of programs with updates and fences") {
  compare_in_both("2 threads x 4", {2, 4, 2, {kLoad, kStore, kAdd, kCompareExchange, kFence}}, 300);
  compare_in_both("3 threads x 2", {3, 2, 2, {kLoad, kStore, kAdd, kCompareExchange, kFence}}, 300);
}

TEST_CASE("reductions keep all states of programs that wait") {
  compare_in_both("3 threads x 3", {3, 3, 2, {kLoad, kStore, kStore, kAwait}}, 200);
  compare_in_both("4 threads x 2", {4, 2, 2, {kStore, kAdd, kAwait, kAwait}}, 60);
}

TEST_CASE("reductions keep all states of programs with heavy fences") {
  compare_in_both("2 threads x 4", {2, 4, 2, {kLoad, kStore, kAdd, kHeavyFence}}, 300);
  compare_in_both("3 threads x 2", {3, 2, 2, {kLoad, kStore, kAwait, kFence, kHeavyFence}}, 300);
}

// Programs that once showed a reduction wrong.
TEST_CASE("reductions keep all states of programs on which they failed before") {
  Totals totals;
  // A wait that other steps enable races with a fence: those others begin the reversed execution.
  compare({4, 2, 2, {kLoad, kStore, kAdd, kCompareExchange, kAwait, kFence}}, 591, 1, Model::kViews,
          totals);
  CHECK(totals.programs == 1);
}

// A campaign for those who change the reductions: minutes. Run it by its name.
TEST_CASE("reductions keep all states of many more programs", "[.]") {
  const std::vector<Verb> all{kLoad, kStore, kAdd, kCompareExchange, kAwait, kFence};
  compare_in_both("2 threads x 5", {2, 5, 2, all}, 3000);
  compare_in_both("3 threads x 3", {3, 3, 2, all}, 3000);
  compare_in_both("3 threads x 3, 3 cells", {3, 3, 3, all}, 3000);
  compare_in_both("4 threads x 2", {4, 2, 2, all}, 3000);
}

}  // namespace
}  // namespace quintet::proof::explore
