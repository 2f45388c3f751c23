// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "pm_log/inspect.hpp"
#include "pm_log/multi_log.hpp"
#include "pm_log/record_log.hpp"
#include "testing/catch.hpp"
#include "testing/crash_memory.hpp"

// A pool in simulated memory, to be damaged and inspected.
namespace quintet::pm_log::testing_pool {

using quintet::testing::CrashMemory;
using quintet::testing::CrashMemoryRef;
using Pool = MultiLog<CrashMemoryRef>;

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

struct World {
  CrashMemory memory;

  explicit World(std::size_t bytes = 64 * kKiB) : memory(bytes) {}

  // Makes a pool of `logs` logs, called a, b, ...
  void make(std::uint64_t logs, Commit commit, bool records = false, std::uint64_t capacity = 0) {
    std::vector<LogSpec> specs;
    for (std::uint64_t i = 0; i < logs; ++i) {
      specs.push_back({capacity, std::string(1, static_cast<char>('a' + i)), records});
    }
    Uuid id;
    id.bytes.fill(std::byte{0x5a});
    REQUIRE(Pool::create(CrashMemoryRef(memory), specs, {.id = id, .commit = commit}).has_value());
  }
  [[nodiscard]] Pool open() { return std::move(*Pool::open(CrashMemoryRef(memory))); }

  void append(LogIndex log, std::string_view text) {
    Pool pool = open();
    REQUIRE(pool.tentative_append(log, bytes_of(text)).has_value());
    REQUIRE(pool.commit().has_value());
  }
  Position append_record(LogIndex log, std::string_view text) {
    Pool pool = open();
    const auto position = RecordLog<CrashMemoryRef>::of(pool, log)->append(bytes_of(text));
    REQUIRE(position.has_value());
    return *position;
  }

  // Changes bits of the byte at `offset`.
  void flip(std::uint64_t offset, unsigned mask = 1) {
    std::byte byte{};
    REQUIRE(memory.read(offset, std::span(&byte, 1)));
    byte ^= static_cast<std::byte>(mask);
    memory.damage(offset, std::span(&byte, 1));
  }
  // A line as it is, and as it will be.
  [[nodiscard]] Line line(std::uint64_t offset) const {
    Line line;
    REQUIRE(memory.read(offset, line.bytes()));
    return line;
  }
  void set_line(std::uint64_t offset, const Line& line) { memory.damage(offset, line.bytes()); }

  [[nodiscard]] std::uint64_t area(LogIndex log) { return open().state().logs[log].place.area; }
};

inline bool has(const Inspection& report, Severity severity, Part part, std::uint64_t offset) {
  return std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& f) {
    return f.severity == severity && f.part == part && f.offset == offset;
  });
}
inline bool has_error(const Inspection& report, Part part, std::uint64_t offset) {
  return has(report, Severity::kError, part, offset);
}
inline bool has_note(const Inspection& report, Part part, std::uint64_t offset) {
  return has(report, Severity::kNote, part, offset);
}

}  // namespace quintet::pm_log::testing_pool
