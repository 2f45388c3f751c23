// SPDX-License-Identifier: MIT
#include <cstddef>
#include <memory>
#include <string>

#include "proof/explore/test/programs.hpp"

// The distributed reader-writer lock: each reader has a flag of its own, the writer looks at all
// of them. Reader: set the flag, look for a writer; writer: set the mark, look at the flags.
namespace quintet::proof::explore {
namespace {

enum class Variant { kCorrect, kNoSecondLook, kSkipsLastReader, kRelaxedUnlock, kAcqRel };

class Lock {
 public:
  Lock(std::size_t readers, Variant variant)
      : variant_(variant), readers_(readers), flags_(std::make_unique<Atomic<int>[]>(readers)) {
    ExploredAtomics::name(writer_, "writer");
    for (std::size_t i = 0; i < readers; ++i) ExploredAtomics::name(flags_[i], "reader", i);
  }

  void lock_shared(std::size_t me) {
    while (true) {
      await_value(writer_, relaxed, 0);
      flags_[me].store(1, variant_ == Variant::kAcqRel ? release : seq_cst);
      if (variant_ == Variant::kNoSecondLook) return;
      if (writer_.load(variant_ == Variant::kAcqRel ? acquire : seq_cst) == 0) return;
      flags_[me].store(0, release);
    }
  }
  void unlock_shared(std::size_t me) { flags_[me].store(0, unlock_order()); }

  void lock() {
    int expected = 0;
    const auto order = variant_ == Variant::kAcqRel ? acq_rel : seq_cst;
    while (!writer_.compare_exchange_strong(expected, 1, order, relaxed)) {
      await_value(writer_, relaxed, 0);
      expected = 0;
    }
    const std::size_t skipped = variant_ == Variant::kSkipsLastReader ? 1 : 0;
    for (std::size_t i = 0; i + skipped < readers_; ++i) {
      await_value(flags_[i], variant_ == Variant::kAcqRel ? acquire : seq_cst, 0);
    }
  }
  void unlock() { writer_.store(0, unlock_order()); }

 private:
  [[nodiscard]] std::memory_order unlock_order() const {
    return variant_ == Variant::kRelaxedUnlock ? relaxed : release;
  }
  Variant variant_;
  std::size_t readers_;
  Atomic<int> writer_{0};
  std::unique_ptr<Atomic<int>[]> flags_;
};

Program readers_and_writers(std::size_t readers, std::size_t writers, Variant variant) {
  return [=](Run& run) {
    Lock lock(readers, variant);
    Plain<int> left(0);
    Plain<int> right(0);
    for (std::size_t r = 0; r < readers; ++r) {
      run.spawn("reader" + std::to_string(r), [&, r] {
        lock.lock_shared(r);
        run.check(left.load() == right.load(), "a reader sees both or neither");
        lock.unlock_shared(r);
      });
    }
    for (std::size_t w = 0; w < writers; ++w) {
      run.spawn("writer" + std::to_string(w), [&] {
        lock.lock();
        left.store(left.load() + 1);
        right.store(right.load() + 1);
        lock.unlock();
      });
    }
    run.join();
    run.check(right.load() == static_cast<int>(writers), "every writer has written");
  };
}

constexpr FailureKind kHolds = FailureKind::kNone;
constexpr FailureKind kRaces = FailureKind::kDataRace;
const std::string kName = "reader-writer lock ";

TEST_CASE("classic: the distributed reader-writer lock excludes") {
  expect_both(kHolds, kName + "1R 1W", kCorrect, readers_and_writers(1, 1, Variant::kCorrect));
  expect_both(kHolds, kName + "2R 1W", kCorrect, readers_and_writers(2, 1, Variant::kCorrect));
  expect_both(kHolds, kName + "1R 2W", kCorrect, readers_and_writers(1, 2, Variant::kCorrect));
  expect_both(kHolds, kName + "2R 2W", kCorrect, readers_and_writers(2, 2, Variant::kCorrect));
}

TEST_CASE("classic: every fault of the distributed reader-writer lock is found") {
  const auto mutant = [](Variant variant) { return readers_and_writers(2, 1, variant); };
  expect_both(kRaces, kName + "2R 1W", "no second look", mutant(Variant::kNoSecondLook));
  expect_both(kRaces, kName + "2R 1W", "skips the last reader", mutant(Variant::kSkipsLastReader));
  expect_both(kRaces, kName + "2R 1W", "relaxed unlock", mutant(Variant::kRelaxedUnlock));
  expect_weak(kRaces, kName + "2R 1W", "acq_rel for seq_cst", mutant(Variant::kAcqRel));
}

TEST_CASE("the reductions agree on the reader-writer lock and cost less") {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    const Program program =
        readers_and_writers(model == Model::kViews ? 1 : 2, 1, Variant::kCorrect);
    const std::string name = kName + (model == Model::kViews ? "1R 1W" : "2R 1W");
    const Report none =
        expect(kHolds, name, "no reduction", with(model, Reduction::kNone), program);
    const Report sleep =
        expect(kHolds, name, "sleep sets", with(model, Reduction::kSleepSets), program);
    const Report source = expect(kHolds, name, "source sets", with(model), program);
    CHECK(sleep.executions < none.executions);
    CHECK(source.executions == sleep.executions);
    CHECK(source.pruned <= sleep.pruned);
  }
}

// Where all executions are too many: few preemptions, or random schedules.
TEST_CASE("a bound on preemptions and random schedules find the faults of the reader-writer lock") {
  Options bounded;
  bounded.preemptions = 2;
  Options sampled;
  sampled.samples = 1000;
  for (const Options& options : {bounded, sampled}) {
    const auto report = [&options](std::size_t readers, Variant variant) {
      const Report found = explore(readers_and_writers(readers, 1, variant), options);
      std::cout << "  " << kName << readers << "R 1W: " << found.summary() << std::endl;
      return found;
    };
    CHECK(report(2, Variant::kCorrect).held());
    CHECK_FALSE(report(2, Variant::kCorrect).exhaustive());
    for (const Variant variant : {Variant::kNoSecondLook, Variant::kSkipsLastReader,
                                  Variant::kRelaxedUnlock, Variant::kAcqRel}) {
      CHECK(report(2, variant).failure.kind == kRaces);
      CHECK(report(4, variant).failure.kind == kRaces);
    }
  }
}

}  // namespace
}  // namespace quintet::proof::explore
