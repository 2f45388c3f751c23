// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "pm_log/record_log.hpp"
#include "pm_log/test/world/plain_pool.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"

// Records: found again as they were, or found damaged.
namespace quintet::pm_log::world {
namespace {

using Records = RecordLog<PlainMemoryRef>;
using Reader = RecordReader<PlainMemoryRef>;
constexpr Commit kBoth[] = {Commit::kStrict, Commit::kFast};

struct Fixture {
  PlainMemory memory;
  PlainPool pool;
  Records records;
  std::vector<std::byte> payload{};

  explicit Fixture(std::uint64_t capacity = 256, Commit commit = Commit::kStrict)
      : memory(memory_for_logs({capacity})),
        pool(make(capacity, commit)),
        records(*Records::of(pool)) {}
  PlainPool make(std::uint64_t capacity, Commit commit) {
    const LogSpec spec{.capacity = capacity, .records = true};
    return create_pool(memory, std::span(&spec, 1), commit);
  }

  Position append(std::string_view text) {
    const auto position = records.append(bytes_of(text));
    REQUIRE(position.has_value());
    return *position;
  }
  // The next record of `reader`; "-" at the tail, "!" if damaged.
  std::string next(Reader& reader) {
    const auto found = reader.next(payload);
    if (!found) return found.error().code == Errc::kCorrupt ? "!" : "?";
    if (!*found) return "-";
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
  // Changes a byte of the log's area.
  void damage(Position position) {
    const auto& place = pool.state().logs[0].place;
    memory.flip(place.area + position % place.length, 2);
  }
  Error corrupt_at(Position position) {
    return {.code = Errc::kCorrupt, .a = position, .part = Part::kRecord};
  }
};

TEST_CASE("records: are read in order and again after opening") {
  for (const Commit commit : kBoth) {
    Fixture f(256, commit);
    CHECK(f.append("one") == 0);
    CHECK(f.append("") == 11);
    CHECK(f.append("three") == 19);
    auto reader = f.records.reader();
    CHECK(reader.position() == 0);
    CHECK(f.next(reader) == "one");
    CHECK(reader.position() == 11);
    CHECK(f.next(reader) == "");
    CHECK(f.next(reader) == "three");
    CHECK(f.next(reader) == "-");
    CHECK(f.next(reader) == "-");
    auto pool = open_pool(f.memory);
    Reader again(pool, 0);
    CHECK(f.next(again) == "one");
    CHECK(f.next(again) == "");
    CHECK(f.next(again) == "three");
    CHECK(f.next(again) == "-");
  }
}

// Length, payload, and the CRC-32C of the pool's id, the position, the length and the payload.
TEST_CASE("records: lie as the format says") {
  for (const Commit commit : kBoth) {
    Fixture f(256, commit);
    f.append("ab");
    const Position position = f.append("payload");
    std::vector<std::byte> expected;
    const auto add = [&expected](std::uint64_t number, std::size_t bytes) {
      for (std::size_t i = 0; i < bytes; ++i) {
        expected.push_back(static_cast<std::byte>(number >> 8 * i));
      }
    };
    add(7, 4);
    std::ranges::copy(bytes_of("payload"), std::back_inserter(expected));
    const Uuid id = id_of(1);
    std::vector<std::byte> summed(id.bytes.begin(), id.bytes.end());
    for (std::size_t i = 0; i < 8; ++i) summed.push_back(static_cast<std::byte>(position >> 8 * i));
    summed.insert(summed.end(), expected.begin(), expected.end());
    add(crc32c(0, summed), 4);
    std::vector<std::byte> found(expected.size());
    REQUIRE(f.pool.read(0, position, found).has_value());
    CHECK(found == expected);
    CHECK(f.pool.info(0)->tail == position + expected.size());
  }
}

TEST_CASE("records: of every size at every place in the ring") {
  for (const Commit commit : kBoth) {
    Fixture f(192, commit);
    SomeBytes some(1);
    auto reader = f.records.reader();
    for (int round = 0; round < 3'000; ++round) {
      const auto bytes = some.bytes(some.word() % 185);
      REQUIRE(f.records.make_room(bytes.size()).has_value());
      REQUIRE(f.records.append(bytes).has_value());
      REQUIRE(f.next(reader).size() == bytes.size());
      REQUIRE(f.payload == bytes);
      REQUIRE(f.next(reader) == "-");
    }
  }
}

TEST_CASE("records: a reader follows the tail") {
  Fixture f;
  auto reader = f.records.reader();
  CHECK(f.next(reader) == "-");
  f.append("one");
  CHECK(f.next(reader) == "one");
  REQUIRE(f.records.tentative_append(bytes_of("two")).has_value());
  CHECK(f.next(reader) == "-");  // not committed
  REQUIRE(f.pool.commit().has_value());
  CHECK(f.next(reader) == "two");

  // And so does one in another process, which looks again now and then.
  auto other = open_pool(f.memory, {.read_only = true});
  Reader follower(other, 0, reader.position());
  f.append("three");
  CHECK(f.next(follower) == "-");
  REQUIRE(other.refresh().has_value());
  CHECK(f.next(follower) == "three");
  CHECK(f.next(follower) == "-");
}

TEST_CASE("records: a reader starts where it is told and passes over") {
  Fixture f;
  f.append("one");
  const Position second = f.append("second");
  f.append("three");
  auto reader = f.records.reader(second);
  CHECK(f.next(reader) == "second");
  auto passing = f.records.reader();
  CHECK(passing.skip() == true);
  CHECK(passing.position() == second);
  CHECK(passing.skip() == true);
  CHECK(f.next(passing) == "three");
  CHECK(passing.skip() == false);

  auto dropped = f.records.reader();
  REQUIRE(f.pool.advance_head(0, second).has_value());
  CHECK(dropped.next(f.payload).error() == Error{.code = Errc::kBeforeHead, .a = second, .b = 0});
  CHECK(f.records.reader().position() == second);
  auto beyond = f.records.reader(1000);
  const Error past_tail{.code = Errc::kPastTail, .a = f.pool.info(0)->tail, .b = 1000};
  CHECK(beyond.next(f.payload).error() == past_tail);
  CHECK(beyond.skip().error() == past_tail);
}

TEST_CASE("records: room is made by dropping the oldest whole ones") {
  Fixture f(64);
  f.append("12");            // 10 bytes
  f.append("1234567890");    // 18
  f.append("123456789012");  // 20: 16 left
  CHECK(f.records.make_room(8) == std::uint64_t{0});
  CHECK(f.pool.info(0)->head == 0);
  CHECK(f.records.make_room(9) == std::uint64_t{1});
  CHECK(f.pool.info(0)->head == 10);
  CHECK(f.records.make_room(19) == std::uint64_t{1});
  CHECK(f.pool.info(0)->head == 28);
  CHECK(open_pool(f.memory).info(0)->head == 28);
  CHECK(f.records.make_room(56) == std::uint64_t{1});
  CHECK(f.pool.info(0)->head == 48);
  const std::string whole(56, 'w');
  f.append(whole);
  auto reader = f.records.reader();
  CHECK(f.next(reader) == whole);
  CHECK(f.records.make_room(57).error() == Error{.code = Errc::kNoSpace, .a = 56, .b = 57});
  CHECK(f.records.make_room(UINT64_MAX).error().code == Errc::kNoSpace);
}

TEST_CASE("records: no room is made beside a log full of pending records") {
  Fixture f(64);
  REQUIRE(f.records.tentative_append(std::vector<std::byte>(52)).has_value());
  CHECK(f.records.make_room(0).error() == Error{.code = Errc::kNoSpace, .a = 0, .b = 0});
}

TEST_CASE("records: room is not made of what is pending") {
  Fixture f(64);
  f.append("1234567890");
  REQUIRE(f.records.tentative_append(bytes_of("12")).has_value());
  CHECK(f.records.make_room(47).error() == Error{.code = Errc::kNoSpace, .a = 46, .b = 47});
  CHECK(f.records.make_room(28) == std::uint64_t{0});
  CHECK(f.records.make_room(29) == std::uint64_t{1});
  CHECK(f.records.make_room(46) == std::uint64_t{0});
  REQUIRE(f.records.tentative_append(std::vector<std::byte>(46)).has_value());
  REQUIRE(f.pool.commit().has_value());
  auto reader = f.records.reader();
  CHECK(f.next(reader) == "12");
  CHECK(f.next(reader) == std::string(46, '\0'));
}

TEST_CASE("records: damage of any byte is found and told by position") {
  Fixture f;
  f.append("one");
  const Position second = f.append("second");
  const Position third = f.append("three");
  for (Position at = second; at < third; ++at) {
    f.damage(at);
    INFO("byte " << at - second);
    auto reader = f.records.reader();
    CHECK(f.next(reader) == "one");
    CHECK(reader.next(f.payload).error() == f.corrupt_at(second));
    CHECK(reader.position() == second);  // it stays there
    CHECK(f.next(reader) == "!");
    f.damage(at);
    CHECK(f.next(reader) == "second");
  }
  // Whoever knows where the next one starts may go on.
  f.damage(second + 4);
  auto reader = f.records.reader(second);
  CHECK(f.next(reader) == "!");
  CHECK(reader.skip() == true);
  CHECK(f.next(reader) == "three");
}

TEST_CASE("records: a length that reaches beyond the tail is damage") {
  Fixture f(256);
  f.append("12345678");
  const auto& place = f.pool.state().logs[0].place;
  for (const std::uint32_t length : {9U, 248U, 249U, 0x7FFF'FFFFU, UINT32_MAX}) {
    f.memory.put(place.area, std::as_bytes(std::span(&length, 1)));
    auto reader = f.records.reader();
    CHECK(reader.next(f.payload).error() == f.corrupt_at(0));
    CHECK(reader.skip().error() == f.corrupt_at(0));
    CHECK(f.records.make_room(241).error() == f.corrupt_at(0));
    CHECK(f.pool.info(0)->head == 0);
  }
  auto inside = f.records.reader(f.pool.info(0)->tail - 7);
  CHECK(inside.next(f.payload).error() == f.corrupt_at(f.pool.info(0)->tail - 7));
}

TEST_CASE("records: one of another lap or place or pool is none") {
  Fixture f(64);
  f.append("old old old old old old old old old old old old old old!");  // the whole ring
  const auto lap = f.memory.image();
  const auto& place = f.pool.state().logs[0].place;
  const auto area = std::span(lap).subspan(place.area, 64);
  REQUIRE(f.records.make_room(56) == std::uint64_t{1});
  f.append("new new new new new new new new new new new new new new!");
  f.memory.put(place.area, area);  // what was written is lost: the lap before shows
  auto reader = f.records.reader();
  CHECK(reader.next(f.payload).error() == f.corrupt_at(64));

  Fixture here;
  here.append("same");
  here.append("same");
  const auto& there = here.pool.state().logs[0].place;
  const auto image = here.memory.image();
  here.memory.put(there.area + 12, std::span(image).subspan(there.area, 12));
  auto second = here.records.reader(12);
  CHECK(here.next(second) == "!");

  Fixture one, other;
  auto pool = PlainPool::create(PlainMemoryRef(other.memory),
                                std::vector<LogSpec>{{.capacity = 256, .records = true}},
                                {.id = id_of(99), .overwrite = true});
  REQUIRE(pool.has_value());
  one.append("same");
  REQUIRE(Records::of(*pool)->append(bytes_of("same")).has_value());
  const auto foreign = other.memory.image();
  one.memory.put(there.area, std::span(foreign).subspan(there.area, 12));
  auto stranger = one.records.reader();
  CHECK(one.next(stranger) == "!");
}

TEST_CASE("records: too large ones are refused") {
  Fixture f(64);
  const auto before = f.memory.image();
  CHECK(f.records.append(std::vector<std::byte>(57)).error() ==
        Error{.code = Errc::kNoSpace, .a = 64, .b = 65});
  // Nobody looks at the bytes of a record that no length can be written for.
  const std::span<const std::byte> endless(f.memory.data(), kMaxRecordBytes + 1);
  CHECK(f.records.append(endless).error() ==
        Error{.code = Errc::kNoSpace, .a = kMaxRecordBytes, .b = kMaxRecordBytes + 1});
  CHECK((f.memory.image() == before));
  CHECK(f.records.append(std::vector<std::byte>(56)).has_value());
}

TEST_CASE("records: what cannot be read is told") {
  Fixture f;
  f.append("one");
  const std::uint64_t area = f.pool.state().logs[0].place.area;
  f.memory.make_unreadable(area + 5, area + 6);
  auto reader = f.records.reader();
  CHECK(reader.next(f.payload).error() == Error{.code = Errc::kMedia, .a = area + 4});
  CHECK(reader.skip() == true);
}

}  // namespace
}  // namespace quintet::pm_log::world
