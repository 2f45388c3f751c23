// SPDX-License-Identifier: MIT
#include "pm_log/inspect.hpp"

#include "pm_log/test/inspected_pool.hpp"

namespace quintet::pm_log::testing_pool {
namespace {

// Three logs after a few commits: log b has both of its slots written, c none but the first.
World three_logs() {
  World world;
  world.make(3, Commit::kStrict);
  world.append(0, "first");
  world.append(1, "second");
  world.append(1, "third");
  return world;
}

std::uint64_t live_slot(World& world, LogIndex log) {
  return slot_at(log, world.open().state().live >> log & 1);
}

TEST_CASE("a pool without damage has no findings") {
  for (const std::uint64_t logs : {1U, 2U, 64U}) {
    for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
      World world(1 * kMiB);
      world.make(logs, commit);
      for (int commits = 0; commits < 5; ++commits) {
        const Inspection report = inspect(world.memory);
        CAPTURE(logs, commit == Commit::kFast, commits);
        for (const Finding& finding : report.findings) CHECK(finding.found == "");
        REQUIRE(report.pool.has_value());
        CHECK(report.pool->seq == static_cast<std::uint64_t>(commits));
        CHECK(report.errors() == 0);
        world.append(static_cast<LogIndex>(commits % 2 == 1 ? logs - 1 : 0), "some bytes");
      }
    }
  }
}

TEST_CASE("an inspection writes nothing and flushes nothing") {
  World world = three_logs();
  int events = 0;
  world.memory.watch([&](CrashMemory::Event) { ++events; });
  (void)inspect(world.memory);
  CHECK(events == 0);
}

// Flips every bit of `count` bytes at `at`, each by itself.
template <class Check>
void for_each_bit(World& world, std::uint64_t at, std::uint64_t count, Check check) {
  for (std::uint64_t byte = at; byte < at + count; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      world.flip(byte, 1U << bit);
      const Inspection report = inspect(world.memory);
      if (!check(report)) FAIL("bit " << bit << " of offset " << byte);
      world.flip(byte, 1U << bit);
    }
  }
}

TEST_CASE("every bit of what counts is missed when it is flipped") {
  World world = three_logs();
  const std::uint64_t end = second_superblock_at(world.memory.size());
  const auto expect = [&](Part part, std::uint64_t at, std::uint64_t count, bool opens) {
    CAPTURE(static_cast<int>(part), at);
    for_each_bit(world, at, count, [&](const Inspection& report) {
      return has_error(report, part, at) && report.errors() == 1 &&
             report.pool.has_value() == opens;
    });
  };
  expect(Part::kSuperblock, 0, kSuperblockBytes, true);
  expect(Part::kSuperblock, end, kSuperblockBytes, true);
  expect(Part::kCommitWord, kCommitWordAt, 8, false);
  expect(Part::kRoot, root_at(world.open().state().seq), kLineBytes, false);
  for (LogIndex log = 0; log < 3; ++log) {
    expect(Part::kDirectory, directory_at(log), kDirectoryEntryBytes, false);
    expect(Part::kLogSlot, live_slot(world, log), kLineBytes, false);
  }
}

TEST_CASE("damage to what does not count is noted and no error") {
  World world = three_logs();
  const std::uint64_t idle_root = root_at(world.open().state().seq + 1);
  const std::uint64_t idle_slot = live_slot(world, 1) ^ 256;
  const auto expect_note = [&](Part part, std::uint64_t at) {
    for_each_bit(world, at, kLineBytes, [&](const Inspection& report) {
      return has_note(report, part, at) && report.errors() == 0 && report.pool.has_value();
    });
  };
  expect_note(Part::kRoot, idle_root);
  expect_note(Part::kLogSlot, idle_slot);
  for_each_bit(world, kCommitWordAt + 8, kLineBytes - 8, [&](const Inspection& report) {
    return has_note(report, Part::kCommitWord, kCommitWordAt + 8) && report.errors() == 0;
  });
}

TEST_CASE("a pool that does not open has an error and one that lost a commit has a note") {
  for (const std::uint64_t logs : {1U, 3U}) {
    for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
      World world;
      world.make(logs, commit);
      for (int i = 0; i < 4; ++i) world.append(static_cast<LogIndex>(i) % logs & 1, "text");
      const PoolState before = world.open().state();
      for_each_bit(world, 0x1000, 0x4000 + 512 * 3 - 0x1000, [&](const Inspection& report) {
        if (!report.pool) return report.errors() != 0;
        // It opens: with the same state, or without the last commit, and says so.
        return report.pool->seq == before.seq || !report.findings.empty();
      });
    }
  }
}

TEST_CASE("damage in several places is found in all of them") {
  World world = three_logs();
  const std::uint64_t slot = live_slot(world, 2);
  world.flip(9);
  world.flip(directory_at(0) + 40);
  world.flip(slot + 3);
  world.flip(kCommitWordAt + 5);
  const Inspection report = inspect(world.memory);
  CHECK(has_error(report, Part::kSuperblock, 0));
  CHECK(has_error(report, Part::kDirectory, directory_at(0)));
  CHECK(has_error(report, Part::kLogSlot, slot));
  CHECK(has_error(report, Part::kCommitWord, kCommitWordAt));
  CHECK(report.errors() == 4);
  for (const Finding& finding : report.findings) {
    if (finding.part == Part::kLogSlot) CHECK(finding.log == 2U);
    if (finding.part == Part::kDirectory) CHECK(finding.log == 0U);
    CHECK(!finding.expected.empty());
    CHECK(!finding.found.empty());
  }
}

TEST_CASE("with both superblocks damaged the rest is checked as long as an id is whole") {
  World world = three_logs();
  const std::uint64_t slot = live_slot(world, 2);
  world.flip(50);                                              // when it was made
  world.flip(second_superblock_at(world.memory.size()) + 16);  // its id
  world.flip(slot);
  const Inspection report = inspect(world.memory);
  CHECK(report.errors() == 3);
  CHECK(has_error(report, Part::kLogSlot, slot));
  REQUIRE(!report.pool.has_value());
  CHECK(report.pool.error().code == Errc::kCorrupt);

  world.flip(17);  // the other id, too
  CHECK(inspect(world.memory).errors() == 2);
}

TEST_CASE("a stale slot is found by the digest") {
  World world = three_logs();
  const std::uint64_t slot = live_slot(world, 0);
  const Line old = world.line(slot);
  LogSlot other = decode_log(old);
  other.seq = 0;
  world.set_line(slot, encode(other, slot, world.open().seeds()));
  const Inspection report = inspect(world.memory);
  CHECK(report.errors() == 1);
  CHECK(has_error(report, Part::kLogSlot, root_at(3)));
  CHECK(report.findings[0].found.find("stale") != std::string::npos);
}

TEST_CASE("a whole line that says what cannot be is an error with what it says") {
  const LogSlot good{.seq = 1, .head = 2, .tail = 4, .previous_tail = 3};
  LogSlot head_beyond = good;
  head_beyond.head = 5;
  LogSlot tail_before = good;
  tail_before.tail = 2;
  LogSlot too_long = good;
  too_long.tail = 1 * kMiB;
  LogSlot of_another = good;
  of_another.log = 1;
  for (const LogSlot& slot : {good, head_beyond, tail_before, too_long, of_another}) {
    World world;
    world.make(1, Commit::kStrict);
    world.append(0, "text");
    world.set_line(root_at(1), encode(slot, root_at(1), world.open().seeds()));
    const Inspection report = inspect(world.memory);
    CAPTURE(slot.head, slot.tail, slot.log);
    if (slot.head == good.head && slot.tail == good.tail && slot.log == good.log) {
      CHECK(report.findings.empty());
      continue;
    }
    REQUIRE(report.errors() == 1);
    CHECK(has_error(report, Part::kRoot, root_at(1)));
    CHECK(report.findings[0].found.find(std::to_string(slot.tail)) != std::string::npos);
  }
}

TEST_CASE("a line of another place is no line of this one") {
  World world = three_logs();
  const std::uint64_t slot = live_slot(world, 0);
  world.set_line(slot, world.line(live_slot(world, 1)));
  const Inspection report = inspect(world.memory);
  CHECK(has_error(report, Part::kLogSlot, slot));
}

TEST_CASE("a commit that was cut off before its word is a note") {
  World world;
  world.make(1, Commit::kStrict);
  world.append(0, "kept");
  const Seeds seeds = world.open().seeds();
  world.set_line(root_at(2),
                 encode(LogSlot{.seq = 2, .tail = 4, .previous_tail = 4}, root_at(2), seeds));
  const Inspection report = inspect(world.memory);
  CHECK(report.errors() == 0);
  CHECK(has_note(report, Part::kRoot, root_at(2)));
  CHECK(report.pool->seq == 1);
}

TEST_CASE("media of another size are an error and what is left is checked") {
  World world = three_logs();
  World shorter(32 * kKiB);
  World longer(128 * kKiB);
  std::vector<std::byte> bytes(world.memory.size());
  REQUIRE(world.memory.read(0, bytes));
  shorter.memory.damage(0, std::span(bytes).first(shorter.memory.size()));
  longer.memory.damage(0, bytes);
  longer.flip(live_slot(world, 2));
  const Inspection of_shorter = inspect(shorter.memory);
  CHECK(has_error(of_shorter, Part::kSuperblock, 0));
  CHECK(of_shorter.pool.error().code == Errc::kSizeMismatch);
  const Inspection of_longer = inspect(longer.memory);
  CHECK(of_longer.errors() == 2);
  CHECK(has_error(of_longer, Part::kLogSlot, live_slot(world, 2)));

  CHECK(inspect(CrashMemory(64)).errors() == 1);
  CHECK(inspect(CrashMemory(64 * kKiB)).errors() == 1);
  CHECK(inspect(CrashMemory(64 * kKiB)).pool.error().code == Errc::kNotALog);
}

TEST_CASE("a later version is named and nothing of it is taken for damage") {
  World world = three_logs();
  const Superblock later{.version = 7, .pool_bytes = world.memory.size(), .logs = 3};
  world.memory.damage(0, encode(later).bytes());
  world.memory.damage(second_superblock_at(world.memory.size()), encode(later).bytes());
  const Inspection report = inspect(world.memory);
  REQUIRE(report.errors() == 1);
  CHECK(report.findings[0].found == "version 7");
  CHECK(report.pool.error().code == Errc::kVersionUnsupported);
}

TEST_CASE("areas that overlap are an error of the directory") {
  World world = three_logs();
  const PoolState state = world.open().state();
  DirectoryEntry place = state.logs[1].place;
  place.area = state.logs[0].place.area;
  world.memory.damage(directory_at(1), encode(place, directory_at(1), state.seeds).bytes());
  CHECK(has_error(inspect(world.memory), Part::kDirectory, directory_at(1)));
}

}  // namespace
}  // namespace quintet::pm_log::testing_pool
