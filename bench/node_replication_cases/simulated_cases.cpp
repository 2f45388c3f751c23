// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "simulation/originals.hpp"
#include "simulation/paper.hpp"
#include "support/case.hpp"
#include "support/flags.hpp"

// Figure 10 on the simulated machine (simulation/README.md): the same code as everywhere, with
// virtual time. One run each; the seed is --seed.
namespace quintet::bench {
namespace {

using simulation::Measured;
using simulation::Original;
using simulation::Run;

Outcome sample(const Run& run, const std::function<Measured(const Run&)>& simulate,
               std::optional<double> paper) {
  const Measured measured = simulate(run);
  if (measured.operations == 0) return fail("nothing was done in the simulated time");
  Sample made{.seconds = measured.ns_per_op * 1e-9 * static_cast<double>(measured.operations) /
                         run.threads};
  made.counters["ns_per_op"] = measured.ns_per_op;
  made.counters["mops"] = measured.mops;
  if (paper) made.counters["error_percent"] = 100 * (measured.mops / *paper - 1);
  made.label = "virtual time";
  return made;
}

void register_points(const std::string& name, std::optional<Original> original) {
  for (const unsigned writes : simulation::kPaperWrites) {
    for (const unsigned threads : simulation::kPaperThreads) {
      const std::string all = "node_replication/simulated_mix/" + name +
                              "/writes:" + std::to_string(writes) +
                              "/threads:" + std::to_string(threads);
      register_case(all, [original, writes, threads] {
        const Run run{.threads = threads, .writes = writes, .seed = seed()};
        const simulation::Parameters parameters;
        if (!original) {
          return sample(
              run,
              [&](const Run& r) {
                return simulation::simulate<simulation::SimulatedQuintet>(r, parameters);
              },
              std::nullopt);
        }
        return sample(
            run, [&](const Run& r) { return simulation::simulate(*original, r, parameters); },
            simulation::paper_point(*original, writes, threads));
      });
    }
  }
}

}  // namespace

void register_simulated_cases();
void register_simulated_cases() {
  for (const Original original : simulation::kOriginals) {
    register_points(simulation::kOriginalNames[static_cast<std::size_t>(original)], original);
  }
  register_points("quintet", std::nullopt);
}

}  // namespace quintet::bench
