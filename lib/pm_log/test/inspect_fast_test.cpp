// SPDX-License-Identifier: MIT
// Inspecting pools of fast commits, where damage to the last one looks like a commit that was cut
// off, and media that cannot be read.
#include "pm_log/inspect.hpp"
#include "pm_log/test/inspected_pool.hpp"

namespace quintet::pm_log::testing_pool {
namespace {

// A memory of which a range cannot be read.
struct Poisoned {
  CrashMemory* memory;
  std::uint64_t begin;
  std::uint64_t end;

  [[nodiscard]] std::uint64_t size() const { return memory->size(); }
  void store(std::uint64_t, std::span<const std::byte>) {}
  void stream(std::uint64_t, std::span<const std::byte>) {}
  void flush(std::uint64_t, std::uint64_t) {}
  bool fence() { return true; }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    return (offset >= end || offset + bytes.size() <= begin) && memory->read(offset, bytes);
  }
};

TEST_CASE("damage to what the last fast commit appended is a note and names the commit") {
  World world;
  world.make(2, Commit::kFast);
  world.append(0, "older");
  world.append(1, "newest");
  const std::uint64_t area = world.area(1);
  world.flip(area + 2);
  const Inspection report = inspect(world.memory);
  CHECK(report.errors() == 0);
  CHECK(has_note(report, Part::kPayload, area));
  REQUIRE(report.pool.has_value());
  CHECK(report.pool->seq == 1);
  CHECK(report.pool->recovery.discarded_last);
  const auto found = std::find_if(report.findings.begin(), report.findings.end(),
                                  [](const Finding& f) { return f.part == Part::kPayload; });
  CHECK(found->log == 1U);
  CHECK(found->position == 0U);
  CHECK(found->found.find("commit 1 counts") != std::string::npos);
}

TEST_CASE("a newest root that is not whole is a note while the other one is") {
  for (const std::uint64_t logs : {1U, 2U}) {
    World world;
    world.make(logs, Commit::kFast);
    world.append(0, "older");
    world.append(0, "newest");
    world.flip(root_at(2) + 8);
    const Inspection report = inspect(world.memory);
    CHECK(report.errors() == 0);
    CHECK(has_note(report, Part::kRoot, root_at(2)));
    CHECK(report.pool->seq == 1);

    world.flip(root_at(1) + 8);
    const Inspection of_both = inspect(world.memory);
    CHECK(of_both.errors() == 2);
    CHECK(!of_both.pool.has_value());
  }
}

TEST_CASE("damage to both of the fast commits is an error of each") {
  World world;
  world.make(2, Commit::kFast);
  world.append(0, "older");
  world.append(1, "newest");
  world.flip(world.area(1));
  world.flip(slot_at(0, 1));
  const Inspection report = inspect(world.memory);
  CHECK(!report.pool.has_value());
  CHECK(has_error(report, Part::kLogSlot, slot_at(0, 1)));
}

TEST_CASE("bytes of earlier fast commits may differ as those of strict ones may") {
  World world;
  world.make(1, Commit::kFast);
  world.append(0, "older");
  world.append(0, "newest");
  world.flip(world.area(0));
  CHECK(inspect(world.memory).findings.empty());
}

TEST_CASE("what cannot be read is an error wherever it counts") {
  World world(128 * kKiB);
  world.make(2, Commit::kStrict, true);
  const Position first = world.append_record(0, "one");
  const Position second = world.append_record(0, std::string(300, 'x'));
  world.append_record(0, "three");
  const std::uint64_t area = world.area(0);
  CHECK(first == 0);

  const Inspection of_record =
      inspect(Poisoned{&world.memory, area + second + 64, area + second + 128});
  REQUIRE(of_record.errors() == 1);
  CHECK(of_record.findings[0].part == Part::kRecord);
  CHECK(of_record.findings[0].position == second);
  CHECK(of_record.records[0] == 2);

  CHECK(has_error(inspect(Poisoned{&world.memory, 0, 64}), Part::kSuperblock, 0));
  CHECK(has_error(inspect(Poisoned{&world.memory, directory_at(1), directory_at(1) + 1}),
                  Part::kDirectory, directory_at(1)));
  CHECK(has_error(inspect(Poisoned{&world.memory, kCommitWordAt, kCommitWordAt + 1}),
                  Part::kCommitWord, kCommitWordAt));
  CHECK(has_error(inspect(Poisoned{&world.memory, root_at(3), root_at(3) + 1}), Part::kRoot,
                  root_at(3)));
  CHECK(has_error(inspect(Poisoned{&world.memory, slot_at(1, 0), slot_at(1, 0) + 1}),
                  Part::kLogSlot, slot_at(1, 0)));
}

TEST_CASE("bytes of a log without records that cannot be read are an error") {
  World world(128 * kKiB);
  world.make(1, Commit::kStrict);
  world.append(0, std::string(10'000, 'x'));
  const std::uint64_t area = world.area(0);
  const Inspection report = inspect(Poisoned{&world.memory, area + 5000, area + 5001});
  REQUIRE(report.errors() == 1);
  CHECK(has_error(report, Part::kPayload, area + 4096));
  CHECK(report.findings[0].position == 4096U);
}

TEST_CASE("what cannot be read in the last fast commit is an error and no unfinished commit") {
  World world;
  world.make(1, Commit::kFast);
  world.append(0, "older");
  world.append(0, std::string(100, 'x'));
  const std::uint64_t at = world.area(0) + 64;
  const Inspection report = inspect(Poisoned{&world.memory, at, at + 1});
  CHECK(has_error(report, Part::kPayload, at - 64 + 5));
  CHECK(!report.pool.has_value());
  CHECK(report.pool.error().code == Errc::kMedia);
}

}  // namespace
}  // namespace quintet::pm_log::testing_pool
