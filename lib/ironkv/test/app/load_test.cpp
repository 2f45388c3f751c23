// SPDX-License-Identifier: MIT
#include <array>
#include <map>
#include <set>
#include <vector>

#include "ironkv/app/load_histogram.hpp"
#include "ironkv/app/load_requests.hpp"
#include "ironkv/app/load_run.hpp"
#include "ironkv/app/load_schedule.hpp"
#include "ironkv/app/load_values.hpp"
#include "testing/catch.hpp"

// The parts of ironkv-load that decide what is asked for, when, and what is counted.
namespace quintet::ironkv::app {
namespace {

TEST_CASE("a histogram without samples says 0") {
  const LatencyHistogram none;
  CHECK(none.count() == 0);
  CHECK(none.percentile(0.5) == 0);
  CHECK(none.least() == 0);
  CHECK(none.most() == 0);
  CHECK(none.mean() == 0);
}

TEST_CASE("small samples are kept exactly and ranks are those of nearest rank") {
  LatencyHistogram some;
  for (std::uint64_t value = 1; value <= 100; ++value) some.add(value);
  CHECK(some.percentile(0.07) == 7);
  CHECK(some.percentile(0.5) == 50);
  CHECK(some.percentile(0.501) == 51);
  CHECK(some.percentile(1) == 100);
  CHECK(some.percentile(1e-9) == 1);
  CHECK(some.mean() == 50.5);
}

TEST_CASE("the greatest numbers have a bucket") {
  LatencyHistogram some;
  some.add(~std::uint64_t{0});
  some.add(0);
  CHECK(some.percentile(1) > ~std::uint64_t{0} / 200 * 199);
  CHECK(some.most() == ~std::uint64_t{0});
  CHECK(some.percentile(0.5) == 0);
}

TEST_CASE("the clients of a schedule take turns") {
  const Schedule first(1'000, 4, 2, 0);  // one request each quarter of a second, by two clients
  const Schedule second(1'000, 4, 2, 1);
  CHECK(first.due(0) == 1'000);
  CHECK(second.due(0) == 250'001'000);
  CHECK(first.due(1) == 500'001'000);
  CHECK(second.due(3) == 1'750'001'000);
}

TEST_CASE("a schedule does not drift in a year") {
  constexpr std::uint64_t kYear = 365 * 86'400;
  const Schedule third(0, 3, 1, 0);
  CHECK(third.due(3 * kYear) == static_cast<std::int64_t>(kYear * 1'000'000'000));
  CHECK(third.due(3 * kYear + 1) == static_cast<std::int64_t>(kYear * 1'000'000'000 + 333'333'333));
}

TEST_CASE("keys in sequence are those of the reference") {
  Requests requests(0, 3, KeyOrder::kSequential, 100, 1);
  std::vector<Key> keys;
  for (int i = 0; i < 7; ++i) keys.push_back(requests.next().key);
  CHECK(keys == std::vector<Key>{1, 2, 0, 1, 2, 0, 1});
  CHECK(requests.number() == 7);
}

TEST_CASE("random keys are all of them and the same for a seed") {
  Requests requests(0, 50, KeyOrder::kRandom, 100, 7);
  Requests again(0, 50, KeyOrder::kRandom, 100, 7);
  Requests other(0, 50, KeyOrder::kRandom, 100, 8);
  std::set<Key> seen;
  bool is_other = false;
  for (int i = 0; i < 2'000; ++i) {
    const Key key = requests.next().key;
    CHECK(key == again.next().key);
    is_other = is_other || key != other.next().key;
    seen.insert(key);
  }
  CHECK(seen.size() == 50);
  CHECK(*seen.rbegin() == 49);
  CHECK(is_other);
}

TEST_CASE("a mix has as many reads as it is told") {
  for (const std::uint32_t reads : {0U, 25U, 100U}) {
    Requests requests(0, 10, KeyOrder::kSequential, reads, 3);
    std::uint32_t found = 0;
    for (int i = 0; i < 10'000; ++i) found += requests.next().is_read ? 1U : 0U;
    CHECK(found >= (reads == 0 ? 0 : reads * 100 - (reads == 100 ? 0 : 300)));
    CHECK(found <= (reads == 100 ? 10'000 : reads == 0 ? 0 : reads * 100 + 300));
  }
}

TEST_CASE("a value says who wrote it and a changed one is nobody's") {
  for (const std::size_t size : std::array<std::size_t, 4>{32, 33, 128, 1023}) {
    std::vector<std::byte> value(size);
    const Stamp stamp{11, 22, 33, 44};
    write_value(stamp, value);
    REQUIRE(read_value(value));
    CHECK(*read_value(value) == stamp);
    if (size > kStampBytes) {
      for (const std::size_t at : {std::size_t{0}, std::size_t{31}, size - 1}) {
        value[at] ^= std::byte{1};
        CHECK_FALSE(read_value(value));
        value[at] ^= std::byte{1};
      }
      CHECK_FALSE(read_value(Bytes(value).first(31)));
    }
  }
  CHECK_FALSE(read_value(std::vector<std::byte>(1024)));
}

TEST_CASE("tallies add up and only what failed is a failure") {
  Tally tally;
  tally.reads.add(5);
  tally.absent = tally.abandoned = tally.in_time = 1;
  CHECK(tally.failures() == 0);
  Tally other;
  other.writes.add(7);
  other.timed_out = 1;
  other.unknown_owner = 2;
  other.refused = 4;
  other.wrong = 8;
  other.unsent = 16;
  other.trouble = "why";
  tally.merge(other);
  CHECK(tally.failures() == 31);
  CHECK(tally.latencies().count() == 2);
  CHECK(tally.latencies().most() == 7);
  CHECK(tally.trouble == "why");
}

}  // namespace
}  // namespace quintet::ironkv::app
