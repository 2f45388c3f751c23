// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/program.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// Every seeded fault is found by the explorer: the checks of world/program.hpp bite. Each line is a
// fault, the plan that shows it, and the cheapest search that does.
namespace quintet::node_replication {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using proof::explore::Options;
using world::Kind;
using world::Plan;
using world::Watch;

// All schedules of so many preemptions.
Options bounded(Model model, unsigned preemptions) {
  return {.model = model, .preemptions = preemptions, .max_executions = 50'000};
}
// Random ones, whose priorities drop so often.
Options sampled(Model model, unsigned drops) {
  return {.model = model, .samples = 100'000, .priority_drops = drops};
}

template <Fault kFault, Kind kKind>
bool is_killed(const char* name, const Plan& plan, Options options) {
  options.max_steps = 3'000;
  const auto report = proof::explore::explore(
      world::program_of<kFault, kKind>(plan, options.model, Watch::kCalls), options);
  const bool killed = report.failure.kind != FailureKind::kNone;
  std::cout << name << ": "
            << (killed ? to_string(report.failure.kind) + (", " + report.failure.text) : "SURVIVES")
            << " (" << plan.name << ", " << to_string(options.model) << ", " << report.executions
            << " executions)" << std::endl;
  return killed;
}

#define QT_MUTANT(fault, kind, plan, search) \
  CHECK(is_killed<Fault::fault, Kind::kind>(#fault, plan, search))

constexpr Model kSequential = Model::kSequential;
constexpr Model kViews = Model::kViews;

const Plan kReading{.name = "w, r", .replicas = 1, .actors = {{0, "w"}, {0, "r"}}};
const Plan kOpening{.name = "rr, w", .replicas = 1, .actors = {{0, "rr"}, {0, "w"}}};
const Plan kWriting{.name = "w, w", .replicas = 1, .actors = {{0, "w"}, {0, "w"}}};
const Plan kSubmitting{.name = "u, w", .replicas = 1, .actors = {{0, "u"}, {0, "w"}}};
const Plan kComing{.name = "ww, wr comes", .replicas = 1, .actors = {{0, "ww"}, {0, "wr", true}}};
const Plan kCalling{.name = "w, =, w", .replicas = 1, .actors = {{0, "w"}, {0, "="}, {0, "w"}}};
const Plan kLogging{.name = "w | w", .replicas = 2, .actors = {{0, "w"}, {1, "w"}}};
const Plan kTelling{.name = "w! | ?r", .replicas = 2, .actors = {{0, "w!"}, {1, "?r"}}};
// Who submits serves both in one line. Where there are few, readers would not ask whether what they
// find in the log is complete.
const Plan kServing{
    .name = "u, w! | ?r", .replicas = 2, .actors = {{0, "u"}, {0, "w!"}, {1, "?r"}}, .few = 0};
const Plan kCatchingUp{.name = "w | w, r", .replicas = 2, .actors = {{0, "w"}, {1, "w"}, {1, "r"}}};

// One writer of B has published and is stopped before it applies what it has published; the writer
// of A has applied it and is stopped before ltail tells; the reader of A sees it, tells, and the
// reader of B must see it. In this order two preemptions come early, in the other random schedules.
const Plan kBetween{.name = "r!, w | ?r, w",
                    .replicas = 2,
                    .actors = {{1, "w"}, {0, "r!"}, {0, "w"}, {1, "?r"}},
                    .few = 0};
// The same for what the writer of A applies of B's: B is closed to readers meanwhile, so a third
// replica has the one that must see it.
const Plan kBetweenLines{.name = "w, r! | w | ?r",
                         .replicas = 3,
                         .actors = {{1, "w"}, {0, "w"}, {0, "r!"}, {2, "?r"}},
                         .few = 0};

// The same with a log of two lines and an operation in each.
Plan full(Plan plan, std::size_t written = 0, Kind kind = Kind::kWide) {
  plan.kind = kind;
  plan.lines = 2;
  plan.written = written;
  plan.name += ", full";
  return plan;
}
const Plan kIdle{.name = "www | r", .replicas = 2, .actors = {{0, "www"}, {1, "r"}}};
const Plan kBoth{.name = "ww | ww", .replicas = 2, .actors = {{0, "ww"}, {1, "ww"}}};
const Plan kBatch{.name = "3 | w", .replicas = 2, .actors = {{0, "3"}, {1, "w"}}};
const Plan kRoom{.name = "w, r | w", .replicas = 2, .actors = {{0, "w"}, {1, "w"}, {0, "r"}}};
const Plan kAdding{.name = "www, +", .replicas = 2, .actors = {{0, "www"}, {0, "+"}}};

TEST_CASE("the explorer finds the classical faults of node replication") {
  QT_MUTANT(kDataReleasedBetweenLines, kSmall, kBetweenLines, sampled(kSequential, 3));
  QT_MUTANT(kExecutedAgain, kWide, full(kBatch, 1), sampled(kSequential, 2));
  QT_MUTANT(kReadersBeforeLtail, kSmall, kBetween, bounded(kSequential, 2));
  QT_MUTANT(kAnsweredBeforeLtail, kSmall, kServing, bounded(kSequential, 2));
  QT_MUTANT(kReaderNotFenced, kSmall, kReading, bounded(kViews, 1));
  QT_MUTANT(kRoomOffByOne, kWide, full(kBoth), bounded(kSequential, 1));
  QT_MUTANT(kPublishedBeforeWritten, kSmall, kLogging, bounded(kSequential, 1));
  QT_MUTANT(kLaggardForgotten, kWide, full(kIdle), bounded(kSequential, 1));
  QT_MUTANT(kReadWithoutCatchingUp, kSmall, kTelling, bounded(kSequential, 1));
}

TEST_CASE("the explorer finds faults of locks and orders") {
  QT_MUTANT(kReadersNotAwaited, kSmall, kReading, bounded(kSequential, 1));
  QT_MUTANT(kWriterNotFenced, kSmall, kReading, bounded(kViews, 1));
  QT_MUTANT(kLeftOpen, kSmall, kOpening, bounded(kSequential, 2));
  QT_MUTANT(kHeavyFenceForgotten, kSmall, kOpening, bounded(kViews, 2));
  QT_MUTANT(kUnpublishedApplied, kSmall, kLogging, bounded(kSequential, 1));
  QT_MUTANT(kWantedIgnored, kSmall, kWriting, bounded(kSequential, 1));
  QT_MUTANT(kPostNotReleased, kSmall, kSubmitting, bounded(kViews, 2));
  QT_MUTANT(kAnswerNotReleased, kSmall, kWriting, bounded(kViews, 1));
  QT_MUTANT(kLockNotReleased, kSmall, kComing, bounded(kViews, 1));
}

TEST_CASE("the explorer finds faults of room and of replicas that come") {
  QT_MUTANT(kHeadNotReleased, kWide, full(kRoom, 2), sampled(kViews, 3));
  QT_MUTANT(kAddedAfterUnlock, kWide, full(kAdding), sampled(kSequential, 2));
  QT_MUTANT(kHelpedWithoutLock, kWide, full(kBoth), bounded(kSequential, 1));
  QT_MUTANT(kBatonForgotten, kSmall, kCalling, sampled(kSequential, 3));
  QT_MUTANT(kCaughtUpTooFar, kSmall, kCatchingUp, bounded(kSequential, 2));
  QT_MUTANT(kDestroyedTooEarly, kOwning, full(kLogging, 1, Kind::kOwning), bounded(kSequential, 1));
}

}  // namespace
}  // namespace quintet::node_replication
