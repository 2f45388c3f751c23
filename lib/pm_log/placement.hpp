// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/align.hpp"
#include "pm_log/error.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/options.hpp"

namespace quintet::pm_log {

// The first log whose name cannot be stored, or is one of an earlier log; the number of logs if all
// can. Logs may be without a name.
[[nodiscard]] inline std::size_t first_bad_name(std::span<const LogSpec> specs) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::string& name = specs[i].name;
    if (name.size() > kNameBytes || name.find('\0') != std::string::npos) return i;
    const auto same = [&](const LogSpec& other) { return other.name == name; };
    if (!name.empty() &&
        std::any_of(specs.begin(), specs.begin() + static_cast<std::ptrdiff_t>(i), same))
      return i;
  }
  return specs.size();
}

// Where each log goes on media of `bytes`.
// Errors: kTooManyLogs, kBadName, kTooSmall (bytes needed, given).
[[nodiscard]] inline Result<std::vector<DirectoryEntry>> place_logs(
    std::uint64_t bytes, std::span<const LogSpec> specs) {
  if (specs.empty() || specs.size() > kMaxLogs) {
    return std::unexpected(Error{.code = Errc::kTooManyLogs, .a = kMaxLogs, .b = specs.size()});
  }
  if (const std::size_t i = first_bad_name(specs); i != specs.size()) {
    return std::unexpected(Error{.code = Errc::kBadName,
                                 .log = static_cast<std::uint32_t>(i),
                                 .a = kNameBytes,
                                 .b = specs[i].name.size()});
  }
  // What is asked for first, then equal shares of the rest.
  std::uint64_t needed = data_start(specs.size()) + kPageBytes;
  std::uint64_t sharers = 0;
  for (const LogSpec& spec : specs) {
    if (spec.capacity == 0) ++sharers;
    const std::uint64_t wanted = std::max<std::uint64_t>(spec.capacity, 1);
    if (wanted > UINT64_MAX - needed - kPageBytes) {
      return std::unexpected(Error{.code = Errc::kTooSmall, .a = UINT64_MAX, .b = bytes});
    }
    needed += align_up(wanted, kPageBytes);
  }
  if (needed > align_down(bytes, kPageBytes)) {
    return std::unexpected(Error{.code = Errc::kTooSmall, .a = needed, .b = bytes});
  }
  // A sharer has a page already.
  const std::uint64_t rest = align_down(bytes, kPageBytes) - needed;
  const std::uint64_t share =
      sharers == 0 ? 0 : align_down(rest / sharers, kPageBytes) + kPageBytes;

  std::vector<DirectoryEntry> places;
  std::uint64_t area = data_start(specs.size());
  for (const LogSpec& spec : specs) {
    const std::uint64_t length =
        spec.capacity == 0 ? share : align_up(spec.capacity, std::uint64_t{kLineBytes});
    DirectoryEntry place{.area = area, .length = length, .flags = spec.records ? kFlagRecords : 0};
    std::memcpy(place.name.data(), spec.name.data(), spec.name.size());
    places.push_back(place);
    area += align_up(length, kPageBytes);
  }
  return places;
}

}  // namespace quintet::pm_log
