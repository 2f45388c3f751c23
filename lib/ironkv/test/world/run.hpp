// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "ironkv/test/world/cluster.hpp"

// Runs of simulated clusters, and what to do about one that fails: the smallest that fails too is
// searched, and named by a line that replays it.
namespace quintet::ironkv::world {

// What a run is made of; the same always does the same.
struct Run {
  ClusterOptions options;
  std::uint64_t seed = 1;
  std::uint64_t steps = 100'000;
};

struct RunResult {
  std::optional<std::string> violation;  // the property that does not hold
  std::uint64_t steps = 0;               // until then, or all of them
  std::uint64_t calls = 0;
  std::uint64_t crashes = 0;
  RegisterHistory history{};  // if asked for
};

// A run of the code under check, or of one with a seeded fault.
using RunFunction = std::function<RunResult(const Run&)>;

template <Fault kFault>
RunResult run_cluster(const Run& run) {
  // A broken assertion of the code is a violation as well, and not the end of the process.
  const CheckHandler handler([](const BrokenCheck& broken) {
    throw Violation(std::string("a check of the code: ") + broken.expression);
  });
  RunResult result;
  std::unique_ptr<Cluster<kFault>> cluster;
  try {
    cluster = std::make_unique<Cluster<kFault>>(run.options, run.seed);
    while (cluster->steps() < run.steps) cluster->step();
    cluster->quiesce();
  } catch (const Violation& violation) {
    result.violation = violation.what();
  }
  if (cluster) {
    result.steps = cluster->steps();
    result.calls = cluster->calls();
    result.crashes = cluster->crashes();
    result.history = cluster->history();
  }
  return result;
}

// The code as it is.
RunResult run_real(const Run& run);
// With a seeded fault. Requires: not kNone or kEnd.
RunResult run_mutant(Fault fault, const Run& run);
std::string_view name_of(Fault fault);

// `hosts:3 clients:2 keys:6 calls:4 faults:loses,repeats seed:1 steps:1000` and back. Of text that
// is not of this form: none.
std::string to_text(const Run& run);
std::optional<Run> parse_run(std::string_view text);

// Some kinds of clusters, one for each number; those of the last kind but one forget.
inline constexpr std::uint64_t kVariants = 7;
ClusterOptions variant(std::uint64_t number);

struct Failure {
  Run run;
  std::string violation;
  std::uint64_t tried = 0;  // runs, to make it as small as it is
};
// The first of `runs` runs that fails, made small: fewer nodes, keys and kinds of faults, each
// with the seed of `seeds` that fails first.
std::optional<Failure> find_failure(const RunFunction& function, std::uint64_t runs,
                                    std::uint64_t steps, std::uint64_t seeds = 200);

}  // namespace quintet::ironkv::world
