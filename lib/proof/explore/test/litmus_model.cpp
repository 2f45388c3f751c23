// SPDX-License-Identifier: MIT
#include <functional>
#include <iostream>
#include <set>
#include <vector>

#include "proof/explore/test/programs.hpp"
#include "testing/catch.hpp"

// The classic litmus tests: which results each model of memory allows, and how many executions
// that takes. The verdicts are C++20's, but for load buffering, which views do not produce.
namespace quintet::proof::explore {
namespace {

using Results = std::set<std::vector<int>>;
struct Cells {
  Atomic<int> x{0};
  Atomic<int> y{0};
  std::vector<int> seen;  // by the threads, one slot a load
};
using Threads = std::vector<std::function<void(Cells&)>>;

Results results(const char* name, Model model, std::size_t loads, const Threads& threads) {
  Results found;
  const Report report = explore(
      [&](Run& run) {
        Cells cells;
        cells.seen.assign(loads, -1);
        for (const auto& thread : threads) run.spawn("thread", [&] { thread(cells); });
        run.join();
        found.insert(cells.seen);
      },
      with(model));
  CHECK(report.exhaustive());
  std::cout << "  " << name << ": " << report.summary() << std::endl;
  return found;
}

bool possible(const char* name, Model model, const Threads& threads, const std::vector<int>& seen) {
  return results(name, model, seen.size(), threads).contains(seen);
}
// Under views; the same result is impossible under interleavings.
bool weak(const char* name, const Threads& threads, const std::vector<int>& seen) {
  CHECK_FALSE(possible(name, Model::kSequential, threads, seen));
  return possible(name, Model::kViews, threads, seen);
}

void fence(std::memory_order order) { ExploredAtomics::fence(order); }

Threads store_buffering(std::memory_order store, std::memory_order load, bool fences) {
  return {[=](Cells& c) {
            c.x.store(1, store);
            if (fences) fence(seq_cst);
            c.seen[0] = c.y.load(load);
          },
          [=](Cells& c) {
            c.y.store(1, store);
            if (fences) fence(seq_cst);
            c.seen[1] = c.x.load(load);
          }};
}

TEST_CASE("litmus SB: both threads miss the other store unless seq_cst") {
  CHECK(weak("SB relaxed", store_buffering(relaxed, relaxed, false), {0, 0}));
  CHECK(weak("SB release acquire", store_buffering(release, acquire, false), {0, 0}));
  CHECK_FALSE(weak("SB seq_cst", store_buffering(seq_cst, seq_cst, false), {0, 0}));
  CHECK_FALSE(weak("SB relaxed with fences", store_buffering(relaxed, relaxed, true), {0, 0}));
  CHECK(results("SB relaxed", Model::kSequential, 2, store_buffering(relaxed, relaxed, false)) ==
        Results{{0, 1}, {1, 0}, {1, 1}});
  CHECK(results("SB relaxed", Model::kViews, 2, store_buffering(relaxed, relaxed, false)) ==
        Results{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
}

TEST_CASE("litmus SB: updates do not replace seq_cst") {
  const Threads threads = {[](Cells& c) {
                             c.x.exchange(1, acq_rel);
                             c.seen[0] = c.y.load(acquire);
                           },
                           [](Cells& c) {
                             c.y.exchange(1, acq_rel);
                             c.seen[1] = c.x.load(acquire);
                           }};
  CHECK(weak("SB acq_rel exchanges", threads, {0, 0}));
}

enum class Fence : std::uint8_t { kLight, kHeavy };
Threads unequal_fences(Fence mine, Fence theirs) {
  const auto make = [](Fence fence) {
    if (fence == Fence::kLight) ExploredAtomics::light_fence();
    if (fence == Fence::kHeavy) ExploredAtomics::heavy_fence();
  };
  return {[=](Cells& c) {
            c.x.store(1, relaxed);
            make(mine);
            c.seen[0] = c.y.load(relaxed);
          },
          [=](Cells& c) {
            c.y.store(1, relaxed);
            make(theirs);
            c.seen[1] = c.x.load(relaxed);
          }};
}

TEST_CASE("litmus SB: a light fence is worth something beside a heavy one only") {
  CHECK(weak("SB light light", unequal_fences(Fence::kLight, Fence::kLight), {0, 0}));
  CHECK_FALSE(weak("SB light heavy", unequal_fences(Fence::kLight, Fence::kHeavy), {0, 0}));
  CHECK_FALSE(weak("SB heavy heavy", unequal_fences(Fence::kHeavy, Fence::kHeavy), {0, 0}));
  // All others are still possible.
  CHECK(results("SB light heavy", Model::kViews, 2, unequal_fences(Fence::kLight, Fence::kHeavy)) ==
        Results{{0, 1}, {1, 0}, {1, 1}});
}

Threads message_passing(std::memory_order store, std::memory_order load, bool fences) {
  return {[=](Cells& c) {
            c.x.store(1, relaxed);
            if (fences) fence(release);
            c.y.store(1, store);
          },
          [=](Cells& c) {
            c.seen[0] = c.y.load(load);
            if (fences) fence(acquire);
            c.seen[1] = c.x.load(relaxed);
          }};
}

TEST_CASE("litmus MP: the message follows its flag if released and acquired") {
  CHECK(weak("MP relaxed", message_passing(relaxed, relaxed, false), {1, 0}));
  CHECK(weak("MP release only", message_passing(release, relaxed, false), {1, 0}));
  CHECK(weak("MP acquire only", message_passing(relaxed, acquire, false), {1, 0}));
  CHECK_FALSE(weak("MP release acquire", message_passing(release, acquire, false), {1, 0}));
  CHECK_FALSE(weak("MP with fences", message_passing(relaxed, relaxed, true), {1, 0}));
}

TEST_CASE("litmus MP: release sequences go through updates and not through stores") {
  const auto threads = [](bool update) {
    return Threads{[](Cells& c) {
                     c.x.store(1, relaxed);
                     c.y.store(1, release);
                   },
                   [=](Cells& c) {
                     if (ExploredAtomics::await(c.y, relaxed, [](int y) { return y > 0; }) == 1) {
                       if (update) c.y.fetch_add(1, relaxed);
                       if (!update) c.y.store(2, relaxed);
                     }
                   },
                   [](Cells& c) {
                     c.seen[0] = c.y.load(acquire);
                     c.seen[1] = c.x.load(relaxed);
                   }};
  };
  CHECK_FALSE(weak("release sequence update", threads(true), {2, 0}));
  CHECK(weak("release sequence broken", threads(false), {2, 0}));
}

TEST_CASE("litmus LB: load buffering is not produced") {
  const Threads threads = {[](Cells& c) {
                             c.seen[0] = c.x.load(relaxed);
                             c.y.store(1, relaxed);
                           },
                           [](Cells& c) {
                             c.seen[1] = c.y.load(relaxed);
                             c.x.store(1, relaxed);
                           }};
  // C++ allows it, and compilers and POWER do it; README.md says what that means.
  CHECK_FALSE(weak("LB relaxed", threads, {1, 1}));
}

Threads two_writers_two_readers(std::memory_order store, std::memory_order load) {
  return {[=](Cells& c) { c.x.store(1, store); }, [=](Cells& c) { c.y.store(1, store); },
          [=](Cells& c) {
            c.seen[0] = c.x.load(load);
            c.seen[1] = c.y.load(load);
          },
          [=](Cells& c) {
            c.seen[2] = c.y.load(load);
            c.seen[3] = c.x.load(load);
          }};
}

TEST_CASE("litmus IRIW: readers agree on the order of stores only if seq_cst") {
  CHECK(weak("IRIW release acquire", two_writers_two_readers(release, acquire), {1, 0, 1, 0}));
  CHECK_FALSE(weak("IRIW seq_cst", two_writers_two_readers(seq_cst, seq_cst), {1, 0, 1, 0}));
}

TEST_CASE("litmus CoRR: a location never goes back") {
  const Threads threads = {[](Cells& c) {
                             c.x.store(1, relaxed);
                             c.x.store(2, relaxed);
                           },
                           [](Cells& c) {
                             c.seen[0] = c.x.load(relaxed);
                             c.seen[1] = c.x.load(relaxed);
                           }};
  const Results all{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
  CHECK(results("CoRR", Model::kViews, 2, threads) == all);
  CHECK(results("CoRR", Model::kSequential, 2, threads) == all);
}

TEST_CASE("litmus CoWW and CoWR: a thread sees its own stores in order") {
  const Threads threads = {[](Cells& c) {
                             c.x.store(1, relaxed);
                             c.seen[0] = c.x.load(relaxed);
                           },
                           [](Cells& c) { c.x.store(2, relaxed); }};
  CHECK(results("CoWR", Model::kViews, 1, threads) == Results{{1}, {2}});
}

TEST_CASE("litmus WRC: what was seen is passed on by release and acquire") {
  const auto threads = [](std::memory_order store, std::memory_order load) {
    return Threads{[=](Cells& c) { c.x.store(1, store); },
                   [=](Cells& c) {
                     c.seen[0] = c.x.load(load);
                     c.y.store(1, store);
                   },
                   [=](Cells& c) {
                     c.seen[1] = c.y.load(load);
                     c.seen[2] = c.x.load(relaxed);
                   }};
  };
  CHECK(weak("WRC relaxed", threads(relaxed, relaxed), {1, 1, 0}));
  CHECK_FALSE(weak("WRC release acquire", threads(release, acquire), {1, 1, 0}));
}

TEST_CASE("litmus 2+2W: stores are made in the order of the execution") {
  const Threads threads = {[](Cells& c) {
                             c.x.store(1, relaxed);
                             c.y.store(2, relaxed);
                             c.seen[0] = c.y.load(relaxed);
                           },
                           [](Cells& c) {
                             c.y.store(1, relaxed);
                             c.x.store(2, relaxed);
                             c.seen[1] = c.x.load(relaxed);
                           }};
  // C++ allows both first stores to win; here modification order is execution order.
  CHECK_FALSE(weak("2+2W", threads, {1, 1}));
}

}  // namespace
}  // namespace quintet::proof::explore
