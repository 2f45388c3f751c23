// SPDX-License-Identifier: MIT
#pragma once

#include "pm_log/test/world/operation.hpp"

// The exhaustive checks of the real code, compiled once.
namespace quintet::pm_log::world {

[[nodiscard]] Report check_all_crashes(const Scenario& scenario);
[[nodiscard]] Report check_create(const Scenario& scenario);

}  // namespace quintet::pm_log::world
