// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "base/sanitizers.hpp"
#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/program.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// The replicated structure in all interleavings of small programs, in both models of memory: the
// code that is measured, with a log of two to four lines, so that it wraps, is collected and
// laggards are helped. What must hold in each execution is in world/program.hpp.
//
// Nothing is cut short: a trial is all interleavings, or all with so many preemptions. Weak memory
// multiplies the executions of whoever looks at a full log again and again, so there they are
// fewer; `samples` adds random schedules where the bound is low.
namespace quintet::node_replication {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using proof::explore::Options;
using proof::explore::Reach;
using proof::explore::Report;
using world::Kind;
using world::Plan;

struct Trial {
  Plan plan;
  std::optional<unsigned> preemptions{};  // nothing: all interleavings
  // The same with weak memory.
  std::optional<unsigned> weak_preemptions = preemptions;
  std::uint64_t samples = 0;  // in both models, beyond the bound
};

std::string reach_text(const Report& report) {
  switch (report.reach) {
    case Reach::kExhaustive:
      return "all executions";
    case Reach::kBounded:
      return "all of " + std::to_string(*report.options.preemptions) + " preemptions";
    case Reach::kSampled:
      return "samples";
    case Reach::kCutShort:
      return "CUT SHORT";
  }
  return "";
}

void explore_one(const Plan& plan, Options options) {
  options.max_executions = 3'000'000;
  options.max_steps = 3'000;
  const Report report = proof::explore::explore(
      world::program_of<Fault::kNone, Kind::kSmall, Kind::kWide, Kind::kOwning>(
          plan, options.model, world::Watch::kMonitor),
      options);
  std::cout << plan.name << ", " << to_string(options.model) << ": " << report.executions
            << " executions, " << reach_text(report) << std::endl;
  INFO(plan.name << "\n" << report.failure.text << "\n" << report.trace);
  CHECK(report.failure.kind == FailureKind::kNone);
  CHECK(report.reach != Reach::kCutShort);
}

// Instrumented code is several times slower, and looks for other errors than those of weak memory.
constexpr unsigned kMostWeakPreemptions = kSanitized ? 0 : 3;
constexpr std::uint64_t kOneSampleOf = kSanitized ? 10 : 1;

void explore_all(const std::vector<Trial>& trials) {
  for (const Trial& trial : trials) {
    explore_one(trial.plan, {.model = Model::kSequential, .preemptions = trial.preemptions});
    auto weak = trial.weak_preemptions;
    if (weak) weak = std::min(*weak, kMostWeakPreemptions);
    explore_one(trial.plan, {.model = Model::kViews, .preemptions = weak});
    if (trial.samples == 0) continue;
    for (const Model model : {Model::kSequential, Model::kViews}) {
      explore_one(trial.plan, {.model = model, .samples = trial.samples / kOneSampleOf});
    }
  }
}

TEST_CASE("every interleaving of sessions of one replica is linearizable") {
  explore_all({
      {{.name = "two writers", .replicas = 1, .actors = {{0, "w"}, {0, "w"}}}},
      {{.name = "a writer and a reader", .replicas = 1, .actors = {{0, "w"}, {0, "r"}}}},
      {{.name = "a batch and a writer", .replicas = 1, .actors = {{0, "2"}, {0, "w"}}}, 3},
      {{.name = "two that submit", .replicas = 1, .actors = {{0, "u"}, {0, "u"}}}, 3},
      {{.name = "three writers", .replicas = 1, .actors = {{0, "w"}, {0, "w"}, {0, "w"}}}, 2, 1},
      {{.name = "two writers and a reader",
        .replicas = 1,
        .actors = {{0, "w"}, {0, "w"}, {0, "r"}}},
       2},
      {{.name = "one comes while another writes alone",
        .replicas = 1,
        .actors = {{0, "ww"}, {0, "wr", true}}},
       3,
       2},
  });
}

TEST_CASE("every interleaving of readers of an open lock and a writer is linearizable") {
  explore_all({
      {{.name = "a reader opens and a writer closes",
        .replicas = 1,
        .actors = {{0, "rr"}, {0, "w"}}},
       3,
       2},
      {{.name = "it opens again", .replicas = 1, .actors = {{0, "rrr"}, {0, "ww"}}}, 2, 1},
      {{.name = "two readers and a writer",
        .replicas = 1,
        .actors = {{0, "rr"}, {0, "r"}, {0, "w"}}},
       2,
       1},
      {{.name = "a reader and two writers, two replicas",
        .replicas = 2,
        .actors = {{0, "rr"}, {0, "w"}, {1, "w"}}},
       1},
  });
}

TEST_CASE("every interleaving of sessions of two replicas is linearizable") {
  explore_all({
      {{.name = "two writers, two replicas", .replicas = 2, .actors = {{0, "w"}, {1, "w"}}}, 3},
      {{.name = "who is told reads what was written",
        .replicas = 2,
        .actors = {{0, "w!"}, {1, "?r"}}},
       3},
      {{.name = "who is told reads what was complete",
        .replicas = 2,
        .actors = {{0, "w!"}, {1, "?r"}},
        .few = 0},
       3},
      {{.name = "three writers, two replicas",
        .replicas = 2,
        .actors = {{0, "w"}, {0, "w"}, {1, "w"}}},
       2,
       1},
      {{.name = "two readers of two replicas",
        .replicas = 2,
        .actors = {{0, "r!"}, {1, "?r"}, {1, "w"}}},
       2},
      {{.name = "writers and readers of two replicas",
        .replicas = 2,
        .actors = {{1, "w"}, {0, "r!"}, {0, "w"}, {1, "?r"}}},
       1,
       0,
       20'000},
      {{.name = "writers and readers of two replicas, combining",
        .replicas = 2,
        .actors = {{1, "w"}, {0, "r!"}, {0, "w"}, {1, "?r"}},
        .few = 0},
       1,
       0,
       20'000},
  });
}

TEST_CASE("a full log wraps and laggards are helped in every interleaving") {
  explore_all({
      {{.name = "an idle replica behind a log of two lines",
        .replicas = 2,
        .actors = {{0, "www"}, {1, "r"}},
        .kind = Kind::kWide,
        .lines = 2},
       2},
      {{.name = "two writers and a log of two lines",
        .replicas = 2,
        .actors = {{0, "ww"}, {1, "ww"}},
        .kind = Kind::kWide,
        .lines = 2},
       2,
       1},
      {{.name = "operations that own something",
        .replicas = 2,
        .actors = {{0, "ww"}, {1, "w"}},
        .kind = Kind::kOwning,
        .lines = 2,
        .written = 1},
       2,
       1},
  });
}

TEST_CASE("batches and three threads meet at a full log in every interleaving") {
  explore_all({
      {{.name = "batches as long as the log",
        .replicas = 2,
        .actors = {{0, "3"}, {1, "3"}},
        .kind = Kind::kWide,
        .lines = 2,
        .written = 1},
       2,
       0,
       5'000},
      {{.name = "a batch as long as the log and a writer",
        .replicas = 2,
        .actors = {{0, "3"}, {1, "w"}},
        .kind = Kind::kWide,
        .lines = 2,
        .written = 1},
       2,
       1},
      {{.name = "three threads and a log of two lines",
        .replicas = 2,
        .actors = {{0, "w"}, {0, "w"}, {1, "w"}},
        .kind = Kind::kWide,
        .lines = 2,
        .written = 2},
       1,
       0,
       5'000},
      {{.name = "two writers, a reader elsewhere and a log of two lines",
        .replicas = 2,
        .actors = {{0, "w"}, {0, "w"}, {1, "r"}},
        .kind = Kind::kWide,
        .lines = 2,
        .written = 2},
       1},
  });
}

TEST_CASE("replicas come and go in every interleaving") {
  explore_all({
      {{.name = "a replica more beside a writer", .replicas = 1, .actors = {{0, "ww"}, {0, "+"}}},
       2},
      {{.name = "a third replica",
        .replicas = 2,
        .actors = {{0, "w"}, {1, "w"}, {0, "+"}},
        .kind = Kind::kWide,
        .lines = 2},
       1},
      {{.name = "the second replica goes", .replicas = 2, .actors = {{0, "wr"}, {0, "-"}}}, 2},
      {{.name = "all are brought up to date",
        .replicas = 2,
        .actors = {{0, "w"}, {1, "w"}, {0, "="}}},
       1},
  });
}

}  // namespace
}  // namespace quintet::node_replication
