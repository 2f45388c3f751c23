// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "pm_log/test/world/crash_check.hpp"
#include "pm_log/test/world/create_check.hpp"
#include "pm_log/test/world/mutants.hpp"
#include "pm_log/test/world/scenarios.hpp"

namespace quintet::pm_log::world {

// The log with this fault, before every sequence of the scenario.
template <Fault kFault>
[[nodiscard]] Mutant crashing(std::string name, Scenario scenario) {
  return {kFault, std::move(name),
          [scenario = std::move(scenario)] { return CrashCheck<kFault>(scenario).run(); }};
}

template <Fault kFault>
[[nodiscard]] Mutant creating(std::string name, Scenario scenario) {
  return {kFault, std::move(name),
          [scenario = std::move(scenario)] { return CreateCheck<kFault>(scenario).run(); }};
}

}  // namespace quintet::pm_log::world
