// SPDX-License-Identifier: MIT
#include <iostream>
#include <memory>
#include <string>

#include "allocator/test/world/explored.hpp"
#include "allocator/test/world/player.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

// Every seeded fault (traits.hpp) is found: those of one thread by random plays beside the ledger,
// the others by the explorer. A line each says by what, and how soon.
namespace quintet::allocator::world {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;

// In a child: what is broken may break the process.
template <class A>
bool is_killed_by_play(const char* name) {
  const auto outcome = testing::run_child([] {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      auto allocator = std::make_unique<A>();
      const auto error = Player<A>(*allocator).play({.seed = seed});
      if (!error) continue;
      std::cerr << *error << " (seed " << seed << ")" << std::flush;
      ::_exit(1);
    }
  });
  const bool killed = outcome.exit_code != 0;
  std::cout << name << ": "
            << (outcome.exit_code == 1 ? outcome.error_output
                : killed ? "the process ends by signal " + std::to_string(outcome.signal)
                         : "SURVIVES")
            << std::endl;
  return killed;
}

bool is_killed_by_explorer(const char* name, const Program& program, Model model,
                           unsigned preemptions) {
  const auto report = proof::explore::explore(
      program,
      {.model = model, .preemptions = preemptions, .max_executions = 50'000, .max_steps = 2'000});
  const bool killed = report.failure.kind != FailureKind::kNone;
  std::cout << name << ": "
            << (killed ? to_string(report.failure.kind) + (", " + report.failure.text) : "SURVIVES")
            << " (" << to_string(model) << ", " << report.executions << " executions)" << std::endl;
  return killed;
}

#define QT_PLAYED(fault) CHECK(is_killed_by_play<SmallAllocator<Fault::fault>>(#fault))
#define QT_PLAYED_SAMPLED(fault) CHECK(is_killed_by_play<SampledAllocator<Fault::fault>>(#fault))
#define QT_EXPLORED(fault, program, model, preemptions) \
  CHECK(is_killed_by_explorer(#fault, program, Model::model, preemptions))

TEST_CASE("random plays find the faults of one thread") {
  QT_PLAYED(kMapKept);
  QT_PLAYED(kCountForgotten);
  QT_PLAYED(kReleasedTooEarly);
  QT_PLAYED(kFlushedKept);
  QT_PLAYED(kCarvedTooFar);
  QT_PLAYED(kCoalescedAcross);
  QT_PLAYED(kSplitShort);
  QT_PLAYED(kDirtyAsClean);
  QT_PLAYED(kZeroForgotten);
  QT_PLAYED(kOverflowIgnored);
  QT_PLAYED(kShrunkCopy);
  QT_PLAYED(kAlignmentOfSize);
  QT_PLAYED_SAMPLED(kGuardKept);
  QT_PLAYED_SAMPLED(kSampleForgotten);
}

TEST_CASE("the explorer finds the faults of remote lists and inboxes") {
  QT_EXPLORED(kPushRelaxed, remote<Fault::kPushRelaxed>(2, 1, 1), kViews, 2);
  QT_EXPLORED(kTakeRelaxed, remote<Fault::kTakeRelaxed>(2, 1, 1), kViews, 2);
  QT_EXPLORED(kRelistRelaxed, remote<Fault::kRelistRelaxed>(2, 1, 1), kViews, 2);
  QT_EXPLORED(kTakeInTwoSteps, remote<Fault::kTakeInTwoSteps>(2, 1, 1), kSequential, 2);
  QT_EXPLORED(kPushByStore, remote<Fault::kPushByStore>(2, 1, 1), kSequential, 2);
  QT_EXPLORED(kListedForgotten, remote<Fault::kListedForgotten>(2, 1, 1), kSequential, 2);
  QT_EXPLORED(kNeverListed, remote<Fault::kNeverListed>(1, 1, 1), kSequential, 1);
  QT_EXPLORED(kInboxRelaxed, remote<Fault::kInboxRelaxed>(1, 1, 1), kViews, 2);
  QT_EXPLORED(kInboxTakeRelaxed, remote<Fault::kInboxTakeRelaxed>(1, 1, 1), kViews, 2);
  QT_EXPLORED(kFlagKept, remote<Fault::kFlagKept>(2, 1, 1), kSequential, 2);
}

TEST_CASE("the explorer finds the faults of threads that end and of the arena") {
  QT_EXPLORED(kPendingForgotten, ending_untold<Fault::kPendingForgotten>(), kSequential, 1);
  QT_EXPLORED(kPoolRelaxed, changing_hands<Fault::kPoolRelaxed>(), kViews, 2);
  QT_EXPLORED(kAdoptedTwice, changing_hands<Fault::kAdoptedTwice>(), kSequential, 2);
  QT_EXPLORED(kArenaUnlocked, strangers<Fault::kArenaUnlocked>(2 * kKiB, 1), kSequential, 2);
  QT_EXPLORED(kLockRelaxed, strangers<Fault::kLockRelaxed>(2 * kKiB, 1), kViews, 2);
}

}  // namespace
}  // namespace quintet::allocator::world
