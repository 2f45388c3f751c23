// SPDX-License-Identifier: MIT
#include "pm_log/app/parse.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "pm_log/app/json.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 18> kUnits{{
    {"", 1},
    {"B", 1},
    {"K", kKiB},
    {"k", kKiB},
    {"KiB", kKiB},
    {"kB", 1000},
    {"KB", 1000},
    {"M", kMiB},
    {"MiB", kMiB},
    {"MB", 1'000'000},
    {"G", kGiB},
    {"GiB", kGiB},
    {"GB", 1'000'000'000},
    {"T", kTiB},
    {"TiB", kTiB},
    {"TB", 1'000'000'000'000},
    {"m", kMiB},
    {"g", kGiB},
}};

// The number at the start of `text`, which loses it.
std::optional<std::uint64_t> take_number(std::string_view& text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<std::uint64_t> size_from(std::string_view text) {
  const auto count = take_number(text, 10);
  if (!count) return {};
  for (const auto& [unit, bytes] : kUnits) {
    if (text == unit && *count <= UINT64_MAX / bytes) return *count * bytes;
  }
  return {};
}

std::optional<std::uint64_t> position_from(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  const auto value = take_number(text, is_hex ? 16 : 10);
  return text.empty() ? value : std::nullopt;
}

Outcome<LogSpec> log_spec_from(std::string_view text) {
  LogSpec spec;
  const std::size_t colon = text.rfind(':');
  spec.name = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto capacity = size_from(text.substr(colon + 1));
    if (!capacity || *capacity == 0) {
      return misused(fmt::format("--log '{}': '{}' is no capacity: use, for example, {}:16MiB",
                                 text, text.substr(colon + 1), spec.name));
    }
    spec.capacity = *capacity;
  }
  if (spec.name.empty() || spec.name.size() > kNameBytes || printable(spec.name) != spec.name) {
    return misused(
        fmt::format("--log '{}': a name has 1 to {} bytes of UTF-8 without control characters",
                    text, kNameBytes));
  }
  return spec;
}

}  // namespace quintet::pm_log::app
