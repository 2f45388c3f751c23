// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "pm_log/test/world/operation.hpp"

// The pools and alphabets of the exhaustive checks. Rings are as small as can be, so that a few
// operations wrap them, and a line, a word and a byte more or less all make a difference.
namespace quintet::pm_log::world {

// One log, everything that can be done to it.
[[nodiscard]] Scenario one_log(Commit commit, unsigned depth);
// The same in the middle of a ring, off every boundary: [100, 100) of 128 bytes.
[[nodiscard]] Scenario one_log_off_boundaries(Commit commit, unsigned depth);
// Two logs, one of them with a single line.
[[nodiscard]] Scenario two_logs(Commit commit, unsigned depth);
// Appends and commits whose payload is enumerated in every combination of its words.
[[nodiscard]] Scenario every_payload(Commit commit);

}  // namespace quintet::pm_log::world
