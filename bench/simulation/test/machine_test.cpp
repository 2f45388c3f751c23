// SPDX-License-Identifier: MIT
#include "simulation/machine.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "simulation/sim_env.hpp"
#include "testing/catch.hpp"

namespace {

using quintet::simulation::Machine;
using quintet::simulation::Parameters;
using quintet::simulation::Shape;
using quintet::simulation::SimEnv;
using Word = SimEnv::atomic<std::uint64_t>;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kSeqCst = std::memory_order_seq_cst;

struct alignas(64) Line {
  Word word{0};
};

// Round numbers, and everything felt in full.
Parameters plain_costs() {
  return {.l1_hit = 1,
          .l2_hit = 1,
          .l1_lines = 100,
          .rmw = 10,
          .local_dirty = 100,
          .local_clean = 50,
          .remote_dirty = 1000,
          .remote_clean = 500,
          .local_upgrade = 70,
          .remote_upgrade = 700,
          .memory = 200,
          .service = 5,
          .load_exposed = 1,
          .stream_exposed = 0.5,
          .store_exposed = 0.5,
          .spin_exposed = 1,
          .pause = 40,
          .division = 20,
          .hyperthread = 2,
          .jitter = 0,
          .loop = 0,
          .apply = 0,
          .read = 0};
}

// Two threads hand a word back and forth so many times; nanoseconds for one way.
double one_way(unsigned core, unsigned other) {
  constexpr std::uint64_t kTrips = 100;
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  double end = 0;
  for (const unsigned mine : {0U, 1U}) {
    machine.spawn(mine == 0 ? core : other, false, 0, [&line, &machine, &end, mine] {
      for (std::uint64_t i = mine; i < kTrips; i += 2) {
        SimEnv::await(line.word, kRelaxed, [i](std::uint64_t value) { return value == i; });
        line.word.exchange(i + 1, kSeqCst);
      }
      end = machine.now();
    });
  }
  machine.run();
  return end / kTrips;
}

TEST_CASE("a line that goes back and forth costs what the parameters say") {
  // Fetch the other's dirty line, make it one's own, and the locked instruction.
  CHECK(one_way(0, 1) == Approx(100 + 70 + 10).margin(5));
  CHECK(one_way(0, 24) == Approx(1000 + 700 + 10).margin(25));
  CHECK(one_way(3, 3) == Approx(1 + 1 + 10).margin(3));
}

TEST_CASE("a hot line serves one core after another") {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  std::vector<double> ends;
  for (unsigned core = 0; core < 10; ++core) {
    machine.spawn(core, false, core, [&] {
      line.word.fetch_add(1, kSeqCst);
      ends.push_back(machine.now());
    });
  }
  machine.run();
  REQUIRE(ends.size() == 10);
  CHECK(ends[0] == Approx(200 + 10));
  for (std::size_t i = 1; i < ends.size(); ++i) CHECK(ends[i] - ends[i - 1] == Approx(110));
  CHECK(line.word.load(kRelaxed) == 10);
}

TEST_CASE("readers of a line that nobody writes share it") {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  double first = 0;
  double again = 0;
  double remote = 0;
  machine.spawn(0, false, 0, [&] { line.word.store(1, kRelaxed); });
  machine.spawn(1, false, 1000, [&] {
    static_cast<void>(line.word.load(kRelaxed));
    first = machine.now() - 1000;
    static_cast<void>(line.word.load(kRelaxed));
    again = machine.now() - 1000 - first;
  });
  machine.spawn(30, false, 2000, [&] {
    static_cast<void>(line.word.load(kRelaxed));
    remote = machine.now() - 2000;
  });
  machine.run();
  CHECK(first == Approx(100));
  CHECK(again == Approx(1));
  CHECK(remote == Approx(500));
}

// How long a load of another core's line takes so long after its prefetch; `lost`: if that core has
// written the line again meanwhile.
double load_after_prefetch(double later, bool lost = false) {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  double took = 0;
  machine.spawn(0, false, 0, [&] {
    line.word.exchange(1, kSeqCst);
    if (!lost) return;
    machine.work(1500);
    line.word.exchange(2, kSeqCst);
  });
  machine.spawn(1, false, 1000, [&] {
    SimEnv::prefetch(line.word);
    machine.work(later);
    const double before = machine.now();
    static_cast<void>(line.word.load(kRelaxed));
    took = machine.now() - before;
  });
  machine.run();
  return took;
}

TEST_CASE("a prefetched line costs its way as far as nothing else was done meanwhile") {
  CHECK(load_after_prefetch(0) == Approx(100).margin(3));
  CHECK(load_after_prefetch(60) == Approx(40).margin(3));
  CHECK(load_after_prefetch(400) == Approx(1).margin(1));
  CHECK(load_after_prefetch(2000, true) == Approx(100).margin(3));
}

TEST_CASE("a store does not hold its thread up and a locked instruction after it does") {
  Machine machine(Shape{}, plain_costs(), 1);
  std::array<Line, 3> lines;
  double stored = 0;
  double drained = 0;
  machine.spawn(0, false, 0, [&] {
    lines[0].word.store(1, kRelaxed);
    lines[1].word.store(1, std::memory_order_release);
    stored = machine.now();
    lines[1].word.fetch_add(1, kSeqCst);
    drained = machine.now();
  });
  machine.run();
  CHECK(stored == Approx(2));
  CHECK(drained == Approx(1 + 200 + 100 + 10).margin(2));  // the second line came meanwhile, half
}

TEST_CASE("a sequentially consistent store is a locked instruction") {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  double stored = 0;
  machine.spawn(0, false, 0, [&] {
    line.word.store(1, kSeqCst);
    stored = machine.now();
  });
  machine.run();
  CHECK(stored == Approx(200 + 10));
}

TEST_CASE("a wait ends when the line has been written and has come over") {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  double ended = 0;
  std::uint64_t seen = 0;
  machine.spawn(0, false, 0, [&] {
    seen = SimEnv::await(line.word, kRelaxed, [](std::uint64_t value) { return value == 2; });
    ended = machine.now();
  });
  for (const std::uint64_t value : {1U, 2U}) {
    machine.spawn(1, false, 1000.0 * static_cast<double>(value),
                  [&line, value] { line.word.store(value, std::memory_order_release); });
  }
  machine.run();
  CHECK(seen == 2);
  CHECK(ended == Approx(2000 + 1 + 70 + 100).margin(1));
}

TEST_CASE("a loop that only looks and pauses waits for what it looks at") {
  Machine machine(Shape{}, plain_costs(), 1);
  std::array<Line, 2> lines;
  int turns = 0;
  double ended = 0;
  machine.spawn(0, false, 0, [&] {
    while (lines[0].word.load(kRelaxed) == 0 || lines[1].word.load(kRelaxed) == 0) {
      ++turns;
      SimEnv::pause();
    }
    ended = machine.now();
  });
  machine.spawn(1, false, 50'000, [&] { lines[0].word.store(1, kRelaxed); });
  machine.spawn(1, false, 90'000, [&] { lines[1].word.store(1, kRelaxed); });
  machine.run();
  CHECK(turns < 10);
  CHECK(ended > 90'000);
  CHECK(ended < 91'000);
}

TEST_CASE("a wait with a limit ends without an answer") {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  bool found = true;
  double ended = 0;
  machine.spawn(0, false, 0, [&] {
    found = SimEnv::await_for(line.word, kRelaxed, [](std::uint64_t v) { return v == 1; }, 5000);
    ended = machine.now();
  });
  machine.run();
  CHECK(!found);
  CHECK(ended == Approx(200 + 5000));
}

TEST_CASE("who waits for ever is stopped when nobody else is left") {
  Machine machine(Shape{}, plain_costs(), 1);
  Line line;
  bool beyond = false;
  machine.spawn(0, false, 0, [&] {
    SimEnv::await(line.word, kRelaxed, [](std::uint64_t value) { return value == 1; });
    beyond = true;
  });
  machine.run();
  CHECK(!beyond);
}

TEST_CASE("what a first-level cache cannot hold comes from the second") {
  Parameters parameters = plain_costs();
  parameters.l2_hit = 7;
  Machine machine(Shape{}, parameters, 1);
  const auto lines = std::make_unique<std::array<Line, 150>>();
  double last_round = 0;
  double few = 0;
  machine.spawn(0, false, 0, [&] {
    for (int round = 0; round < 3; ++round) {
      const double since = machine.now();
      for (Line& line : *lines) static_cast<void>(line.word.load(kRelaxed));
      last_round = machine.now() - since;
    }
    for (int round = 0; round < 2; ++round) {
      const double since = machine.now();
      for (std::size_t i = 0; i < 50; ++i) static_cast<void>((*lines)[i].word.load(kRelaxed));
      few = machine.now() - since;
    }
  });
  machine.run();
  CHECK(last_round == Approx(150 * 7));
  CHECK(few == Approx(50 * 1));
}

TEST_CASE("work is slower where the other hardware thread of the core is in use") {
  Machine machine(Shape{}, plain_costs(), 1);
  std::array<double, 2> took{};
  for (const unsigned crowded : {0U, 1U}) {
    machine.spawn(crowded, crowded == 1, 0, [&, crowded] {
      SimEnv::work(100, "work");
      took[crowded] = machine.now();
    });
  }
  machine.run();
  CHECK(took[0] == Approx(100));
  CHECK(took[1] == Approx(200));
}

}  // namespace
