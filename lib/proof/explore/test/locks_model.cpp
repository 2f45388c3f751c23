// SPDX-License-Identifier: MIT
#include <array>
#include <cstddef>
#include <functional>

#include "proof/explore/test/programs.hpp"

// Locks from read-modify-writes, the counter that they guard, and how locks end badly: deadlock
// and livelock.
namespace quintet::proof::explore {
namespace {

constexpr FailureKind kHolds = FailureKind::kNone;
constexpr FailureKind kRaces = FailureKind::kDataRace;

// Each thread adds one to a plain counter under a lock; `Lock` has lock(thread), unlock(thread).
template <class Lock, class... Arguments>
Program guarded_counter(std::size_t threads, Arguments... arguments) {
  return [=](Run& run) {
    Lock lock(arguments...);
    Plain<std::size_t> count(0);
    ExploredAtomics::name(count, "count");
    for (std::size_t t = 0; t < threads; ++t) {
      run.spawn("t" + std::to_string(t), [&lock, &count, t] {
        lock.lock(t);
        count.store(count.load() + 1);
        lock.unlock(t);
      });
    }
    run.join();
    run.check(count.load() == threads, "every thread has counted");
  };
}

enum class Spin { kCorrect, kRelaxedUnlock, kRelaxedLock, kTestThenSet };
class SpinLock {
 public:
  explicit SpinLock(Spin variant) : variant_(variant) { ExploredAtomics::name(held_, "held"); }
  void lock(std::size_t) {
    const auto order = variant_ == Spin::kRelaxedLock ? relaxed : acquire;
    if (variant_ == Spin::kTestThenSet) {
      await_value(held_, acquire, 0);
      held_.store(1, relaxed);
      return;
    }
    while (held_.exchange(1, order) != 0) await_value(held_, relaxed, 0);
  }
  void unlock(std::size_t) { held_.store(0, variant_ == Spin::kRelaxedUnlock ? relaxed : release); }

 private:
  Spin variant_;
  Atomic<int> held_{0};
};

TEST_CASE("classic: a spin lock excludes and orders") {
  expect_both(kHolds, "spin lock x3", kCorrect, guarded_counter<SpinLock>(3, Spin::kCorrect));
  expect_both(kRaces, "spin lock x3", "relaxed unlock",
              guarded_counter<SpinLock>(3, Spin::kRelaxedUnlock));
  expect_both(kRaces, "spin lock x3", "relaxed lock",
              guarded_counter<SpinLock>(3, Spin::kRelaxedLock));
  expect_both(kRaces, "spin lock x3", "test, then set",
              guarded_counter<SpinLock>(3, Spin::kTestThenSet));
}

enum class Ticket { kCorrect, kTwoStepTicket, kRelaxedUnlock };
class TicketLock {
 public:
  explicit TicketLock(Ticket variant) : variant_(variant) {
    ExploredAtomics::name(next_, "next");
    ExploredAtomics::name(serving_, "serving");
  }
  void lock(std::size_t thread) {
    int ticket = 0;
    if (variant_ == Ticket::kTwoStepTicket) {
      ticket = next_.load(relaxed);
      next_.store(ticket + 1, relaxed);
    } else {
      ticket = next_.fetch_add(1, relaxed);
    }
    mine_.at(thread) = ticket;
    await_value(serving_, acquire, ticket);
  }
  void unlock(std::size_t thread) {
    serving_.store(mine_.at(thread) + 1, variant_ == Ticket::kRelaxedUnlock ? relaxed : release);
  }

 private:
  Ticket variant_;
  Atomic<int> next_{0};
  Atomic<int> serving_{0};
  std::array<int, 4> mine_{};
};

TEST_CASE("classic: a ticket lock excludes and orders") {
  expect_both(kHolds, "ticket lock x3", kCorrect, guarded_counter<TicketLock>(3, Ticket::kCorrect));
  // Two threads with one ticket: they meet inside, and the third waits for a number never served.
  const Program twice = guarded_counter<TicketLock>(3, Ticket::kTwoStepTicket);
  expect(FailureKind::kDeadlock, "ticket lock x3", "ticket in two steps", Model::kSequential,
         twice);
  expect(kRaces, "ticket lock x3", "ticket in two steps", Model::kViews, twice);
  expect_both(kRaces, "ticket lock x3", "relaxed unlock",
              guarded_counter<TicketLock>(3, Ticket::kRelaxedUnlock));
}

enum class Mcs { kCorrect, kForgetsSuccessor, kRelaxedHandover, kLocksAfterLink };
class McsLock {
 public:
  explicit McsLock(Mcs variant) : variant_(variant) {
    ExploredAtomics::name(tail_, "tail");
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      ExploredAtomics::name(nodes_[i].next, "next", i);
      ExploredAtomics::name(nodes_[i].waits, "waits", i);
    }
  }
  void lock(std::size_t thread) {
    Node& node = nodes_.at(thread);
    node.next.store(nullptr, relaxed);
    if (variant_ != Mcs::kLocksAfterLink) node.waits.store(1, relaxed);
    Node* before = tail_.exchange(&node, acq_rel);
    if (before == nullptr) return;
    before->next.store(&node, release);
    if (variant_ == Mcs::kLocksAfterLink) node.waits.store(1, relaxed);
    await_value(node.waits, acquire, 0);
  }
  void unlock(std::size_t thread) {
    Node& node = nodes_.at(thread);
    if (node.next.load(acquire) == nullptr) {
      Node* expected = &node;
      if (variant_ == Mcs::kForgetsSuccessor) {
        tail_.store(nullptr, release);
        return;
      }
      if (tail_.compare_exchange_strong(expected, nullptr, release, relaxed)) return;
    }
    Node* next = await(node.next, acquire, [](Node* n) { return n != nullptr; });
    next->waits.store(0, variant_ == Mcs::kRelaxedHandover ? relaxed : release);
  }

 private:
  struct Node {
    Atomic<Node*> next{nullptr};
    Atomic<int> waits{0};
  };
  Mcs variant_;
  Atomic<Node*> tail_{nullptr};
  std::array<Node, 4> nodes_;
};

TEST_CASE("classic: an MCS lock hands over to whoever waits") {
  expect_both(kHolds, "MCS lock x3", kCorrect, guarded_counter<McsLock>(3, Mcs::kCorrect));
  expect_both(FailureKind::kDeadlock, "MCS lock x2", "forgets its successor",
              guarded_counter<McsLock>(2, Mcs::kForgetsSuccessor));
  expect_both(kRaces, "MCS lock x2", "relaxed handover",
              guarded_counter<McsLock>(2, Mcs::kRelaxedHandover));
  expect_both(FailureKind::kDeadlock, "MCS lock x2", "starts to wait after linking",
              guarded_counter<McsLock>(2, Mcs::kLocksAfterLink));
}

enum class Count { kFetchAdd, kCompareExchange, kLoadAndStore };
Program counter(Count variant) {
  return [variant](Run& run) {
    Atomic<int> count(0);
    ExploredAtomics::name(count, "count");
    const auto add = [&count, variant] {
      if (variant == Count::kFetchAdd) {
        count.fetch_add(1, relaxed);
      } else if (variant == Count::kLoadAndStore) {
        count.store(count.load(relaxed) + 1, relaxed);
      } else {
        int old = count.load(relaxed);
        while (!count.compare_exchange_weak(old, old + 1, relaxed, relaxed)) {
        }
      }
    };
    for (const char* name : {"a", "b", "c"}) run.spawn(name, add);
    run.join();
    run.check(count.load(relaxed) == 3, "no addition is lost");
  };
}

TEST_CASE("classic: a counter loses updates unless it is updated at once") {
  expect_both(kHolds, "counter x3", "fetch_add", counter(Count::kFetchAdd));
  expect_both(kHolds, "counter x3", "compare_exchange", counter(Count::kCompareExchange));
  expect_both(FailureKind::kCheck, "counter x3", "load and store", counter(Count::kLoadAndStore));
}

Program two_locks(bool same_order) {
  return [same_order](Run& run) {
    SpinLock first(Spin::kCorrect);
    SpinLock second(Spin::kCorrect);
    const auto both = [](SpinLock& outer, SpinLock& inner) {
      outer.lock(0);
      inner.lock(0);
      inner.unlock(0);
      outer.unlock(0);
    };
    run.spawn("a", [&, both] { both(first, second); });
    run.spawn("b", [&, both] { same_order ? both(first, second) : both(second, first); });
    run.join();
  };
}

TEST_CASE("classic: locks taken in different orders deadlock") {
  expect_both(kHolds, "two locks", "in one order", two_locks(true));
  expect_both(FailureKind::kDeadlock, "two locks", "in two orders", two_locks(false));
}

// Two who step back for each other.
Program polite(bool one_insists) {
  return [one_insists](Run& run) {
    std::array<Atomic<int>, 2> wants;
    Plain<int> inside(0);
    const auto enter = [&, one_insists](std::size_t me) {
      Atomic<int>& mine = wants.at(me);
      Atomic<int>& theirs = wants.at(1 - me);
      mine.store(1, seq_cst);
      while (theirs.load(seq_cst) != 0) {
        if (one_insists && me == 0) {
          await_value(theirs, seq_cst, 0);
          break;
        }
        mine.store(0, seq_cst);
        if (one_insists) await_value(theirs, seq_cst, 0);
        mine.store(1, seq_cst);
      }
      inside.store(inside.load() + 1);
      mine.store(0, seq_cst);
    };
    run.spawn("a", [enter] { enter(0); });
    run.spawn("b", [enter] { enter(1); });
    run.join();
    run.check(inside.load() == 2, "both have been inside");
  };
}

TEST_CASE("classic: two polite threads never get in") {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    Options options = with(model);
    options.max_steps = 100;
    expect(kHolds, "politeness", "one insists", options, polite(true));
    expect(FailureKind::kLivelock, "politeness", "both step back", options, polite(false));
  }
}

}  // namespace
}  // namespace quintet::proof::explore
