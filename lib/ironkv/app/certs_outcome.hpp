// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

// How a command of ironkv-certs ends: well, or with one line for the user.
namespace quintet::ironkv::certs {

inline constexpr int kFailed = 1;    // the machine could not do it
inline constexpr int kBadInput = 2;  // arguments or files make no sense, or are in the way

struct Problem {
  int status = kFailed;
  std::string text;
};

template <class T>
using Outcome = std::expected<T, Problem>;

[[nodiscard]] inline std::unexpected<Problem> failed(std::string text) {
  return std::unexpected(Problem{kFailed, std::move(text)});
}
[[nodiscard]] inline std::unexpected<Problem> bad_input(std::string text) {
  return std::unexpected(Problem{kBadInput, std::move(text)});
}

// To the standard output, at once or later. Fails when nobody takes it: a full disk.
[[nodiscard]] Outcome<void> put(std::string_view text);
[[nodiscard]] Outcome<void> put_now(std::string_view text = {});

// One line to the standard error output, after the program's name.
void say(std::string_view text);

}  // namespace quintet::ironkv::certs
