// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <vector>

#include "pm_log/test/world/plain_pool.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"

// Appends at every offset of small rings, of every length, on full rings, and at the last positions
// that there are.
namespace quintet::pm_log::world {
namespace {

using Bytes = std::vector<std::byte>;
using PlainLog = MultiLog<PlainMemoryRef>;

template <class Pool>
void append(Pool& pool, std::span<const std::byte> bytes) {
  const Position end = pool.info(0)->pending_tail;
  const auto position = pool.tentative_append(0, bytes);
  if (!position || *position != end) FAIL("an append of " << bytes.size() << " at " << end);
  if (!pool.commit()) FAIL("its commit");
}
// An empty log whose next byte goes to offset `at`.
template <class Pool>
void go_to(Pool& pool, std::uint64_t at) {
  const Info info = *pool.info(0);
  const std::uint64_t length = info.capacity;
  REQUIRE(pool.advance_head(0, info.tail).has_value());
  append(pool, Bytes((at + length - info.tail % length) % length));
  REQUIRE(pool.advance_head(0, pool.info(0)->tail).has_value());
}

// Where view() shows [head, tail), checked against the ring.
template <class Pool>
Bytes seen_in_place(const Pool& pool) {
  const Info info = *pool.info(0);
  const std::byte* area = pool.memory().data() + pool.state().logs[0].place.area;
  const std::uint64_t at = info.head % info.capacity;
  const auto pieces = *pool.view(0, info.head, info.tail - info.head);
  const std::uint64_t first = std::min(info.tail - info.head, info.capacity - at);
  if (pieces[0].data() != area + at || pieces[0].size() != first) FAIL("the first piece");
  if (pieces[1].data() != area && !pieces[1].empty()) FAIL("the second piece");
  Bytes bytes(pieces[0].begin(), pieces[0].end());
  bytes.insert(bytes.end(), pieces[1].begin(), pieces[1].end());
  return bytes;
}

// The log holds exactly `expected`, now and when it is opened again.
template <class Ref>
void check_content(PlainMemory& memory, MultiLog<Ref>& pool, const Bytes& expected) {
  if (content(pool) != expected) FAIL("it reads other bytes");
  if (seen_in_place(pool) != expected) FAIL("it shows other bytes in place");
  pool.check_invariants();
  const auto again = MultiLog<Ref>::open(Ref(memory));
  if (!again) FAIL("opening it again: " << static_cast<int>(again.error().code));
  if (content(*again) != expected) FAIL("opened again, it reads other bytes");
  if (again->info(0) != pool.info(0)) FAIL("opened again, its window is another one");
}

// What is kept fills the ring up to the new bytes: nothing is free afterwards.
template <class Ref>
void append_everywhere(std::uint64_t length, Commit commit, std::uint64_t step) {
  PlainMemory memory = memory_for_logs({length});
  auto pool = create_pool<Ref>(memory, {length}, commit);
  SomeBytes some(length);
  for (std::uint64_t at = 0; at < length; at += step) {
    for (std::uint64_t count = 0; count <= length; ++count) {
      INFO("ring of " << length << ": " << count << " bytes at " << at);
      const Bytes all = some.bytes(length);
      go_to(pool, (at + count) % length);
      append(pool, std::span(all).first(length - count));
      append(pool, std::span(all).subspan(length - count));
      check_content(memory, pool, all);
      if (pool.tentative_append(0, std::span(all).first(1))) FAIL("a full ring takes a byte");
    }
  }
}

TEST_CASE("wraps: a ring of one line at every offset and length") {
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    append_everywhere<PlainMemoryRef>(64, commit, 1);
    append_everywhere<SummingRef>(64, commit, 1);
  }
}
TEST_CASE("wraps: a ring of two lines at every offset and length") {
  append_everywhere<PlainMemoryRef>(128, Commit::kStrict, 1);
  append_everywhere<SummingRef>(128, Commit::kFast, 1);
}
TEST_CASE("wraps: a ring of three lines at many offsets and every length") {
  append_everywhere<PlainMemoryRef>(192, Commit::kFast, 7);
  append_everywhere<SummingRef>(192, Commit::kStrict, 13);
}

TEST_CASE("wraps: several appends of one commit go around together") {
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    for (const std::uint64_t part : {1U, 3U, 31U, 32U, 33U, 63U, 64U, 65U, 100U}) {
      PlainMemory memory = memory_for_logs({192});
      auto pool = create_pool(memory, {192}, commit);
      SomeBytes some(part);
      for (std::uint64_t at = 0; at < 192; at += 11) {
        const Bytes all = some.bytes(192);
        go_to(pool, at);
        for (std::uint64_t done = 0; done < all.size();) {
          const std::uint64_t count = std::min<std::uint64_t>(part, all.size() - done);
          REQUIRE(pool.tentative_append(0, std::span(all).subspan(done, count)).has_value());
          done += count;
        }
        REQUIRE(content(pool).empty());
        REQUIRE(pool.commit().has_value());
        INFO("parts of " << part << " at " << at);
        check_content(memory, pool, all);
      }
    }
  }
}

TEST_CASE("wraps: pieces are appended as if they were one") {
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    PlainMemory apart_memory = memory_for_logs({256}), whole_memory = memory_for_logs({256});
    auto apart = create_pool(apart_memory, {256}, commit);
    auto whole = create_pool(whole_memory, {256}, commit);
    SomeBytes some(9);
    for (int round = 0; round < 500; ++round) {
      const Bytes all = some.bytes(some.word() % 257);
      std::vector<std::span<const std::byte>> pieces;
      for (std::size_t done = 0; done < all.size();) {
        const std::size_t count = std::min<std::size_t>(some.word() % 90, all.size() - done);
        pieces.push_back(std::span(all).subspan(done, count));  // some of them empty
        done += count;
      }
      for (auto* pool : {&apart, &whole}) {
        REQUIRE(pool->advance_head(0, pool->info(0)->tail).has_value());
      }
      REQUIRE(apart.tentative_append(0, pieces) == whole.tentative_append(0, all));
      REQUIRE(apart.commit().has_value());
      REQUIRE(whole.commit().has_value());
      check_content(apart_memory, apart, all);
      check_content(whole_memory, whole, all);
    }
  }
}

TEST_CASE("wraps: sums behind pieces are those of the pieces") {
  SomeBytes some(10);
  const Bytes all = some.bytes(150);
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    PlainMemory memory = memory_for_logs({192});
    auto pool = create_pool<SummingRef>(memory, {192}, commit);
    for (std::uint64_t at = 0; at < 192; ++at) {
      go_to(pool, at);
      const std::array pieces{std::span<const std::byte>(all).first(70),
                              std::span<const std::byte>(all).subspan(70)};
      REQUIRE(pool.tentative_append_summed(0, pieces, 77).has_value());
      REQUIRE(pool.commit().has_value());
      Bytes expected = all;
      const std::uint32_t sum = crc32c(77, all);
      const auto behind = std::as_bytes(std::span(&sum, 1));
      expected.insert(expected.end(), behind.begin(), behind.end());
      INFO("at " << at);
      check_content(memory, pool, expected);
    }
  }
}

// --- the last positions ---------------------------------------------------------------------

// An empty log whose next byte has this position: its root says so.
PlainLog log_at(PlainMemory& memory, std::uint64_t length, Position position, Commit commit) {
  const auto pool = create_pool(memory, {length}, commit);
  const LogSlot slot{.head = position,
                     .tail = position,
                     .previous_tail = position,
                     .delta_crc = pool.seeds().payload};
  memory.put(root_at(0), encode(slot, root_at(0), pool.seeds()).bytes());
  return open_pool(memory);
}

TEST_CASE("last positions: appends go on up to the last one and no further") {
  SomeBytes some(11);
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    for (const std::uint64_t length : {64U, 192U, 320U}) {
      for (std::uint64_t left = 0; left <= 400; left += 7) {
        PlainMemory memory = memory_for_logs({length});
        auto pool = log_at(memory, length, UINT64_MAX - left, commit);
        const std::uint64_t free = std::min(left, length);
        const Bytes bytes = some.bytes(free + 1);
        INFO("ring of " << length << ", " << left << " positions left");
        REQUIRE(pool.tentative_append(0, bytes).error() ==
                Error{.code = Errc::kNoSpace, .a = free, .b = free + 1});
        const Bytes fitting(bytes.begin(), bytes.end() - 1);
        append(pool, fitting);
        REQUIRE(pool.info(0)->tail == UINT64_MAX - left + free);
        check_content(memory, pool, fitting);
        REQUIRE(pool.tentative_append(0, std::span(bytes).first(1)).error() ==
                Error{.code = Errc::kNoSpace, .a = 0, .b = 1});
        REQUIRE(pool.advance_head(0, pool.info(0)->tail).has_value());
        REQUIRE(pool.tentative_append(0, fitting).has_value() == (2 * free <= left));
      }
    }
  }
}

TEST_CASE("last positions: a full ring ends at the last one") {
  PlainMemory memory = memory_for_logs({192});
  auto pool = log_at(memory, 192, UINT64_MAX - 192, Commit::kStrict);
  const Bytes all = SomeBytes(12).bytes(192);
  append(pool, all);
  REQUIRE(pool.info(0)->tail == UINT64_MAX);
  check_content(memory, pool, all);
  Bytes last(1);
  CHECK(pool.read(0, UINT64_MAX - 1, last).has_value());
  CHECK(last[0] == all[191]);
  CHECK(pool.read(0, UINT64_MAX, last).error() ==
        Error{.code = Errc::kPastTail, .a = UINT64_MAX, .b = UINT64_MAX});
  CHECK(pool.advance_head(0, UINT64_MAX).has_value());
  check_content(memory, pool, {});
}

}  // namespace
}  // namespace quintet::pm_log::world
