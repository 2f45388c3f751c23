// SPDX-License-Identifier: MIT
#include <array>
#include <cstddef>

#include "proof/explore/test/programs.hpp"

// Mutual exclusion from loads and stores alone: Peterson's and Dekker's algorithms, which stand or
// fall with the order of a store and a load of different cells. Two waits at once are no await(),
// so a thread tries to enter, and leaves it when it would have to wait: that exclusion is safe is
// what counts here.
namespace quintet::proof::explore {
namespace {

struct Shared {
  std::array<Atomic<int>, 2> flag;
  Atomic<int> turn{0};
  Plain<int> inside{0};
  Shared() {
    ExploredAtomics::name(flag[0], "flag", 0);
    ExploredAtomics::name(flag[1], "flag", 1);
    ExploredAtomics::name(turn, "turn");
    ExploredAtomics::name(inside, "inside");
  }
  void critical_section(Run& run) {
    const int before = inside.load();
    inside.store(before + 1);
    run.check(before == 0 && inside.load() == 1, "one thread is inside");
    inside.store(0);
  }
};

template <class Body>
Program pair(Body body) {
  return [body](Run& run) {
    Shared shared;
    run.spawn("p0", [&] { body(run, shared, std::size_t{0}); });
    run.spawn("p1", [&] { body(run, shared, std::size_t{1}); });
    run.join();
  };
}

enum class Peterson { kSeqCst, kAcqRel, kExchange, kTwoFences, kOneFence, kFlagAfterLook, kNoTurn };

void enter_and_leave(Run& run, Shared& s, std::size_t me, Peterson variant) {
  const std::size_t other = 1 - me;
  const int my_turn = static_cast<int>(me);
  const bool strong = variant == Peterson::kSeqCst || variant == Peterson::kFlagAfterLook ||
                      variant == Peterson::kNoTurn;
  const bool fences = variant == Peterson::kTwoFences || variant == Peterson::kOneFence;
  const std::memory_order store = strong ? seq_cst : fences ? relaxed : release;
  const std::memory_order load = strong ? seq_cst : acquire;
  const bool late = variant == Peterson::kFlagAfterLook;
  if (!late) s.flag[me].store(1, store);
  if (variant == Peterson::kTwoFences) ExploredAtomics::fence(seq_cst);
  if (variant == Peterson::kExchange) {
    s.turn.exchange(1 - my_turn, acq_rel);
  } else if (variant != Peterson::kNoTurn) {
    s.turn.store(1 - my_turn, store);
  }
  if (fences) ExploredAtomics::fence(seq_cst);
  if (variant == Peterson::kNoTurn) {
    await_value(s.flag[other], load, 0);
  } else if (s.flag[other].load(load) == 1 && s.turn.load(load) != my_turn) {
    s.flag[me].store(0, store);
    return;
  }
  if (late) s.flag[me].store(1, store);
  s.critical_section(run);
  s.flag[me].store(0, strong ? seq_cst : release);
}

Program peterson(Peterson variant) {
  return pair([variant](Run& run, Shared& s, std::size_t me) {
    enter_and_leave(run, s, me, variant);
    if (variant != Peterson::kNoTurn) enter_and_leave(run, s, me, variant);
  });
}

constexpr FailureKind kHolds = FailureKind::kNone;
constexpr FailureKind kRaces = FailureKind::kDataRace;

TEST_CASE("classic: the Peterson lock needs an order between its store and its load") {
  expect_both(kHolds, "Peterson", "seq_cst", peterson(Peterson::kSeqCst));
  expect_both(kHolds, "Peterson", "turn by exchange, acq_rel", peterson(Peterson::kExchange));
  expect_both(kHolds, "Peterson", "relaxed, two fences", peterson(Peterson::kTwoFences));
  expect_weak(kRaces, "Peterson", "release and acquire only", peterson(Peterson::kAcqRel));
  expect_both(kRaces, "Peterson", "relaxed, one fence", peterson(Peterson::kOneFence));
  expect_both(kRaces, "Peterson", "flag set after the look", peterson(Peterson::kFlagAfterLook));
  expect_both(FailureKind::kDeadlock, "Peterson", "without turn", peterson(Peterson::kNoTurn));
}

enum class Dekker { kSeqCst, kAcqRel, kNoLook };

// With the politeness of the original: who is not on turn steps back and waits for it.
void dekker_section(Run& run, Shared& s, std::size_t me, Dekker variant) {
  const std::size_t other = 1 - me;
  const bool strong = variant != Dekker::kAcqRel;
  const std::memory_order store = strong ? seq_cst : release;
  const std::memory_order load = strong ? seq_cst : acquire;
  s.flag[me].store(1, store);
  while (variant != Dekker::kNoLook && s.flag[other].load(load) == 1) {
    if (s.turn.load(load) == static_cast<int>(me)) {
      await_value(s.flag[other], load, 0);
    } else {
      s.flag[me].store(0, store);
      await_value(s.turn, load, static_cast<int>(me));
      s.flag[me].store(1, store);
    }
  }
  s.critical_section(run);
  s.turn.store(static_cast<int>(other), store);
  s.flag[me].store(0, store);
}

Program dekker(Dekker variant) {
  return pair(
      [variant](Run& run, Shared& s, std::size_t me) { dekker_section(run, s, me, variant); });
}

TEST_CASE("classic: the Dekker lock holds with seq_cst and not with less") {
  expect_both(kHolds, "Dekker", "seq_cst", dekker(Dekker::kSeqCst));
  expect_weak(kRaces, "Dekker", "release and acquire only", dekker(Dekker::kAcqRel));
  expect_both(kRaces, "Dekker", "does not look", dekker(Dekker::kNoLook));
}

}  // namespace
}  // namespace quintet::proof::explore
