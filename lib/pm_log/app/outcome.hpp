// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "pm_log/error.hpp"

// How a command of pmlog ends: well, or with one line for the user.
namespace quintet::pm_log::app {

inline constexpr int kFailed = 1;   // something was refused, or is damaged
inline constexpr int kMisused = 2;  // the arguments make no sense

struct Problem {
  int status = kFailed;
  std::string text;
};

template <class T>
using Outcome = std::expected<T, Problem>;

[[nodiscard]] inline std::unexpected<Problem> failed(std::string text) {
  return std::unexpected(Problem{kFailed, std::move(text)});
}
[[nodiscard]] inline std::unexpected<Problem> misused(std::string text) {
  return std::unexpected(Problem{kMisused, std::move(text)});
}

// To the standard output. Fails when nobody takes it: a full disk.
[[nodiscard]] Outcome<void> put(std::string_view text);
[[nodiscard]] inline Outcome<void> put(std::span<const std::byte> bytes) {
  return put(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}
// The same, and what was put before leaves this process now.
[[nodiscard]] Outcome<void> put_now(std::string_view text = {});

// One line to the standard error output, after the program's name.
void say(std::string_view text);

}  // namespace quintet::pm_log::app
