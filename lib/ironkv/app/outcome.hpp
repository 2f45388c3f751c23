// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

// How ironkv and ironkv-server end: well, or with one line for the user.
namespace quintet::ironkv::app {

inline constexpr int kAbsent = 1;       // ironkv: the key has no value
inline constexpr int kFailed = 1;       // ironkv-server: the journal cannot be written
inline constexpr int kBadInput = 2;     // arguments or files make no sense
inline constexpr int kUnreachable = 3;  // no answer in time

struct Problem {
  int status = kBadInput;
  std::string text;  // empty: there is nothing to say
};

template <class T>
using Outcome = std::expected<T, Problem>;

[[nodiscard]] inline std::unexpected<Problem> bad_input(std::string text) {
  return std::unexpected(Problem{kBadInput, std::move(text)});
}
[[nodiscard]] inline std::unexpected<Problem> problem(int status, std::string text) {
  return std::unexpected(Problem{status, std::move(text)});
}

// "127.0.0.1:4001".
[[nodiscard]] inline std::string loopback_name(unsigned port) {
  return "127.0.0.1:" + std::to_string(port);
}

}  // namespace quintet::ironkv::app
