// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "pm_log/log.hpp"
#include "pm_log/test/world/plain_pool.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"

// Pools: what they are called, what one commit costs, reservations, forgetting, following.
namespace quintet::pm_log::world {
namespace {

constexpr Commit kBoth[] = {Commit::kStrict, Commit::kFast};

void append(PlainPool& pool, std::string_view bytes, LogIndex log = 0) {
  REQUIRE(pool.tentative_append(log, bytes_of(bytes)).has_value());
}
std::string after_opening(PlainMemory& memory, LogIndex log = 0) {
  return text(open_pool(memory), log);
}

// --- pools ----------------------------------------------------------------------------------

TEST_CASE("pool: names and kinds and ids are found again") {
  PlainMemory memory(1 << 20);
  const std::vector<LogSpec> specs{{.capacity = 1000, .name = "orders"},
                                   {.capacity = 64, .name = "", .records = true},
                                   {.capacity = 0, .name = std::string(64, 'z')}};
  const auto pool =
      PlainPool::create(PlainMemoryRef(memory), specs,
                        {.id = id_of(7), .commit = Commit::kFast, .created_unix = 1'700'000'000});
  REQUIRE(pool.has_value());
  for (const PlainPool& it : {*pool, open_pool(memory)}) {
    CHECK(it.logs() == 3);
    CHECK(it.id() == id_of(7));
    CHECK(it.protocol() == Commit::kFast);
    CHECK(it.state().superblock.created_unix == 1'700'000'000);
    CHECK(it.name(0) == "orders");
    CHECK(it.name(1) == "");
    CHECK(it.name(2) == std::string(64, 'z'));
    CHECK_FALSE(it.holds_records(0));
    CHECK(it.holds_records(1));
    CHECK(*it.info(0) == Info{.capacity = 1024});
    CHECK(*it.info(1) == Info{.capacity = 64});
    CHECK(it.recovery() == Recovery{});
  }
}

TEST_CASE("pool: 64 logs commit together") {
  for (const Commit commit : kBoth) {
    PlainMemory memory(data_start(64) + 65 * kPageBytes);
    std::vector<LogSpec> specs;
    for (int i = 0; i < 64; ++i) specs.push_back({.name = "log " + std::to_string(i)});
    auto pool = create_pool(memory, std::span<const LogSpec>(specs), commit);
    for (LogIndex log = 0; log < 64; ++log) append(pool, "bytes of " + specs[log].name, log);
    REQUIRE(after_opening(memory, 63) == "");
    memory.reset_counts();
    REQUIRE(pool.commit().has_value());
    CHECK(memory.counts().fences == (commit == Commit::kFast ? 1 : 2));
    const auto again = open_pool(memory);
    for (LogIndex log = 0; log < 64; ++log) {
      CHECK(text(again, log) == "bytes of log " + std::to_string(log));
      CHECK(again.name(log) == "log " + std::to_string(log));
    }
    again.check_invariants();
    CHECK(again.recovery().seq == 1);
  }
}

TEST_CASE("pool: logs move by themselves and other bytes stay") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({64, 128});
    auto pool = create_pool(memory, {64, 128}, commit);
    append(pool, "first", 0);
    append(pool, "second", 1);
    REQUIRE(pool.commit().has_value());
    append(pool, " more", 0);
    append(pool, " and", 1);
    REQUIRE(pool.advance_head(0, 3).has_value());
    CHECK(text(pool, 0) == "st");
    CHECK(text(pool, 1) == "second");
    CHECK(pool.info(1)->pending_tail == 10);
    CHECK(after_opening(memory, 0) == "st");
    CHECK(after_opening(memory, 1) == "second");
    CHECK_FALSE(open_pool(memory, {.read_only = true}).recovery().discarded_last);
    REQUIRE(pool.commit().has_value());
    CHECK(after_opening(memory, 0) == "st more");
    CHECK(after_opening(memory, 1) == "second and");
  }
}

TEST_CASE("pool: one log has all of it without indices") {
  PlainMemory memory(0x8000);
  using One = Log<PlainMemoryRef>;
  auto log = One::create(PlainMemoryRef(memory), {.id = id_of(3)});
  REQUIRE(log.has_value());
  CHECK(log->info() == Info{.capacity = 0x4000});
  CHECK(log->append(bytes_of("hello ")) == Position{0});
  const std::vector<std::span<const std::byte>> pieces{bytes_of("wor"), bytes_of("ld")};
  CHECK(log->append(pieces) == Position{6});
  CHECK(log->tentative_append(bytes_of("!")) == Position{11});
  log->abort();
  CHECK(log->tentative_append(bytes_of("?")) == Position{11});
  CHECK(log->commit().has_value());
  CHECK(log->advance_head(1).has_value());
  std::vector<std::byte> bytes(11);
  REQUIRE(log->read(1, bytes).has_value());
  CHECK(std::ranges::equal(bytes, bytes_of("ello world?")));
  CHECK(text(One::open(PlainMemoryRef(memory), {.expected_id = id_of(3)})->pool()) ==
        "ello world?");
}

// --- what a commit costs --------------------------------------------------------------------

TEST_CASE("cost: an append is its lines and one root and two fences or one") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({4096});
    auto pool = create_pool(memory, {4096}, commit);
    SomeBytes some(1);
    const std::uint64_t protocol = commit == Commit::kStrict ? 2 : 1;  // root, commit word
    for (int round = 0; round < 2'000; ++round) {
      const Position start = pool.info(0)->tail;
      const std::uint64_t count = 1 + some.word() % 700;
      REQUIRE(pool.advance_head(0, start).has_value());
      memory.reset_counts();
      REQUIRE(pool.tentative_append(0, some.bytes(count)).has_value());
      CHECK(memory.counts().fences == 0);
      REQUIRE(pool.commit().has_value());
      const std::uint64_t touched = (start + count - 1) / 64 - start / 64 + 1;
      INFO(count << " bytes at " << start);
      REQUIRE(memory.counts() ==
              PlainMemory::Counts{.streamed_lines = touched + protocol, .fences = protocol});
    }
  }
}

TEST_CASE("cost: several logs are a slot each and one root") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({256, 256, 256});
    auto pool = create_pool(memory, {256, 256, 256}, commit);
    memory.reset_counts();
    append(pool, "a", 0);
    append(pool, "b", 2);
    REQUIRE(pool.commit().has_value());
    const std::uint64_t protocol = commit == Commit::kStrict ? 2 : 1;
    CHECK(memory.counts() ==
          PlainMemory::Counts{.streamed_lines = 2 + 2 + protocol, .fences = protocol});
    memory.reset_counts();
    REQUIRE(pool.advance_head(1, 0).has_value());  // nothing to do
    REQUIRE(pool.commit().has_value());            // nor here
    append(pool, "", 0);
    REQUIRE(pool.tentative_append(0, PlainPool::Gather()).has_value());
    REQUIRE(pool.commit().has_value());
    CHECK(memory.counts() == PlainMemory::Counts{});
    REQUIRE(pool.advance_head(0, 1).has_value());
    CHECK(memory.counts() ==
          PlainMemory::Counts{.streamed_lines = 1 + protocol, .fences = protocol});
  }
}

// The line that it ends in was written at its start, and is written again.
TEST_CASE("cost: a commit that goes once around needs one more fence") {
  for (const Commit commit : kBoth) {
    for (const std::uint64_t count : {96U, 97U, 128U}) {
      PlainMemory memory = memory_for_logs({128});
      auto pool = create_pool(memory, {128}, commit);
      append(pool, std::string(32, 'o'));
      REQUIRE(pool.commit().has_value());
      REQUIRE(pool.advance_head(0, 32).has_value());
      memory.reset_counts();
      append(pool, std::string(count, 'n'));
      REQUIRE(pool.commit().has_value());
      const std::uint64_t protocol = commit == Commit::kStrict ? 2 : 1;
      INFO(count << " bytes");
      CHECK(memory.counts().fences == protocol + (count > 96 ? 1 : 0));
      CHECK(after_opening(memory) == std::string(count, 'n'));
    }
  }
}

// --- forgetting -----------------------------------------------------------------------------

TEST_CASE("abort: what was appended is gone and its place is used again") {
  for (const Commit commit : kBoth) {
    for (const std::size_t before : {0U, 5U, 63U, 64U, 65U}) {
      for (const std::size_t forgotten : {1U, 59U, 64U, 100U, 190U}) {
        PlainMemory memory = memory_for_logs({256, 64});
        auto pool = create_pool(memory, {256, 64}, commit);
        const std::string kept(before, 'k');
        append(pool, kept);
        REQUIRE(pool.commit().has_value());
        append(pool, std::string(forgotten, 'f'));
        append(pool, "other", 1);
        pool.abort();
        CHECK(pool.info(0)->pending_tail == before);
        CHECK(pool.info(1)->pending_tail == 0);
        REQUIRE(pool.commit().has_value());
        CHECK(after_opening(memory) == kept);
        append(pool, "new");
        REQUIRE(pool.commit().has_value());
        CHECK(text(pool) == kept + "new");
        CHECK(after_opening(memory) == kept + "new");
        CHECK(after_opening(memory, 1) == "");
      }
    }
  }
}

TEST_CASE("settle: what a fast pool says does not rest on payload afterwards") {
  for (const bool several : {false, true}) {
    PlainMemory memory = several ? memory_for_logs({128, 64}) : memory_for_logs({128});
    auto pool = several ? create_pool(memory, {128, 64}, Commit::kFast)
                        : create_pool(memory, {128}, Commit::kFast);
    append(pool, "committed");
    REQUIRE(pool.commit().has_value());
    append(pool, "pending");
    REQUIRE(pool.settle().has_value());
    CHECK(pool.info(0)->pending_tail == 16);
    const std::uint64_t area = pool.state().logs[0].place.area;
    memory.flip(area);
    const auto again = open_pool(memory);
    CHECK(text(again) == "bommitted");
    CHECK_FALSE(again.recovery().discarded_last);
    // Nor does the other root, in case that the newest one is damaged.
    memory.flip(root_at(pool.state().seq));
    CHECK(text(open_pool(memory, {.read_only = true})) == "bommitted");
    memory.flip(root_at(pool.state().seq));
    memory.flip(area);
    REQUIRE(pool.commit().has_value());
    CHECK(after_opening(memory) == "committedpending");
    memory.flip(area + 9);  // now it does again
    CHECK(open_pool(memory, {.read_only = true}).recovery().discarded_last);
    CHECK(after_opening(memory) == "committed");
  }
}

// --- following a writer ---------------------------------------------------------------------

TEST_CASE("refresh: a read only opening shows what was committed until it looked") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({128, 64});
    auto writer = create_pool(memory, {128, 64}, commit);
    append(writer, "one");
    REQUIRE(writer.commit().has_value());
    auto reader = open_pool(memory, {.read_only = true});
    append(writer, " two");
    append(writer, "other", 1);
    REQUIRE(reader.refresh().has_value());
    CHECK(text(reader) == "one");
    REQUIRE(writer.commit().has_value());
    CHECK(text(reader) == "one");
    REQUIRE(reader.refresh().has_value());
    CHECK(text(reader) == "one two");
    CHECK(text(reader, 1) == "other");
    REQUIRE(writer.advance_head(0, 4).has_value());
    REQUIRE(reader.refresh().has_value());
    CHECK(*reader.info(0) == Info{4, 7, 7, 128});
    CHECK(reader.recovery().seq == writer.state().seq);
    memory.flip(slot_at(0, 0));
    memory.flip(slot_at(0, 1));
    CHECK(reader.refresh().error().code == Errc::kCorrupt);
    CHECK(text(reader) == "two");  // as it was
  }
}

}  // namespace
}  // namespace quintet::pm_log::world
