// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "pm_log/app/outcome.hpp"

// Files around pools.
namespace quintet::pm_log::app {

[[nodiscard]] bool is_there(const std::string& path);
[[nodiscard]] bool is_character_device(const std::string& path);

// Seconds since 1970, and as "2025-01-31 12:00:00 UTC".
[[nodiscard]] std::uint64_t now_unix();
[[nodiscard]] std::string time_text(std::uint64_t unix_seconds);

// Makes `path` by `make`. If that fails, what it left there is removed: `path` must not exist.
[[nodiscard]] Outcome<void> make_file(const std::string& path,
                                      const std::function<Outcome<void>()>& make);

// Replaces `path` by what `make` makes at the path that it is given, once that is whole.
[[nodiscard]] Outcome<void> replace_file(
    const std::string& path, const std::function<Outcome<void>(const std::string& draft)>& make);

}  // namespace quintet::pm_log::app
