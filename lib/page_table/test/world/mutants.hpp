// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "page_table/test/world/subject.hpp"

// Page tables with one seeded fault each, under the policy in which the fault can show.
namespace quintet::page_table::world {

// In the order of enum class Fault, kNone left out. One part per translation unit.
[[nodiscard]] std::vector<Configuration> mutants_of_storage();
[[nodiscard]] std::vector<Configuration> mutants_of_operations();
[[nodiscard]] std::vector<Configuration> mutants_of_lifetimes();
[[nodiscard]] const Configuration& mutant(Fault fault);
[[nodiscard]] const char* to_string(Fault fault);

}  // namespace quintet::page_table::world
