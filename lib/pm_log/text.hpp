// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// Numbers and sentences for people. For what is said once, not for hot paths.
namespace quintet::pm_log {

// "0x1f00".
[[nodiscard]] inline std::string hex(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

[[nodiscard]] inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

// "1 byte", "2 bytes".
[[nodiscard]] inline std::string counted(std::uint64_t count, std::string_view thing) {
  return joined({std::to_string(count), " ", thing, count == 1 ? "" : "s"});
}

}  // namespace quintet::pm_log
