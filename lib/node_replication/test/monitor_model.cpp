// SPDX-License-Identifier: MIT
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/program.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// The monitor of world/monitor.hpp watches all plans of explored_model.cpp in the sequential model.
// Here: that it sees the steps, and that it bites. A fault is reported at the step that is wrong,
// before anybody has got a wrong answer: one preemption is enough for each.
namespace quintet::node_replication {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using world::Kind;
using world::Monitor;
using world::Plan;

proof::explore::Report watched(const proof::explore::Program& program) {
  return proof::explore::explore(program, {.model = Model::kSequential,
                                           .preemptions = 1,
                                           .max_executions = 50'000,
                                           .max_steps = 3'000});
}

// As explored_model.cpp's, and the log of two lines with an operation in each.
const Plan kReading{.name = "w, r", .replicas = 1, .actors = {{0, "w"}, {0, "r"}}};
const Plan kComing{.name = "ww, wr comes", .replicas = 1, .actors = {{0, "ww"}, {0, "wd", true}}};
const Plan kCalling{.name = "w, =, w", .replicas = 1, .actors = {{0, "w"}, {0, "="}, {0, "w"}}};
const Plan kLogging{.name = "w | w", .replicas = 2, .actors = {{0, "w"}, {1, "w"}}};
const Plan kTelling{.name = "w! | ?r", .replicas = 2, .actors = {{0, "w!"}, {1, "?r"}}};
const Plan kServing{.name = "w, r | w", .replicas = 2, .actors = {{0, "w"}, {0, "r"}, {1, "w"}}};
const Plan kServed{.name = "w, w | w", .replicas = 2, .actors = {{0, "w"}, {0, "w"}, {1, "w"}}};
const Plan kIdle{.name = "www | r, full",
                 .replicas = 2,
                 .actors = {{0, "www"}, {1, "r"}},
                 .kind = Kind::kWide,
                 .lines = 2};
const Plan kBoth{.name = "ww | ww, full",
                 .replicas = 2,
                 .actors = {{0, "ww"}, {1, "ww"}},
                 .kind = Kind::kWide,
                 .lines = 2};
const Plan kAdding{.name = "w, +", .replicas = 1, .actors = {{0, "w"}, {0, "+"}}};
const Plan kRemoving{.name = "wr, -", .replicas = 2, .actors = {{0, "wr"}, {0, "-"}}};

TEST_CASE("the explored code takes every step of its protocols") {
  Monitor::taken.clear();
  for (const Plan* plan : {&kReading, &kComing, &kServing, &kIdle, &kAdding, &kRemoving}) {
    const auto report = watched(world::program_of(*plan, Model::kSequential));
    INFO(plan->name << "\n" << report.failure.text << "\n" << report.trace);
    CHECK(report.failure.kind == FailureKind::kNone);
  }
  // But forget_session: places are not forgotten.
  const std::set<std::string_view> all{
      "ask",         "enter",         "withdraw",       "leave",          "mark",
      "pass",        "begin_change",  "count_sessions", "change",         "clear",
      "begin_alone", "end_alone",     "attach",         "detach",         "look_at_head",
      "reserve",     "write",         "publish",        "shut_out",       "begin_consume",
      "end_consume", "release",       "let_in",         "begin_collect",  "visit",
      "end_visits",  "collect_up_to", "add_replica",    "remove_replica", "look"};
  CHECK(Monitor::taken == all);
}

template <Fault kFault>
std::string reported(const char* name, const Plan& plan) {
  const auto report = watched(world::program_of<kFault>(plan, Model::kSequential));
  std::cout << name << ": " << report.failure.text << " (" << plan.name << ", " << report.executions
            << " executions)" << std::endl;
  return report.failure.text;
}

#define QT_REPORTED(fault, plan, step) \
  CHECK(reported<Fault::fault>(#fault, plan) == std::string("monitor: ") + (step))

TEST_CASE("the monitor reports the step at which a fault leaves the protocols") {
  QT_REPORTED(kDataReleasedBetweenLines, kServing, "let_in");
  QT_REPORTED(kReadersBeforeLtail, kServing, "let_in");
  QT_REPORTED(kAnsweredBeforeLtail, kServed, "U12: what is answered is complete");
  QT_REPORTED(kRoomOffByOne, kIdle, "reserve");
  QT_REPORTED(kPublishedBeforeWritten, kLogging, "publish");
  QT_REPORTED(kLaggardForgotten, kIdle, "end_visits");
  QT_REPORTED(kReadWithoutCatchingUp, kTelling, "U4: a read sees what was complete when it began");
  QT_REPORTED(kReadersNotAwaited, kReading, "begin_change");
  QT_REPORTED(kUnpublishedApplied, kLogging, "C9: a line is read while it is consumed");
  QT_REPORTED(kHelpedWithoutLock, kBoth, "L1: the holder of the lock writes");
  QT_REPORTED(kAddedAfterUnlock, kAdding,
              "nobody goes on in the log before a copy of it is a replica");
  QT_REPORTED(kBatonForgotten, kCalling, "who gives the lock up holds it");
}

}  // namespace
}  // namespace quintet::node_replication
