// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "page_table/test/world/subject.hpp"

// One part of the configurations per translation unit, to keep each quick to compile.
namespace quintet::page_table::world {

[[nodiscard]] std::vector<Configuration> counted_configurations();
[[nodiscard]] std::vector<Configuration> uncounted_configurations();
[[nodiscard]] std::vector<Configuration> live_configurations();

}  // namespace quintet::page_table::world
