// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"
#include "quintet_lines.hpp"
#include "support/case.hpp"
#include "support/flags.hpp"

// Figure 8: what it takes to prove the systems. One case for each obligation that is linked in,
// one for all of a system on one core and on every core, one for its seeded faults. A case whose
// obligation is not proved fails.
namespace quintet::bench {
namespace {

using proof::Obligation;
using List = std::vector<const Obligation*>;

CountFlag obligations_flag("obligations",
                           "of each system, the last so many of its obligations and of its seeded "
                           "faults (the longest stand first; 1000: all)",
                           {.value = 1000, .quick = 6, .min = 1, .max = 1000});

// <system>/<property>, or <system>/<property>/<fault>.
std::string system_of(const Obligation& obligation) {
  return obligation.name.substr(0, obligation.name.find('/'));
}
std::string property_of(const Obligation& obligation) {
  return obligation.name.substr(obligation.name.find('/') + 1);
}

void keep_last(List& list) {
  const std::size_t wanted = std::min<std::size_t>(list.size(), obligations_flag.value());
  list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(wanted));
}

Sample with_lines(Sample sample, const std::string& system) {
  const auto lines = lines::of(system);
  return std::move(sample)
      .with("trusted_lines", lines.trusted)
      .with("check_lines", lines.check)
      .with("exec_lines", lines.exec);
}

// The label of what was proved, for every input, or what has held up to a bound. Of several with
// bounds of their own it names none.
std::string label_of(const List& claims) {
  std::string reach = claims.front()->reach;
  for (const Obligation* claim : claims) {
    if (claim->reach != reach) reach = "each to its own";
  }
  return (reach == "unbounded" ? "proved:" : "held:") + reach;
}

Outcome prove_one(const Obligation& obligation) {
  const proof::Outcome outcome = proof::discharge(obligation, {.count_smt_bytes = true});
  const proof::Findings& f = outcome.findings;
  const std::string verdict = proof::to_string(f.verdict);
  if (!outcome.as_expected()) return fail(verdict + ": " + f.detail);
  Sample sample{.seconds = std::max(f.seconds, 1e-9), .label = label_of({&obligation})};
  return with_lines(std::move(sample)
                        .with("queries", static_cast<double>(f.queries))
                        .with("paths", static_cast<double>(f.paths))
                        .with("smt_bytes", static_cast<double>(f.smt_bytes)),
                    system_of(obligation));
}

// All of `list` on `cores` threads: obligations that must be proved, or faults to be refuted.
Outcome work_off(const List& list, unsigned cores) {
  const auto start = std::chrono::steady_clock::now();
  const auto outcomes = proof::discharge_all(list, cores, {});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  double queries = 0, paths = 0;
  for (const proof::Outcome& outcome : outcomes) {
    const auto& [name, body, must_refute, reach] = *outcome.obligation;
    if (!outcome.as_expected()) {
      return fail(name + " is " + proof::to_string(outcome.findings.verdict) +
                  (must_refute ? ", and must be refuted" : ": " + outcome.findings.detail));
    }
    queries += static_cast<double>(outcome.findings.queries);
    paths += static_cast<double>(outcome.findings.paths);
  }
  return with_lines(
      Sample{.seconds = seconds.count()}.with("queries", queries).with("paths", paths),
      system_of(*list.front()));
}

std::string case_name(const std::string& system, const std::string& property, unsigned cores) {
  return "verification/" + system + "/" + property + "/cores:" + std::to_string(cores);
}

void register_system(const std::string& system, const List& claims, const List& faults) {
  const unsigned every_core = std::max(1U, std::thread::hardware_concurrency());
  for (const Obligation* each : claims) {
    register_case(case_name(system, property_of(*each), 1), [each] { return prove_one(*each); });
  }
  for (unsigned cores = 1; cores <= every_core; cores += std::max(1U, every_core - 1)) {
    register_case(case_name(system, "all", cores), [claims, cores]() -> Outcome {
      Outcome outcome = work_off(claims, cores);
      if (outcome) outcome->label = label_of(claims);
      return outcome;
    });
  }
  if (faults.empty()) return;
  register_case(case_name(system, "faults", every_core), [faults, every_core]() -> Outcome {
    Outcome outcome = work_off(faults, every_core);
    if (!outcome) return outcome;
    const auto count = static_cast<double>(faults.size());
    outcome->label = "refuted:seeded";
    return std::move(*outcome).with("killed", count).with("seeded", count);
  });
}

}  // namespace

void register_cases() {
  // What an obligation costs that claims nothing of interest: a solver's start and one query.
  static const Obligation kNothing{.name = "null/harness",
                                   .body = [] { proof::prove("a word is itself", true); }};
  register_case("verification/null/harness", [] { return prove_one(kNothing); });
  std::map<std::string, std::pair<List, List>> systems;
  for (const Obligation& each : proof::obligations()) {
    auto& [claims, faults] = systems[system_of(each)];
    (each.must_refute ? faults : claims).push_back(&each);
  }
  for (auto& [system, lists] : systems) {
    keep_last(lists.first);
    keep_last(lists.second);
    register_system(system, lists.first, lists.second);
  }
}

}  // namespace quintet::bench
