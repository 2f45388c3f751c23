// SPDX-License-Identifier: MIT
#include <iostream>
#include <optional>
#include <string>

#include "allocator/test/world/explored.hpp"
#include "base/sanitizers.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// The allocator in all interleavings of small programs, in both models of memory: blocks freed by
// others, threads that end and begin, and the arena under all of them. What must hold in each
// execution is in world/explored.hpp.
namespace quintet::allocator::world {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using proof::explore::Options;
using proof::explore::Reach;
using proof::explore::Report;

// Instrumented code is several times slower, and looks for other errors than those of weak memory.
constexpr unsigned kMostPreemptions = kSanitized ? 1 : 9;

void hold_one(const std::string& name, const Program& program, Options options) {
  options.max_executions = 3'000'000;
  options.max_steps = 2'000;
  if (options.preemptions) options.preemptions = std::min(*options.preemptions, kMostPreemptions);
  const Report report = proof::explore::explore(program, options);
  std::cout << name << ", " << to_string(options.model) << ": " << report.executions
            << " executions, "
            << (report.reach == Reach::kExhaustive ? "all"
                : report.reach == Reach::kBounded
                    ? "all of " + std::to_string(*options.preemptions) + " preemptions"
                    : "CUT SHORT")
            << std::endl;
  INFO(name << "\n" << report.failure.text << "\n" << report.trace);
  CHECK(report.failure.kind == FailureKind::kNone);
  CHECK(report.reach != Reach::kCutShort);
}

// All interleavings, or all with so many preemptions, which with weak memory may be fewer.
void hold(const std::string& name, const Program& program, std::optional<unsigned> preemptions = {},
          std::optional<unsigned> weak = {}) {
  hold_one(name, program, {.model = Model::kSequential, .preemptions = preemptions});
  hold_one(name, program, {.model = Model::kViews, .preemptions = weak ? weak : preemptions});
}

TEST_CASE("blocks that others free come back once in every interleaving") {
  hold("one freer of 1", remote(1, 1, 1), 3);
  hold("one freer of 2", remote(1, 2, 2), 3);
  hold("two freers of 1", remote(2, 1, 1), 2);
  hold("two freers of 2", remote(2, 2, 1), 2, 1);
  hold("three freers of 1", remote(3, 1, 0), 2, 1);
}

TEST_CASE("a thread's heap outlives it in every interleaving") {
  hold("ending", exiting(false), 3);
  hold("ending with an heir", exiting(true), 2);
  hold("ending untold", ending_untold(), 3);
  hold("changing hands", changing_hands(), 2);
  hold("scavenging", scavenging(), 2, 1);
}

TEST_CASE("strangers get memory of their own in every interleaving") {
  hold("blocks", strangers(512, 1), 2);
  hold("slabs of one block", strangers(2 * kKiB, 2), 2);
  hold("large objects", strangers(3 * kKiB, 1), 2);
  hold("large objects passed on", large(), 2);
}

}  // namespace
}  // namespace quintet::allocator::world
