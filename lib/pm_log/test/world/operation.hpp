// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pm_log/options.hpp"

// What is done to a pool, as data: the alphabet of the exhaustive checks.
namespace quintet::pm_log::world {

struct Operation {
  enum class Kind : std::uint8_t { kAppend, kCommit, kAbort, kAdvance, kReopen };
  enum class Where : std::uint8_t { kHead, kMiddle, kTail };

  Kind kind = Kind::kCommit;
  std::uint32_t log = 0;
  std::uint64_t bytes = 0;     // appended
  Where where = Where::kTail;  // the head goes to
};

[[nodiscard]] inline std::string text(const Operation& operation) {
  const std::string log = " " + std::to_string(operation.log);
  switch (operation.kind) {
    case Operation::Kind::kAppend:
      return "append" + log + ":" + std::to_string(operation.bytes);
    case Operation::Kind::kCommit:
      return "commit";
    case Operation::Kind::kAbort:
      return "abort";
    case Operation::Kind::kReopen:
      return "reopen";
    case Operation::Kind::kAdvance:
      break;
  }
  constexpr const char* kNames[] = {"head", "middle", "tail"};
  return "advance" + log + " to " + kNames[static_cast<std::size_t>(operation.where)];
}

// The byte at a position of a log, and another one when it is appended again after an abort:
// neighbours, laps and logs differ.
[[nodiscard]] inline std::byte content(std::uint32_t log, std::uint64_t position,
                                       std::uint64_t salt) {
  std::uint64_t x =
      position * 0x9E37'79B9'7F4A'7C15 + log * 0xBF58'476D'1CE4'E5B9 + salt * 0x9E3779B1;
  x = (x ^ x >> 29) * 0x94D0'49BB'1331'11EB;
  return static_cast<std::byte>(x >> 56);
}
[[nodiscard]] inline std::vector<std::byte> content(std::uint32_t log, std::uint64_t position,
                                                    std::uint64_t count, std::uint64_t salt) {
  std::vector<std::byte> bytes(count);
  for (std::uint64_t i = 0; i < count; ++i) bytes[i] = content(log, position + i, salt);
  return bytes;
}

// The pool that sequences of operations start from.
struct Scenario {
  std::string name{};
  Commit commit = Commit::kStrict;
  std::vector<std::uint64_t> capacities{};
  std::vector<Operation> before{};    // done first, unchecked
  std::vector<Operation> alphabet{};  // sequences of these, of all lengths up to `depth`
  unsigned depth = 3;
  unsigned deep = 2;  // up to this length also killed processes, crashes of recovery, and
                      // whatever follows a crash
  bool every_payload =
      false;  // all combinations of words under a checksum, not one stale at a time
};

struct Report {
  std::uint64_t sequences = 0;
  std::uint64_t crash_points = 0;
  std::uint64_t images = 0;
  std::uint64_t kills = 0;
  std::string violation{};  // empty: none. Starts with the property's name

  Report& operator+=(const Report& other) {
    sequences += other.sequences;
    crash_points += other.crash_points;
    images += other.images;
    kills += other.kills;
    if (violation.empty()) violation = other.violation;
    return *this;
  }
};

}  // namespace quintet::pm_log::world
