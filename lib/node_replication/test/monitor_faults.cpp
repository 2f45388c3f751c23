// SPDX-License-Identifier: MIT
#include <iostream>
#include <string>

#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/program.hpp"
#include "node_replication/test/world/watched.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// The monitor bites: a fault is reported at the step that is wrong, before anybody has got a wrong
// answer.
namespace quintet::node_replication {
namespace {

using proof::explore::Model;
using world::Kind;
using world::Plan;

template <Fault kFault, Kind kKind>
std::string reported(const char* name, const Plan& plan) {
  const auto report = world::watched(
      world::program_of<kFault, kKind>(plan, Model::kSequential, world::Watch::kMonitor));
  std::cout << name << ": " << report.failure.text << " (" << plan.name << ", " << report.executions
            << " executions)" << std::endl;
  return report.failure.text;
}

#define QT_REPORTED(fault, kind, plan, step)                       \
  CHECK(reported<Fault::fault, Kind::kind>(#fault, world::plan) == \
        std::string("monitor: ") + (step))

TEST_CASE("the monitor reports the step at which a fault leaves the protocols") {
  QT_REPORTED(kDataReleasedBetweenLines, kSmall, kServing, "let_in");
  QT_REPORTED(kReadersBeforeLtail, kSmall, kServing, "let_in");
  QT_REPORTED(kAnsweredBeforeLtail, kSmall, kServed, "U12: what is answered is complete");
  QT_REPORTED(kRoomOffByOne, kWide, kIdle, "reserve");
  QT_REPORTED(kPublishedBeforeWritten, kSmall, kLogging, "publish");
  QT_REPORTED(kLaggardForgotten, kWide, kIdle, "end_visits");
  QT_REPORTED(kReadWithoutCatchingUp, kSmall, kTelling,
              "U4: a read sees what was complete when it began");
  QT_REPORTED(kReadersNotAwaited, kSmall, kReading, "begin_change");
  QT_REPORTED(kUnpublishedApplied, kSmall, kLogging, "C9: a line is read while it is consumed");
  QT_REPORTED(kHelpedWithoutLock, kWide, kBoth, "L1: the holder of the lock writes");
  QT_REPORTED(kAddedAfterUnlock, kSmall, kAdding,
              "nobody goes on in the log before a copy of it is a replica");
  QT_REPORTED(kBatonForgotten, kSmall, kCalling, "who gives the lock up holds it");
}

}  // namespace
}  // namespace quintet::node_replication
