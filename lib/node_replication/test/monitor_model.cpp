// SPDX-License-Identifier: MIT
#include <set>
#include <string_view>

#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/program.hpp"
#include "node_replication/test/world/watched.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// The monitor of world/monitor.hpp watches all plans of explored_model.cpp in the sequential model.
// Here: that it sees the steps. That it bites is in monitor_faults.cpp.
namespace quintet::node_replication {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using world::Kind;
using world::Monitor;
using world::Plan;

TEST_CASE("the explored code takes every step of its protocols") {
  Monitor::taken.clear();
  for (const Plan* plan : {&world::kReading, &world::kComing, &world::kServing, &world::kIdle,
                           &world::kAdding, &world::kRemoving}) {
    const auto program = world::program_of<Fault::kNone, Kind::kSmall, Kind::kWide>(
        *plan, Model::kSequential, world::Watch::kMonitor);
    const auto report = world::watched(program);
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

}  // namespace
}  // namespace quintet::node_replication
