// SPDX-License-Identifier: MIT
#include "pm_log/test/world/scenarios.hpp"

namespace quintet::pm_log::world {
namespace {

using Kind = Operation::Kind;
using Where = Operation::Where;

std::string named(const char* what, Commit commit) {
  return std::string(what) + (commit == Commit::kFast ? ", fast" : ", strict");
}

std::vector<Operation> appends(std::uint32_t log, std::initializer_list<std::uint64_t> sizes) {
  std::vector<Operation> operations;
  for (const std::uint64_t size : sizes) operations.push_back({Kind::kAppend, log, size});
  return operations;
}

void add(std::vector<Operation>& to, const std::vector<Operation>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

constexpr std::uint64_t kRing = 128;

}  // namespace

Scenario one_log(Commit commit, unsigned depth) {
  Scenario scenario{.name = named("one log", commit), .commit = commit, .capacities = {kRing}};
  scenario.alphabet = appends(0, {0, 1, 7, 8, 9, 63, 64, 65, kRing - 1, kRing, kRing + 1});
  add(scenario.alphabet, {{Kind::kCommit},
                          {Kind::kAdvance, 0, 0, Where::kHead},
                          {Kind::kAdvance, 0, 0, Where::kMiddle},
                          {Kind::kAdvance, 0, 0, Where::kTail},
                          {Kind::kAbort},
                          {Kind::kReopen}});
  scenario.depth = depth;
  return scenario;
}

Scenario one_log_off_boundaries(Commit commit, unsigned depth) {
  Scenario scenario = one_log(commit, depth);
  scenario.name = named("one log off boundaries", commit);
  scenario.before = {
      {Kind::kAppend, 0, 100}, {Kind::kCommit}, {Kind::kAdvance, 0, 0, Where::kTail}};
  return scenario;
}

Scenario two_logs(Commit commit, unsigned depth) {
  Scenario scenario{.name = named("two logs", commit), .commit = commit, .capacities = {kRing, 64}};
  scenario.alphabet = appends(0, {9, 64, kRing});
  add(scenario.alphabet, appends(1, {1, 64}));
  add(scenario.alphabet, {{Kind::kCommit},
                          {Kind::kAdvance, 0, 0, Where::kMiddle},
                          {Kind::kAdvance, 1, 0, Where::kTail},
                          {Kind::kAbort},
                          {Kind::kReopen}});
  scenario.depth = depth;
  return scenario;
}

Scenario every_payload(Commit commit) {
  Scenario scenario{
      .name = named("every payload", commit), .commit = commit, .capacities = {kRing}};
  scenario.alphabet = appends(0, {1, 9, 24, 64, 65, 72, 104});
  add(scenario.alphabet, {{Kind::kCommit}});
  scenario.depth = 2;
  scenario.deep = 0;
  scenario.every_payload = true;
  return scenario;
}

}  // namespace quintet::pm_log::world
