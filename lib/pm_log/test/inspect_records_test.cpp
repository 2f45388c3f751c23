// SPDX-License-Identifier: MIT
// Inspecting records: each is found whole or damaged, and damage to one hides no other.
#include "pm_log/inspect.hpp"
#include "pm_log/test/inspected_pool.hpp"

namespace quintet::pm_log::testing_pool {
namespace {

struct Records {
  World world{64 * kKiB};
  std::vector<Position> positions{};
  std::uint64_t area = 0;
  std::uint64_t length = 0;

  explicit Records(std::uint64_t count, std::size_t bytes = 20, std::uint64_t capacity = 0) {
    world.make(1, Commit::kStrict, true, capacity);
    Pool pool = world.open();
    auto log = *RecordLog<CrashMemoryRef>::of(pool);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string text(bytes, static_cast<char>('a' + i % 26));
      REQUIRE(log.make_room(text.size()).has_value());
      positions.push_back(*log.append(bytes_of(text)));
    }
    area = pool.state().logs[0].place.area;
    length = pool.state().logs[0].place.length;
  }
  [[nodiscard]] std::uint64_t at(std::size_t record) const {
    return area + positions[record] % length;
  }
};

TEST_CASE("whole records are counted also where they wrap") {
  CHECK(inspect(Records(100).world.memory).records[0] == 100);
  Records wrapped(100, 20, 1000);
  REQUIRE(wrapped.positions.back() > 1000);
  const Inspection report = inspect(wrapped.world.memory);
  CHECK(report.findings.empty());
  CHECK(report.records[0] == 1024 / 28);
}

TEST_CASE("every bit of a record is missed when it is flipped and no other record with it") {
  for (const std::uint64_t capacity : {0U, 1024U}) {
    Records records(40, 20, capacity);
    const std::uint64_t whole = inspect(records.world.memory).records[0];
    for (const std::size_t damaged : {std::size_t{20}, std::size_t{36}, std::size_t{39}}) {
      for (std::uint64_t byte = 0; byte < 28; ++byte) {
        for (unsigned bit = 0; bit < 8; ++bit) {
          const std::uint64_t at =
              records.area + (records.positions[damaged] + byte) % records.length;
          records.world.flip(at, 1U << bit);
          const Inspection report = inspect(records.world.memory);
          CAPTURE(capacity, damaged, byte, bit);
          REQUIRE(report.errors() == 1);
          REQUIRE(report.findings[0].position == records.positions[damaged]);
          REQUIRE(report.findings[0].offset == records.at(damaged));
          REQUIRE(report.findings[0].log == 0U);
          REQUIRE(report.records[0] == whole - 1);
          records.world.flip(at, 1U << bit);
        }
      }
    }
  }
}

TEST_CASE("after damage over several records the next whole one is named") {
  Records records(40, 600);
  for (std::size_t i = 10; i < 15; ++i) {
    records.world.memory.damage(records.at(i), std::as_bytes(std::span("garbage of 20 bytes")));
  }
  const Inspection report = inspect(records.world.memory);
  REQUIRE(report.errors() == 1);
  CHECK(report.findings[0].position == records.positions[10]);
  const std::string next = "next whole record is at position ";
  CHECK(report.findings[0].found.find(next + std::to_string(records.positions[15])) !=
        std::string::npos);
  CHECK(report.records[0] == 35);
}

TEST_CASE("a record of another lap is no record") {
  Records records(40, 20, 1024);
  // The same bytes, one lap later.
  const Seeds seeds = records.world.open().seeds();
  const Position position = records.positions[39];
  std::uint32_t size = 20;
  std::uint32_t sum = record_seed(seeds, position - 1024);
  sum = crc32c(sum, std::as_bytes(std::span(&size, 1)));
  sum = crc32c(sum, bytes_of(std::string(20, static_cast<char>('a' + 39 % 26))));
  records.world.memory.damage(records.area + (position + 24) % 1024,
                              std::as_bytes(std::span(&sum, 1)));
  CHECK(inspect(records.world.memory).errors() == 1);
}

TEST_CASE("more errors than are listed are counted") {
  Records records(2500, 4);
  for (std::size_t i = 0; i < 2400; i += 2) records.world.flip(records.at(i) + 5);
  const Inspection report = inspect(records.world.memory);
  CHECK(report.findings.size() == Inspection::kMostFindings);
  CHECK(report.errors() == 1200);
  CHECK(report.records[0] == 1300);
}

TEST_CASE("records of whole logs are checked while another log is damaged") {
  World world;
  world.make(2, Commit::kStrict, true);
  world.append_record(0, "of a");
  world.append_record(1, "of b");
  const std::uint64_t slot = slot_at(0, world.open().state().live & 1);
  world.flip(world.area(1) + 5);
  world.flip(slot + 8);
  const Inspection report = inspect(world.memory);
  CHECK(report.errors() == 2);
  CHECK(has_error(report, Part::kLogSlot, slot));
  CHECK(has(report, Severity::kError, Part::kRecord, 0) == false);
  CHECK(std::any_of(report.findings.begin(), report.findings.end(),
                    [](const Finding& f) { return f.part == Part::kRecord && f.log == 1U; }));
}

TEST_CASE("progress grows and ends at all of it") {
  Records records(100, 400);
  std::uint64_t last = 0;
  std::uint64_t calls = 0;
  std::uint64_t total = 0;
  (void)inspect(records.world.memory, [&](std::uint64_t done, std::uint64_t of) {
    CHECK(done >= last);
    CHECK(done <= of);
    last = done;
    total = of;
    ++calls;
  });
  CHECK(calls >= 2);
  CHECK(total == 100 * 408);
  CHECK(last == total);
}

}  // namespace
}  // namespace quintet::pm_log::testing_pool
