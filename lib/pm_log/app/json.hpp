// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// JSON as text, and text from pools as it can be shown: names are any bytes.
namespace quintet::pm_log::app {

// A JSON string. What is no UTF-8 is replaced by U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

// For terminals: control characters and what is no UTF-8 become question marks.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::string json_array(const std::vector<std::string>& items);

class JsonObject {
 public:
  JsonObject& add_raw(std::string_view key, std::string_view json);
  JsonObject& add(std::string_view key, std::string_view text) {
    return add_raw(key, json_string(text));
  }
  JsonObject& add(std::string_view key, const char* text) {
    return add(key, std::string_view(text));
  }
  JsonObject& add(std::string_view key, std::same_as<bool> auto value) {
    return add_raw(key, value ? "true" : "false");
  }
  JsonObject& add(std::string_view key, std::uint64_t value) {
    return add_raw(key, std::to_string(value));
  }
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace quintet::pm_log::app
