// SPDX-License-Identifier: MIT
#include <array>
#include <cstddef>

#include "proof/explore/test/programs.hpp"

// Data handed from one thread to another: the sequence lock, initialisation at first use, and the
// ring of one producer and one consumer.
namespace quintet::proof::explore {
namespace {

constexpr FailureKind kHolds = FailureKind::kNone;
constexpr FailureKind kRaces = FailureKind::kDataRace;
constexpr FailureKind kBreaks = FailureKind::kCheck;

enum class Seq { kCorrect, kNoWriterFence, kNoReaderFence, kNoSecondLook };

// The data is two relaxed cells: what a reader copies while a writer writes must not be plain.
Program sequence_lock(Seq variant, int writes) {
  return [=](Run& run) {
    Atomic<int> sequence(0);
    std::array<Atomic<int>, 2> data;
    ExploredAtomics::name(sequence, "sequence");
    ExploredAtomics::name(data[0], "data", 0);
    ExploredAtomics::name(data[1], "data", 1);
    run.spawn("writer", [&] {
      for (int i = 1; i <= writes; ++i) {
        sequence.store(2 * i - 1, relaxed);
        if (variant != Seq::kNoWriterFence) ExploredAtomics::fence(release);
        data[0].store(i, relaxed);
        data[1].store(i, relaxed);
        sequence.store(2 * i, release);
      }
    });
    run.spawn("reader", [&] {
      const int before = sequence.load(acquire);
      if (before % 2 == 1) return;
      const int left = data[0].load(relaxed);
      const int right = data[1].load(relaxed);
      if (variant != Seq::kNoReaderFence) ExploredAtomics::fence(acquire);
      const bool same = variant == Seq::kNoSecondLook || sequence.load(relaxed) == before;
      if (same) run.check(left == right && left == before / 2, "a copy is of one time");
    });
    run.join();
  };
}

// The same with plain data, as it is often written.
void plain_sequence_lock(Run& run) {
  Atomic<int> sequence(0);
  Plain<int> data(0);
  run.spawn("writer", [&] {
    sequence.store(1, relaxed);
    ExploredAtomics::fence(release);
    data.store(1);
    sequence.store(2, release);
  });
  run.spawn("reader", [&] {
    const int before = sequence.load(acquire);
    const int copy = data.load();
    ExploredAtomics::fence(acquire);
    if (sequence.load(relaxed) == before) run.check(copy == before / 2, "a copy is of one time");
  });
  run.join();
}

TEST_CASE("classic: a sequence lock needs both fences and the second look") {
  expect_both(kHolds, "sequence lock", "correct, 1 write", sequence_lock(Seq::kCorrect, 1));
  expect_both(kHolds, "sequence lock", "correct, 3 writes", sequence_lock(Seq::kCorrect, 3));
  expect_weak(kBreaks, "sequence lock", "no fence of the writer",
              sequence_lock(Seq::kNoWriterFence, 1));
  expect_weak(kBreaks, "sequence lock", "no fence of the reader",
              sequence_lock(Seq::kNoReaderFence, 1));
  expect_both(kBreaks, "sequence lock", "no second look", sequence_lock(Seq::kNoSecondLook, 1));
  expect_both(kRaces, "sequence lock", "plain data", plain_sequence_lock);
}

enum class Once { kCorrect, kRelaxedPublish, kRelaxedLook, kNoSecondLook };

Program initialised_once(Once variant) {
  return [variant](Run& run) {
    Atomic<int> ready(0);
    Atomic<int> lock(0);
    Plain<int> value(0);
    Plain<int> made(0);
    ExploredAtomics::name(ready, "ready");
    ExploredAtomics::name(lock, "lock");
    ExploredAtomics::name(value, "value");
    ExploredAtomics::name(made, "made");
    const auto use = [&, variant] {
      if (ready.load(variant == Once::kRelaxedLook ? relaxed : acquire) == 0) {
        while (lock.exchange(1, acquire) != 0) await_value(lock, relaxed, 0);
        if (variant == Once::kNoSecondLook || ready.load(relaxed) == 0) {
          made.store(made.load() + 1);
          value.store(7);
          ready.store(1, variant == Once::kRelaxedPublish ? relaxed : release);
        }
        lock.store(0, release);
      }
      run.check(value.load() == 7, "who uses it finds it made");
    };
    for (const char* name : {"a", "b", "c"}) run.spawn(name, use);
    run.join();
    run.check(made.load() == 1, "it is made once");
  };
}

TEST_CASE("classic: double-checked initialisation publishes what it made") {
  expect_both(kHolds, "initialisation x3", kCorrect, initialised_once(Once::kCorrect));
  expect_both(kRaces, "initialisation x3", "relaxed publication",
              initialised_once(Once::kRelaxedPublish));
  expect_both(kRaces, "initialisation x3", "relaxed look", initialised_once(Once::kRelaxedLook));
  const Report twice = explore(initialised_once(Once::kNoSecondLook), with(Model::kSequential));
  CHECK_FALSE(twice.held());
  expect_both(twice.failure.kind, "initialisation x3", "no second look",
              initialised_once(Once::kNoSecondLook));
}

enum class Ring { kCorrect, kPublishesFirst, kRelaxedPublish, kRelaxedRelease, kOneTooMany };

// Two slots: the producer waits for room, fills the slot, then publishes it.
Program ring(Ring variant, int items) {
  return [=](Run& run) {
    constexpr int kSlots = 2;
    Atomic<int> tail(0);  // published
    Atomic<int> head(0);  // consumed
    std::array<Plain<int>, kSlots> slots;
    ExploredAtomics::name(tail, "tail");
    ExploredAtomics::name(head, "head");
    for (std::size_t i = 0; i < kSlots; ++i) ExploredAtomics::name(slots[i], "slot", i);
    run.spawn("producer", [&] {
      const int room = variant == Ring::kOneTooMany ? kSlots + 1 : kSlots;
      const auto publish = [&](int i) {
        tail.store(i + 1, variant == Ring::kRelaxedPublish ? relaxed : release);
      };
      for (int i = 0; i < items; ++i) {
        await(head, acquire, [i, room](int h) { return i - h < room; });
        if (variant == Ring::kPublishesFirst) publish(i);
        slots.at(static_cast<std::size_t>(i % kSlots)).store(i + 100);
        if (variant != Ring::kPublishesFirst) publish(i);
      }
    });
    run.spawn("consumer", [&] {
      for (int i = 0; i < items; ++i) {
        await(tail, acquire, [i](int t) { return t > i; });
        const int item = slots.at(static_cast<std::size_t>(i % kSlots)).load();
        run.check(item == i + 100, "items arrive in order");
        head.store(i + 1, variant == Ring::kRelaxedRelease ? relaxed : release);
      }
    });
    run.join();
  };
}

TEST_CASE("classic: a ring of one producer and one consumer keeps its items") {
  expect_both(kHolds, "ring, 3 items", kCorrect, ring(Ring::kCorrect, 3));
  expect_both(kHolds, "ring, 5 items", kCorrect, ring(Ring::kCorrect, 5));
  expect_both(kRaces, "ring, 3 items", "publishes before filling", ring(Ring::kPublishesFirst, 3));
  expect_both(kRaces, "ring, 3 items", "relaxed publication", ring(Ring::kRelaxedPublish, 3));
  expect_both(kRaces, "ring, 3 items", "relaxed release of a slot", ring(Ring::kRelaxedRelease, 3));
  expect_both(kBreaks, "ring, 3 items", "one slot too many", ring(Ring::kOneTooMany, 3));
}

}  // namespace
}  // namespace quintet::proof::explore
