// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "pm_log/app/outcome.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/multi_log.hpp"

// From a path to an open pool, or to one line that says what the path is instead.
namespace quintet::pm_log::app {

using Pool = MultiLog<MappedPm>;

// What went wrong with the file at `path`: describe(), and for what is no pool, what it is.
[[nodiscard]] std::string explain(const Error& error, const std::string& path);
// The same for an error about an open pool: names the log.
[[nodiscard]] Problem problem_of(const Error& error, const std::string& path, const Pool& pool);

// Mapped so that what cannot be read is an error and no signal.
[[nodiscard]] Outcome<MappedPm> map_pool(const std::string& path, bool read_only);
[[nodiscard]] Outcome<Pool> open_pool(const std::string& path, bool read_only);

// The log called `wanted`, or of that number. Without one, the only log of the pool.
[[nodiscard]] Outcome<LogIndex> choose_log(const Pool& pool, const std::string& path,
                                           const std::optional<std::string>& wanted);
// 'orders' (0), or 0 for a log without a name.
[[nodiscard]] std::string log_label(const Pool& pool, LogIndex log);

// How what is written to the file would become durable, and why so.
struct DurabilityReport {
  Durability how = Durability::kMsync;
  std::string why;
};
[[nodiscard]] DurabilityReport durability_of(const std::string& path);

}  // namespace quintet::pm_log::app
