// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <functional>

#include "pm_log/app/outcome.hpp"

// The command line of pmlog: the one file that knows CLI11.
namespace quintet::pm_log::app {

using Command = std::function<Outcome<void>()>;

// The command to run, or the exit status after help or a complaint.
[[nodiscard]] std::expected<Command, int> command_from(int count, const char* const* arguments);

}  // namespace quintet::pm_log::app
