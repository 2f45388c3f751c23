// SPDX-License-Identifier: MIT
#include <iostream>
#include <set>

#include "pm_log/test/world/mutants.hpp"
#include "testing/catch.hpp"

// The seeded faults of options.hpp against the exhaustive checks of power failures.
namespace quintet::pm_log::world {
namespace {

TEST_CASE("every seeded fault is caught") {
  std::set<Fault> seen;
  unsigned caught = 0;
  unsigned all = 0;
  for (const auto& mutants :
       {mutants_of_durability(), mutants_of_placement(), mutants_of_recovery()}) {
    for (const Mutant& mutant : mutants) {
      const Report report = mutant.check();
      ++all;
      caught += report.violation.empty() ? 0 : 1;
      seen.insert(mutant.fault);
      std::cout << (report.violation.empty() ? "SURVIVED " : "caught   ") << mutant.name
                << " after " << report.images << " images: " << report.violation << "\n";
      CHECK(report.violation != "");
    }
  }
  std::cout << caught << " of " << all << " mutants caught, of " << seen.size() << " faults\n";
  REQUIRE(caught == all);
}

}  // namespace
}  // namespace quintet::pm_log::world
