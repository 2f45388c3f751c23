// SPDX-License-Identifier: MIT
#include <array>
#include <cstdint>
#include <iostream>
#include <vector>

#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/program.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// Every seeded fault is found by the explorer: the checks of world/program.hpp bite.
namespace quintet::node_replication {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using proof::explore::Options;
using world::Kind;
using world::Plan;

const std::vector<Plan>& plans() {
  static const std::vector<Plan> all{
      {.name = "a writer and a reader", .replicas = 1, .actors = {{0, "w"}, {0, "r"}}},
      {.name = "two writers", .replicas = 1, .actors = {{0, "w"}, {0, "w"}}},
      {.name = "told", .replicas = 2, .actors = {{0, "w!"}, {1, "?r"}}},
      {.name = "two replicas", .replicas = 2, .actors = {{0, "w"}, {1, "w"}}},
      {.name = "helped",
       .replicas = 2,
       .actors = {{0, "www"}, {1, "r"}},
       .kind = Kind::kWide,
       .lines = 2},
      {.name = "full",
       .replicas = 2,
       .actors = {{0, "ww"}, {1, "ww"}},
       .kind = Kind::kWide,
       .lines = 2},
      {.name = "batches",
       .replicas = 2,
       .actors = {{0, "3"}, {0, "w"}, {1, "2"}},
       .kind = Kind::kWide,
       .lines = 2,
       .written = 1},
      {.name = "owning",
       .replicas = 2,
       .actors = {{0, "ww"}, {1, "w"}},
       .kind = Kind::kOwning,
       .lines = 2,
       .written = 1},
      {.name = "behind", .replicas = 2, .actors = {{0, "w"}, {1, "rr"}, {1, "r"}}, .written = 2},
      {.name = "served", .replicas = 2, .actors = {{0, "w!"}, {0, "w!"}, {1, "?r"}}},
      {.name = "added",
       .replicas = 1,
       .actors = {{0, "www"}, {0, "+"}},
       .kind = Kind::kWide,
       .lines = 2},
      {.name = "added to two",
       .replicas = 2,
       .actors = {{0, "www"}, {0, "+"}},
       .kind = Kind::kWide,
       .lines = 2},
      {.name = "administrated", .replicas = 1, .actors = {{0, "w"}, {0, "="}, {0, "w"}}},
      // The first is stopped before it applies what it has published, the second applies it, too,
      // and is stopped; the third sees it, and the fourth must.
      {.name = "in between", .replicas = 2, .actors = {{0, "w"}, {1, "w"}, {1, "r"}, {0, "r"}}},
  };
  return all;
}

template <Fault kFault>
bool is_killed(const char* name) {
  // By the fewest preemptions first, then by chance, which finds what takes many threads.
  const std::array<Options, 3> searches{
      Options{.preemptions = 1, .max_executions = 20'000, .max_steps = 3'000},
      Options{.samples = 20'000, .priority_drops = 2, .max_steps = 3'000},
      Options{.preemptions = 2, .max_executions = 50'000, .max_steps = 3'000}};
  std::uint64_t executions = 0;
  for (Options options : searches) {
    for (const Plan& plan : plans()) {
      for (const Model model : {Model::kSequential, Model::kViews}) {
        options.model = model;
        const auto report =
            proof::explore::explore(world::program_of<kFault>(plan, model), options);
        executions += report.executions;
        if (report.failure.kind == FailureKind::kNone) continue;
        std::cout << name << ": " << to_string(report.failure.kind) << ", " << report.failure.text
                  << " (" << plan.name << ", " << to_string(model) << ", " << executions
                  << " executions)" << std::endl;
        return true;
      }
    }
  }
  std::cout << name << ": SURVIVES " << executions << " executions" << std::endl;
  return false;
}

#define QT_MUTANT(fault) CHECK(is_killed<Fault::fault>(#fault))

TEST_CASE("the explorer finds the classical faults of node replication") {
  QT_MUTANT(kDataReleasedBetweenLines);
  QT_MUTANT(kExecutedAgain);
  QT_MUTANT(kReadersBeforeLtail);
  QT_MUTANT(kAnsweredBeforeLtail);
  QT_MUTANT(kReaderNotFenced);
  QT_MUTANT(kRoomOffByOne);
  QT_MUTANT(kPublishedBeforeWritten);
  QT_MUTANT(kLaggardForgotten);
  QT_MUTANT(kReadWithoutCatchingUp);
}

TEST_CASE("the explorer finds faults of locks and orders") {
  QT_MUTANT(kReadersNotAwaited);
  QT_MUTANT(kWriterNotFenced);
  QT_MUTANT(kUnpublishedApplied);
  QT_MUTANT(kWantedIgnored);
  QT_MUTANT(kPostNotReleased);
  QT_MUTANT(kAnswerNotReleased);
  QT_MUTANT(kLockNotReleased);
}

TEST_CASE("the explorer finds faults of room and of replicas that come") {
  QT_MUTANT(kHeadNotReleased);
  QT_MUTANT(kAddedAfterUnlock);
  QT_MUTANT(kHelpedWithoutLock);
  QT_MUTANT(kBatonForgotten);
  QT_MUTANT(kDestroyedTooEarly);
}

}  // namespace
}  // namespace quintet::node_replication
