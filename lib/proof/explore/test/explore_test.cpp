// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "base/assert.hpp"
#include "proof/explore/test/programs.hpp"
#include "testing/catch.hpp"

// The explorer's kinds of failure, its limits, and what it prints.
namespace quintet::proof::explore {
namespace {

// Two threads add to a counter in two steps.
void lost_update(Run& run) {
  Atomic<int> count(0);
  ExploredAtomics::name(count, "count");
  const auto add = [&] { count.store(count.load(relaxed) + 1, relaxed); };
  run.spawn("left", add);
  run.spawn("right", add);
  run.join();
  run.check(count.load(relaxed) == 2, "both additions count");
}

void no_lost_update(Run& run) {
  Atomic<int> count(0);
  for (const char* name : {"a", "b", "c"}) {
    run.spawn(name, [&] { count.fetch_add(1, relaxed); });
  }
  run.join();
  run.check(count.load(relaxed) == 3, "all additions count");
}

TEST_CASE("a failing check is reported with a trace that a token replays") {
  const Report report = explore(lost_update, with(Model::kSequential));
  CHECK(report.failure.kind == FailureKind::kCheck);
  CHECK(report.failure.text == "both additions count");
  CHECK(report.token == "sequential:1221");
  CHECK(report.trace ==
        "   1  left      count.load(relaxed) is 0\n"
        "   2  right     count.load(relaxed) is 0\n"
        "   3  right     count.store(1, relaxed)\n"
        "   4  left      count.store(1, relaxed)\n"
        "   5  program   count.load(relaxed) is 1\n");
  const Report again = replay(lost_update, report.token);
  CHECK(again.trace == report.trace);
  CHECK(again.failure.kind == FailureKind::kCheck);
  std::ostringstream text;
  text << report;
  CHECK(text.str().find("replay(program, \"sequential:1221\")") != std::string::npos);
}

// Two threads take a lock that has a gap between looking and taking.
void broken_invariant(Run& run) {
  Atomic<int> holders(0);
  ExploredAtomics::name(holders, "holders");
  const auto hold = [&] {
    if (holders.load(relaxed) != 0) return;
    const int before = holders.fetch_add(1, relaxed);
    QT_CHECK(before == 0, "one holder");
    holders.fetch_sub(1, relaxed);
  };
  run.spawn("left", hold);
  run.spawn("right", hold);
  run.join();
}

TEST_CASE("a broken assertion of the code is a failing check with its trace") {
  const Report report = explore(broken_invariant, with(Model::kSequential));
  CHECK(report.failure.kind == FailureKind::kCheck);
  CHECK(report.failure.text == "QT_CHECK(before == 0): one holder");
  CHECK(report.token == "sequential:1221");
  CHECK(replay(broken_invariant, report.token).failure.text == report.failure.text);
}

TEST_CASE("an assertion may break in what a thread waits for and after the threads") {
  const Report waiting = explore([](Run& run) {
    Atomic<int> ready(0);
    run.spawn("writer", [&] { ready.store(2, relaxed); });
    run.spawn("reader", [&] {
      ExploredAtomics::await(ready, relaxed, [](int r) {
        QT_CHECK(r < 2, "a flag");
        return r == 1;
      });
    });
    run.join();
  });
  CHECK(waiting.failure.text == "QT_CHECK(r < 2): a flag");
  const Report after = explore([](Run& run) {
    Atomic<int> ready(0);
    run.spawn("writer", [&] { ready.store(2, relaxed); });
    run.join();
    QT_CHECK(ready.load(relaxed) < 2);
  });
  CHECK(after.failure.text == "QT_CHECK(ready.load(relaxed) < 2)");
}

TEST_CASE("an exception that nobody catches is a failure of the thread that throws it") {
  const auto throws_if_late = [](Run& run) {
    Atomic<int> ready(0);
    run.spawn("writer", [&] { ready.store(1, relaxed); });
    run.spawn("reader", [&] {
      if (ready.load(relaxed) == 1) throw std::runtime_error("too late");
    });
    run.join();
  };
  const Report thread = explore(throws_if_late, with(Model::kSequential));
  CHECK(thread.failure.kind == FailureKind::kException);
  CHECK(thread.failure.text == "reader throws: too late");
  CHECK(replay(throws_if_late, thread.token).failure.text == thread.failure.text);
  const Report waiting = explore([](Run& run) {
    Atomic<int> ready(0);
    run.spawn("writer", [&] { ready.store(1, relaxed); });
    run.spawn("reader", [&] {
      ExploredAtomics::await(ready, relaxed, [](int r) {
        if (r == 1) throw std::runtime_error("no such state");
        return false;
      });
    });
    run.join();
  });
  CHECK(waiting.failure.kind == FailureKind::kException);
  CHECK(waiting.failure.text == "an await throws: no such state");
  const Report program = explore([](Run&) { throw 5; });
  CHECK(program.failure.kind == FailureKind::kException);
  CHECK(program.failure.text == "program throws: what is no std::exception");
}

TEST_CASE("a token that is wrong or of another program is refused by name") {
  for (const char* token : {"", "1221", "views:8", "views:-1", "views:1+2", "other:12"}) {
    const Report report = replay(lost_update, token);
    CHECK(report.failure.kind == FailureKind::kBadToken);
    CHECK(report.failure.text.find("`" + std::string(token) + "`") != std::string::npos);
  }
  const Report half = replay(lost_update, "sequential:12");
  CHECK(half.failure.kind == FailureKind::kBadToken);
  CHECK(half.failure.text.find("`sequential:12` ends before") != std::string::npos);
  const Report report = replay(lost_update, "sequential:122213");
  CHECK(report.failure.kind == FailureKind::kBadToken);
  CHECK(report.failure.text.find("from step 4 on") != std::string::npos);
}

TEST_CASE("what holds is said to hold with its reach and counts") {
  const Report all = explore(no_lost_update);
  CHECK(all.exhaustive());
  CHECK(all.executions == 6);
  CHECK(all.steps == 18);
  CHECK(all.summary() == "held, views, exhaustive: 6 executions, 0 pruned, 18 steps");
  Options options;
  options.preemptions = 0;
  CHECK(explore(no_lost_update, options).reach == Reach::kBounded);
  options = {};
  options.max_executions = 3;
  const Report some = explore(no_lost_update, options);
  CHECK(some.reach == Reach::kCutShort);
  CHECK_FALSE(some.exhaustive());
  CHECK(some.executions == 3);
}

TEST_CASE("no preemption hides the lost update and one shows it") {
  Options options = with(Model::kSequential);
  options.preemptions = 0;
  const Report none = explore(lost_update, options);
  CHECK(none.held());
  CHECK(none.executions == 2);
  CHECK(none.summary() ==
        "held, sequential, bounded(0 preemptions): 2 executions, 0 pruned, 8 steps");
  options.preemptions = 1;
  CHECK(explore(lost_update, options).failure.kind == FailureKind::kCheck);
}

TEST_CASE("sampling finds the lost update and repeats itself") {
  Options options = with(Model::kViews);
  options.samples = 100;
  options.seed = 7;
  const Report report = explore(lost_update, options);
  CHECK(report.failure.kind == FailureKind::kCheck);
  CHECK(explore(lost_update, options).token == report.token);
  CHECK(replay(lost_update, report.token).trace == report.trace);
  const Report held = explore(no_lost_update, options);
  CHECK(held.held());
  CHECK_FALSE(held.exhaustive());
  CHECK(held.executions == 100);
}

TEST_CASE("plain accesses that nothing orders are a data race in every interleaving") {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    for (const bool ordered : {false, true}) {
      const auto program = [ordered](Run& run) {
        Plain<int> data(0);
        Atomic<int> ready(0);
        ExploredAtomics::name(data, "data");
        const auto order = ordered ? release : relaxed;
        run.spawn("writer", [&] {
          data.store(5);
          ready.store(1, order);
        });
        run.spawn("reader", [&] {
          ExploredAtomics::await(ready, acquire, [](int r) { return r == 1; });
          run.check(data.load() == 5, "the data is there");
        });
        run.join();
      };
      const Report report = explore(program, with(model));
      CHECK(report.failure.kind == (ordered ? FailureKind::kNone : FailureKind::kDataRace));
      if (ordered) continue;
      CHECK(report.failure.text ==
            "reader loads data and nothing orders that after an access by writer");
    }
  }
}

TEST_CASE("a cell used by a thread that cannot know of its making is reported") {
  for (const auto order : {release, relaxed}) {
    const Report report = explore([order](Run& run) {
      Atomic<Atomic<int>*> shared(nullptr);
      std::unique_ptr<Atomic<int>> made;
      run.spawn("maker", [&] {
        made = std::make_unique<Atomic<int>>(1);
        shared.store(made.get(), order);
      });
      run.spawn("user", [&] {
        const Atomic<int>* found = shared.load(acquire);
        if (found != nullptr) run.check(found->load(relaxed) == 1, "made before it is shared");
      });
      run.join();
    });
    CHECK(report.failure.kind ==
          (order == release ? FailureKind::kNone : FailureKind::kUnfinishedCell));
  }
}

TEST_CASE("threads that wait for each other are a deadlock that names them") {
  const Report report = explore([](Run& run) {
    Atomic<int> a(0);
    Atomic<int> b(0);
    ExploredAtomics::name(a, "a");
    ExploredAtomics::name(b, "b", 2);
    const auto set = [](int value) { return value != 0; };
    run.spawn("first", [&] {
      ExploredAtomics::await(a, relaxed, set);
      b.store(1, relaxed);
    });
    run.spawn("second", [&] {
      ExploredAtomics::await(b, relaxed, set);
      a.store(1, relaxed);
    });
    run.join();
  });
  CHECK(report.failure.kind == FailureKind::kDeadlock);
  CHECK(report.failure.text == "first waits for a, second waits for b[2]");
}

TEST_CASE("a loop that need not end reaches the step limit") {
  Options options;
  options.max_steps = 50;
  const Report report = explore(
      [](Run& run) {
        Atomic<int> go(0);
        run.spawn("spinner", [&] {
          while (go.load(relaxed) == 0) ExploredAtomics::pause();
        });
        run.spawn("starter", [&] { go.store(1, relaxed); });
        run.join();
      },
      options);
  CHECK(report.failure.kind == FailureKind::kLivelock);
  CHECK(report.failure.text.find("no end after 50 steps") != std::string::npos);
}

// Whatever an execution leaves behind is unwound: destructors run, and may use cells.
TEST_CASE("executions that are given up or fail run the destructors of their threads") {
  int alive = 0;
  struct Guard {
    int& count;
    Atomic<int>& cell;
    Guard(int& c, Atomic<int>& a) : count(c), cell(a) { ++count; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      cell.store(0, relaxed);
      --count;
    }
  };
  Options options = with(Model::kSequential, Reduction::kSleepSets);
  options.keep_going = true;
  const Report report = explore(
      [&alive](Run& run) {
        Atomic<int> cell(0);
        Atomic<int> gate(0);
        std::array<Atomic<int>, 2> own;
        for (const int mine : {1, 2}) {
          run.spawn("user", [&, mine] {
            own[static_cast<std::size_t>(mine - 1)].store(mine, relaxed);
            const Guard guard(alive, cell);
            cell.store(mine, relaxed);
            run.check(cell.load(relaxed) == mine, "alone");
          });
        }
        run.spawn("stuck", [&] {
          const Guard guard(alive, cell);
          ExploredAtomics::await(gate, relaxed, [](int value) { return value != 0; });
        });
        run.join();
      },
      options);
  CHECK(alive == 0);
  CHECK(report.failed > 1);
  CHECK(report.pruned > 0);
}

// A destructor of many steps is left by no exception, wherever the others end the execution.
TEST_CASE("threads of executions that end early leave long destructors") {
  struct Long {
    Atomic<int>& cell;
    ~Long() {
      for (int i = 0; i < 40; ++i) cell.fetch_add(1, relaxed);
    }
  };
  const Report report = explore([](Run& run) {
    Atomic<int> cell(0);
    Atomic<int> other(0);
    run.spawn("leaves", [&] {
      const Long leaving{cell};
      other.store(1, relaxed);
    });
    run.spawn("fails", [&] { run.check(other.load(relaxed) == 0, "others have not begun"); });
    run.join();
  });
  CHECK(report.failure.kind == FailureKind::kCheck);
}

}  // namespace
}  // namespace quintet::proof::explore
