// SPDX-License-Identifier: MIT
#include "pm_log/test/world/exhaustive.hpp"

#include "pm_log/test/world/crash_check.hpp"
#include "pm_log/test/world/create_check.hpp"

namespace quintet::pm_log::world {

Report check_all_crashes(const Scenario& scenario) {
  return CrashCheck<Fault::kNone>(scenario).run();
}
Report check_create(const Scenario& scenario) { return CreateCheck<Fault::kNone>(scenario).run(); }

}  // namespace quintet::pm_log::world
