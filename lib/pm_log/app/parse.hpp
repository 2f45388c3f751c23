// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pm_log/app/outcome.hpp"
#include "pm_log/options.hpp"

// What users write on the command line of pmlog.
namespace quintet::pm_log::app {

// "4096", "64MiB", "64M" (units of 1024), "64MB" (of 1000).
[[nodiscard]] std::optional<std::uint64_t> size_from(std::string_view text);

// "1000" or "0x3e8".
[[nodiscard]] std::optional<std::uint64_t> position_from(std::string_view text);

// "NAME" or "NAME:CAPACITY".
[[nodiscard]] Outcome<LogSpec> log_spec_from(std::string_view text);

}  // namespace quintet::pm_log::app
