// SPDX-License-Identifier: MIT
#include "node_replication/log.hpp"

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <thread>
#include <vector>

#include "testing/catch.hpp"

// The log alone: reservation, publication in any order, laps, destruction.
namespace quintet::node_replication {
namespace {

struct Op {
  std::uint64_t value;
};
using SmallLog = Log<Op, StdEnv>;

template <class L, class... Values>
void write(L& log, LogIndex index, Values... values) {
  std::vector<decltype(Op::value)> all{static_cast<std::uint64_t>(values)...};
  std::size_t at = 0;
  std::vector<Op> ops;
  for (const auto value : all) ops.push_back({value});
  log.write(index, ReplicaId{0}, ops.size(), [&]() -> Op&& { return std::move(ops[at++]); });
}
std::vector<std::uint64_t> consume(const SmallLog& log, LogIndex index) {
  std::vector<std::uint64_t> found;
  log.consume(index, [&](const Op& op) { found.push_back(op.value); });
  return found;
}

TEST_CASE("log wraps and reuses its lines") {
  SmallLog log;
  log.open(3, *std::pmr::new_delete_resource());
  REQUIRE(log.size() == 4);  // rounded up
  LogSeen seen;
  for (LogIndex index = 0; index < 1000; ++index) {
    REQUIRE(log.reserve(1, seen) == index);
    write(log, index, index, index + 1);
    REQUIRE(consume(log, index) == std::vector<std::uint64_t>{index, index + 1});
    log.advance_head([&] { return index + 1; });
  }
  REQUIRE(log.tail() == 1000);
  REQUIRE(log.head() == 1000);
}

TEST_CASE("log never overruns what a replica still needs") {
  SmallLog log;
  log.open(4, *std::pmr::new_delete_resource());
  LogSeen seen;
  REQUIRE(log.reserve(3, seen) == LogIndex{0});
  REQUIRE(log.reserve(2, seen) == std::nullopt);
  REQUIRE(log.reserve(1, seen) == LogIndex{3});
  REQUIRE(log.reserve(1, seen) == std::nullopt);
  REQUIRE(log.needed_for(1) == 1);
  REQUIRE(log.needed_for(4) == 4);
  log.advance_head([] { return LogIndex{1}; });
  REQUIRE(log.reserve(2, seen) == std::nullopt);
  REQUIRE(log.reserve(1, seen) == LogIndex{4});
  log.advance_head([] { return LogIndex{0}; });  // an old minimum does not take the room back
  REQUIRE(log.head() == 1);
}

TEST_CASE("log waits for lines that are published out of order") {
  SmallLog log;
  log.open(4, *std::pmr::new_delete_resource());
  LogSeen seen;
  REQUIRE(log.reserve(2, seen) == LogIndex{0});
  write(log, 1, 11);
  REQUIRE(consume(log, 1) == std::vector<std::uint64_t>{11});
  std::vector<std::uint64_t> found;
  std::thread reader([&] { found = consume(log, 0); });
  std::this_thread::yield();
  write(log, 0, 10);
  reader.join();
  REQUIRE(found == std::vector<std::uint64_t>{10});
}

TEST_CASE("log lines hold what fits into a cache line and at least one operation") {
  struct Large {
    std::byte bytes[256];
  };
  REQUIRE(SmallLog::kOpsPerLine == 6);
  REQUIRE(Log<char, StdEnv>::kOpsPerLine == 48);
  REQUIRE(Log<Large, StdEnv>::kOpsPerLine == 1);
  REQUIRE(SmallLog::lines_for(0) == 0);
  REQUIRE(SmallLog::lines_for(6) == 1);
  REQUIRE(SmallLog::lines_for(7) == 2);
}

TEST_CASE("log destroys operations when all have applied them and the rest at its end") {
  using Owner = std::shared_ptr<int>;
  const auto counted = std::make_shared<int>(0);
  {
    Log<Owner, StdEnv> log;
    log.open(4, *std::pmr::new_delete_resource());
    LogSeen seen;
    for (LogIndex index = 0; index < 4; ++index) {
      REQUIRE(log.reserve(1, seen) == index);
      Owner op = counted;
      log.write(index, ReplicaId{0}, 1, [&]() -> Owner&& { return std::move(op); });
    }
    REQUIRE(counted.use_count() == 5);
    log.advance_head([] { return LogIndex{3}; });
    REQUIRE(counted.use_count() == 2);
  }
  REQUIRE(counted.use_count() == 1);
}

}  // namespace
}  // namespace quintet::node_replication
