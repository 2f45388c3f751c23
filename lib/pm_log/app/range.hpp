// SPDX-License-Identifier: MIT
#pragma once

#include "pm_log/app/commands.hpp"
#include "pm_log/app/open_pool.hpp"

// The part of a log that --from and --count name.
namespace quintet::pm_log::app {

struct Range {
  Position begin = 0;
  Position end = 0;
};

// `from`, or the head. It must lie in [head, tail].
[[nodiscard]] Outcome<Position> start_from(const Pool& pool, const std::string& path, LogIndex log,
                                           const Text& from);
// From there, `count` bytes at most, up to the tail.
[[nodiscard]] Outcome<Range> range_from(const Pool& pool, const std::string& path, LogIndex log,
                                        const Text& from, const Text& count);

}  // namespace quintet::pm_log::app
