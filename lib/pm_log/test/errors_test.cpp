// SPDX-License-Identifier: MIT
#include <cstring>
#include <string>
#include <vector>

#include "pm_log/log.hpp"
#include "pm_log/record_log.hpp"
#include "pm_log/test/world/plain_pool.hpp"
#include "testing/catch.hpp"

// Every error that the core can give, with the values that tell why, and that it changed nothing.
namespace quintet::pm_log::world {
namespace {

// Two logs: the first has `kept` from 10 to 14 and `pending` behind it, the second is of records.
struct Furnished {
  PlainMemory memory = memory_for_logs({100, 256});
  PlainPool pool;

  Furnished() : pool(make()) {
    REQUIRE(pool.tentative_append(0, bytes_of("0123456789kept")).has_value());
    REQUIRE(pool.commit().has_value());
    REQUIRE(pool.advance_head(0, 10).has_value());
    REQUIRE(pool.tentative_append(0, bytes_of("pending")).has_value());
  }
  PlainPool make() {
    const std::vector<LogSpec> specs{{.capacity = 100}, {.capacity = 256, .records = true}};
    return create_pool(memory, std::span<const LogSpec>(specs));
  }

  // `call` is refused for this reason; media and logs stay as they were.
  template <class Call>
  void refuses(const Error& expected, Call call) {
    const auto media = memory.image();
    const Info infos[] = {*pool.info(0), *pool.info(1)};
    const auto answer = call();
    REQUIRE(!answer.has_value());
    CHECK(static_cast<int>(answer.error().code) == static_cast<int>(expected.code));
    CHECK(answer.error() == expected);
    CHECK((memory.image() == media));
    CHECK(*pool.info(0) == infos[0]);
    CHECK(*pool.info(1) == infos[1]);
  }
  ~Furnished() {
    CHECK(text(pool) == "kept");
    CHECK(pool.commit().has_value());
    CHECK(text(pool) == "keptpending");
    CHECK(text(open_pool(memory)) == "keptpending");
  }
};

TEST_CASE("error: an index that no log has") {
  Furnished f;
  const Error expected{.code = Errc::kInvalidLog, .a = 2};
  std::byte byte{};
  f.refuses(expected, [&] { return f.pool.tentative_append(2, bytes_of("x")); });
  f.refuses(expected, [&] { return f.pool.tentative_append(UINT32_MAX, bytes_of("")); });
  f.refuses(expected, [&] { return f.pool.tentative_append_summed(2, {}, 0); });
  f.refuses(expected, [&] { return f.pool.advance_head(2, 0); });
  f.refuses(expected, [&] { return f.pool.read(2, 0, std::span(&byte, 1)); });
  f.refuses(expected, [&] { return f.pool.view(2, 0, 1); });
  f.refuses(expected, [&] { return f.pool.reserve(2, 1); });
  f.refuses(expected, [&] { return f.pool.publish(2, 1); });
  f.refuses(expected, [&] { return f.pool.info(2); });
  f.refuses(expected, [&] { return RecordLog<PlainMemoryRef>::of(f.pool, 2); });
}

TEST_CASE("error: more bytes than are free") {
  Furnished f;  // 128 bytes long, 11 of them used
  const std::vector<std::byte> bytes(118);
  const Error expected{.code = Errc::kNoSpace, .log = 0, .a = 117, .b = 118};
  f.refuses(expected, [&] { return f.pool.tentative_append(0, bytes); });
  f.refuses(expected, [&] { return f.pool.reserve(0, 118); });
  const std::vector<std::span<const std::byte>> pieces{std::span(bytes).first(60),
                                                       std::span(bytes).first(58)};
  f.refuses(expected, [&] { return f.pool.tentative_append(0, pieces); });
  // Four bytes of checksum come on top.
  const std::vector<std::span<const std::byte>> one{std::span(bytes).first(114)};
  f.refuses(expected, [&] { return f.pool.tentative_append_summed(0, one, 0); });
  f.refuses({.code = Errc::kNoSpace, .log = 1, .a = 256, .b = 257},
            [&] { return f.pool.tentative_append(1, std::vector<std::byte>(257)); });
}

TEST_CASE("error: reading outside of the window") {
  Furnished f;
  std::vector<std::byte> four(4);
  const auto read = [&](Position position, std::size_t count) {
    return [&f, &four, position, count] {
      return f.pool.read(0, position, std::span(four).first(count));
    };
  };
  f.refuses({.code = Errc::kBeforeHead, .a = 10, .b = 9}, read(9, 1));
  f.refuses({.code = Errc::kBeforeHead, .a = 10, .b = 0}, read(0, 0));
  f.refuses({.code = Errc::kPastTail, .a = 14, .b = 14}, read(14, 1));
  f.refuses({.code = Errc::kPastTail, .a = 14, .b = 11}, read(11, 4));
  f.refuses({.code = Errc::kPastTail, .a = 14, .b = 15}, read(15, 0));
  f.refuses({.code = Errc::kPastTail, .a = 14, .b = UINT64_MAX}, read(UINT64_MAX, 4));
  f.refuses({.code = Errc::kPastTail, .a = 14, .b = 10},
            [&] { return f.pool.view(0, 10, UINT64_MAX - 5); });
  CHECK(f.pool.read(0, 14, {}).has_value());
  CHECK(f.pool.read(0, 10, four).has_value());
}

TEST_CASE("error: a head outside of the window") {
  Furnished f;
  f.refuses({.code = Errc::kHeadBeforeHead, .a = 10, .b = 9},
            [&] { return f.pool.advance_head(0, 9); });
  // Pending bytes are no part of it.
  f.refuses({.code = Errc::kHeadBeyondTail, .a = 14, .b = 15},
            [&] { return f.pool.advance_head(0, 15); });
  f.refuses({.code = Errc::kHeadBeyondTail, .log = 1, .a = 0, .b = UINT64_MAX},
            [&] { return f.pool.advance_head(1, UINT64_MAX); });
}

TEST_CASE("error: a reservation that wraps or is not the one that is open") {
  Furnished f;  // 21 bytes are written; 117 are free, 107 of them before the ring ends
  f.refuses({.code = Errc::kNotContiguous, .a = 107, .b = 108},
            [&] { return f.pool.reserve(0, 108); });
  f.refuses({.code = Errc::kReserved, .a = 21, .b = 1}, [&] { return f.pool.publish(0, 1); });
  REQUIRE(f.pool.reserve(0, 20).has_value());
  const Error open{.code = Errc::kReserved, .a = 21};
  f.refuses(open, [&] { return f.pool.reserve(0, 20); });
  f.refuses(open, [&] { return f.pool.tentative_append(0, bytes_of("x")); });
  f.refuses(open, [&] { return f.pool.tentative_append_summed(0, {}, 0); });
  f.refuses({.code = Errc::kReserved, .a = 21, .b = 21}, [&] { return f.pool.publish(0, 21); });
  REQUIRE(f.pool.publish(0, 0).has_value());
}

TEST_CASE("error: changes through a read only opening") {
  PlainMemory memory = memory_for_logs({128});
  auto writer = create_pool(memory, {128});
  REQUIRE(writer.tentative_append(0, bytes_of("old")).has_value());
  REQUIRE(writer.commit().has_value());
  const auto media = memory.image();
  auto pool = open_pool(memory, {.read_only = true});
  const Error expected{.code = Errc::kReadOnly};
  CHECK(pool.tentative_append(0, bytes_of("x")).error() == expected);
  CHECK(pool.tentative_append(0, bytes_of("")).error() == expected);
  CHECK(pool.tentative_append_summed(0, {}, 0).error() == expected);
  CHECK(pool.advance_head(0, 1).error() == expected);
  CHECK(pool.reserve(0, 1).error() == expected);
  CHECK(pool.publish(0, 0).error() == expected);
  CHECK(pool.settle().error() == expected);
  CHECK(pool.commit().has_value());  // of nothing
  CHECK(text(pool) == "old");
  CHECK((memory.image() == media));
}

TEST_CASE("error: a log that is not for records") {
  Furnished f;
  const Error expected{.code = Errc::kNotRecords, .log = 0};
  f.refuses(expected, [&] { return RecordLog<PlainMemoryRef>::of(f.pool, 0); });
  RecordReader<PlainMemoryRef> reader(f.pool, 0);
  std::vector<std::byte> payload;
  f.refuses(expected, [&] { return reader.next(payload); });
  f.refuses(expected, [&] { return reader.skip(); });
}

TEST_CASE("error: a pool of several opened as one log") {
  Furnished f;
  f.refuses({.code = Errc::kTooManyLogs, .a = 1, .b = 2},
            [&] { return Log<PlainMemoryRef>::open(PlainMemoryRef(f.memory)); });
}

}  // namespace
}  // namespace quintet::pm_log::world
