// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pm_log/test/world/operation.hpp"

// The seeded faults of options.hpp, each with the run of the exhaustive checks that must catch it.
namespace quintet::pm_log::world {

struct Mutant {
  Fault fault;
  std::string name;
  std::function<Report()> check;
};

// Which writes reach the media, and when.
[[nodiscard]] std::vector<Mutant> mutants_of_durability();
// What is written where.
[[nodiscard]] std::vector<Mutant> mutants_of_placement();
// What recovery believes, and what create() leaves.
[[nodiscard]] std::vector<Mutant> mutants_of_recovery();

}  // namespace quintet::pm_log::world
