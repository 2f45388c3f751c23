// SPDX-License-Identifier: MIT
#include "pm_log/app/json.hpp"

#include <fmt/format.h>

namespace quintet::pm_log::app {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Bytes of the character of several bytes at the start of `text`; 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length == 0 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte_at(text, 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool beyond = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

// Rewrites text character by character: `control` for bytes below a space and DEL, `broken` for
// what is no UTF-8, `plain` for the rest.
template <class Control, class Broken, class Plain>
void rewrite(std::string_view text, Control control, Broken broken, Plain plain) {
  while (!text.empty()) {
    const unsigned first = byte_at(text, 0);
    std::size_t length = 1;
    if (first < 0x20 || first == 0x7f) {
      control(first);
    } else if (first < 0x80) {
      plain(text.substr(0, 1));
    } else if (length = utf8_length(text); length != 0) {
      plain(text.substr(0, length));
    } else {
      broken();
      length = 1;
    }
    text.remove_prefix(length);
  }
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string json = "\"";
  rewrite(
      text, [&](unsigned byte) { json += fmt::format("\\u{:04x}", byte); },
      [&] { json += "\\ufffd"; },
      [&](std::string_view character) {
        if (character == "\"" || character == "\\") json += '\\';
        json += character;
      });
  return json + "\"";
}

std::string printable(std::string_view text) {
  std::string shown;
  rewrite(
      text, [&](unsigned) { shown += '?'; }, [&] { shown += '?'; },
      [&](std::string_view character) { shown += character; });
  return shown;
}

std::string json_array(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

JsonObject& JsonObject::add_raw(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ", ";
  members_ += json_string(key);
  members_ += ": ";
  members_ += json;
  return *this;
}

}  // namespace quintet::pm_log::app
