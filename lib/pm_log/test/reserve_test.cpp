// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "pm_log/test/world/plain_pool.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"

// Appending without a copy.
namespace quintet::pm_log::world {
namespace {

constexpr Commit kBoth[] = {Commit::kStrict, Commit::kFast};

// Writes `written` into a reservation of `reserved` bytes and publishes them, uncommitted.
void publish(PlainPool& pool, std::uint64_t reserved, std::span<const std::byte> written) {
  const auto room = pool.reserve(0, reserved);
  REQUIRE(room.has_value());
  REQUIRE(room->size() == reserved);
  std::fill(room->begin(), room->end(), std::byte{'#'});  // what is not published is lost
  std::copy(written.begin(), written.end(), room->begin());
  const Position position = pool.info(0)->pending_tail;
  REQUIRE(pool.publish(0, written.size()) == position);
}

TEST_CASE("reserve: published bytes are appended wherever they start and end") {
  for (const Commit commit : kBoth) {
    for (std::uint64_t before = 0; before <= 130; ++before) {
      for (const std::uint64_t count : {0U, 1U, 62U, 63U, 64U, 65U, 120U}) {
        PlainMemory memory = memory_for_logs({256});
        auto pool = create_pool(memory, {256}, commit);
        SomeBytes some(before);
        std::vector<std::byte> all = some.bytes(before + count + 3);
        const auto part = [&](std::uint64_t from, std::uint64_t bytes) {
          return std::span<const std::byte>(all).subspan(from, bytes);
        };
        REQUIRE(pool.tentative_append(0, part(0, before)).has_value());
        publish(pool, 120, part(before, count));
        REQUIRE(pool.tentative_append(0, part(before + count, 3)).has_value());
        CHECK(pool.info(0)->tail == 0);
        REQUIRE(pool.commit().has_value());
        INFO(count << " bytes behind " << before);
        REQUIRE((content(pool) == all));
        REQUIRE((content(open_pool(memory)) == all));
      }
    }
  }
}

TEST_CASE("reserve: up to the end of the ring and on from its start") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({192});
    auto pool = create_pool(memory, {192}, commit);
    SomeBytes some(1);
    for (int round = 0; round < 300; ++round) {
      const Info info = *pool.info(0);
      const std::uint64_t most = std::min(192 - info.tail % 192, 192 - (info.tail - info.head));
      const auto bytes = some.bytes(some.word() % (most + 1));
      auto expected = content(pool);
      expected.insert(expected.end(), bytes.begin(), bytes.end());
      publish(pool, most, bytes);
      REQUIRE(pool.commit().has_value());
      REQUIRE((content(pool) == expected));
      REQUIRE((content(open_pool(memory)) == expected));
      pool.check_invariants();
      const std::uint64_t left = some.word() % (std::min<std::uint64_t>(expected.size(), 40) + 1);
      REQUIRE(pool.advance_head(0, pool.info(0)->tail - left).has_value());
    }
  }
}

TEST_CASE("reserve: nothing is seen and nothing is kept before publish") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({128, 64});
    auto pool = create_pool(memory, {128, 64}, commit);
    REQUIRE(pool.tentative_append(0, bytes_of("kept")).has_value());
    REQUIRE(pool.commit().has_value());
    const auto room = pool.reserve(0, 20);
    REQUIRE(room.has_value());
    std::fill(room->begin(), room->end(), std::byte{'#'});
    CHECK(text(pool) == "kept");
    CHECK(text(open_pool(memory)) == "kept");
    // Another log goes on in the meantime.
    REQUIRE(pool.tentative_append(1, bytes_of("other")).has_value());
    REQUIRE(pool.commit().has_value());
    CHECK(text(pool, 1) == "other");
    pool.abort();
    CHECK(pool.publish(0, 1).error().code == Errc::kReserved);
    REQUIRE(pool.tentative_append(0, bytes_of(" new")).has_value());
    REQUIRE(pool.commit().has_value());
    CHECK(text(pool) == "kept new");
    CHECK(text(open_pool(memory)) == "kept new");
  }
}

TEST_CASE("reserve: a commit of what was appended before leaves the reservation alone") {
  for (const Commit commit : kBoth) {
    PlainMemory memory = memory_for_logs({128});
    auto pool = create_pool(memory, {128}, commit);
    REQUIRE(pool.tentative_append(0, bytes_of("before ")).has_value());
    const auto room = pool.reserve(0, 8);
    REQUIRE(room.has_value());
    std::ranges::copy(bytes_of("reserved"), room->begin());
    REQUIRE(pool.commit().has_value());
    CHECK(text(pool) == "before ");
    REQUIRE(pool.publish(0, 8).has_value());
    REQUIRE(pool.commit().has_value());
    CHECK(text(pool) == "before reserved");
    CHECK(text(open_pool(memory)) == "before reserved");
  }
}

TEST_CASE("reserve: the oldest bytes stay when the ring is full") {
  for (const Commit commit : kBoth) {
    for (std::uint64_t at = 1; at < 64; ++at) {
      PlainMemory memory = memory_for_logs({64});
      auto pool = create_pool(memory, {64}, commit);
      const auto all = SomeBytes(at).bytes(64);
      // Empty, at `at`; the ring's end comes before the bytes reserved.
      REQUIRE(pool.tentative_append(0, std::vector<std::byte>(at)).has_value());
      REQUIRE(pool.commit().has_value());
      REQUIRE(pool.advance_head(0, at).has_value());
      REQUIRE(pool.tentative_append(0, std::span(all).first(64 - at)).has_value());
      REQUIRE(pool.commit().has_value());
      publish(pool, at, std::span(all).subspan(64 - at));
      REQUIRE(pool.commit().has_value());
      INFO("at " << at);
      REQUIRE((content(pool) == all));
      REQUIRE((content(open_pool(memory)) == all));
    }
  }
}

TEST_CASE("reserve: its lines are flushed and none are streamed but the last") {
  PlainMemory memory = memory_for_logs({1024});
  auto pool = create_pool(memory, {1024}, Commit::kStrict);
  REQUIRE(pool.tentative_append(0, bytes_of("0123456789")).has_value());
  memory.reset_counts();
  publish(pool, 512, SomeBytes(2).bytes(300));
  CHECK(memory.counts().flushed_lines == 5);
  CHECK(memory.counts().fences == 0);
  memory.reset_counts();
  REQUIRE(pool.commit().has_value());
  CHECK(memory.counts().fences == 2);
  CHECK(memory.counts().streamed_lines <= 3);  // a partial line, the root, the commit word
}

}  // namespace
}  // namespace quintet::pm_log::world
