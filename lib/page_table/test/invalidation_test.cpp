// SPDX-License-Identifier: MIT
#include "page_table/invalidation.hpp"

#include <vector>

#include "testing/catch.hpp"

namespace quintet::page_table {
namespace {

using Range = StaleRange<std::uint64_t>;

// Records each flush.
struct Log {
  struct Flush {
    std::vector<Range> ranges;
    bool everything;
  };
  std::vector<Flush>* flushes;
  void operator()(std::span<const Range> ranges, bool everything) const {
    flushes->push_back({{ranges.begin(), ranges.end()}, everything});
  }
};
using Gather = GatherInvalidation<Log>;

bool same(const Range& range, std::uint64_t va, std::uint64_t bytes, PageSize size) {
  return range.va == VirtAddr(va) && range.bytes == bytes && range.size == size;
}

TEST_CASE("a flush of nothing calls nobody") {
  std::vector<Log::Flush> flushes;
  Gather gather{Log{&flushes}};
  gather.flush();
  CHECK(flushes.empty());
}

TEST_CASE("adjacent stale pages of one size become one range") {
  std::vector<Log::Flush> flushes;
  Gather gather{Log{&flushes}};
  gather.stale(VirtAddr(0x1000), 0x1000, PageSize::k4K);
  gather.stale(VirtAddr(0x2000), 0x2000, PageSize::k4K);
  gather.stale(VirtAddr(0x6000), 0x1000, PageSize::k4K);  // a gap
  gather.stale(VirtAddr(0x20'0000), 0x20'0000, PageSize::k2M);
  gather.stale(VirtAddr(0x40'0000), 0x1000, PageSize::k4K);  // adjacent, another size
  gather.flush();
  REQUIRE(flushes.size() == 1);
  CHECK_FALSE(flushes[0].everything);
  REQUIRE(flushes[0].ranges.size() == 4);
  CHECK(same(flushes[0].ranges[0], 0x1000, 0x3000, PageSize::k4K));
  CHECK(same(flushes[0].ranges[1], 0x6000, 0x1000, PageSize::k4K));
  CHECK(same(flushes[0].ranges[2], 0x20'0000, 0x20'0000, PageSize::k2M));
  CHECK(same(flushes[0].ranges[3], 0x40'0000, 0x1000, PageSize::k4K));
}

TEST_CASE("33 pages are named and 34 are everything") {
  for (const std::uint64_t pages : {33U, 34U}) {
    std::vector<Log::Flush> flushes;
    Gather gather{Log{&flushes}};
    for (std::uint64_t i = 0; i < pages; ++i) {
      gather.stale(VirtAddr(0x1000 * i), 0x1000, PageSize::k4K);
    }
    gather.flush();
    REQUIRE(flushes.size() == 1);
    CHECK(flushes[0].everything == (pages == 34));
    CHECK(flushes[0].ranges.size() == (pages == 34 ? 0u : 1u));
  }
}

TEST_CASE("pages count by their own size and a range at once") {
  std::vector<Log::Flush> flushes;
  Gather gather{Log{&flushes}};
  gather.stale(VirtAddr(0), 33ULL << 30, PageSize::k1G);
  gather.flush();
  gather.stale(VirtAddr(0), 34ULL << 12, PageSize::k4K);
  gather.flush();
  REQUIRE(flushes.size() == 2);
  CHECK_FALSE(flushes[0].everything);
  CHECK(flushes[1].everything);
}

TEST_CASE("more ranges than there is room for are everything") {
  std::vector<Log::Flush> flushes;
  Gather gather{Log{&flushes}};
  for (std::uint64_t i = 0; i <= Gather::kMaxRanges; ++i) {
    gather.stale(VirtAddr(0x10'0000 * i), 0x1000, PageSize::k4K);
  }
  gather.flush();
  REQUIRE(flushes.size() == 1);
  CHECK(flushes[0].everything);
}

TEST_CASE("a flush forgets what it has handed over") {
  std::vector<Log::Flush> flushes;
  Gather gather{Log{&flushes}};
  gather.stale(VirtAddr(0), 64ULL << 12, PageSize::k4K);
  gather.flush();
  gather.flush();
  gather.stale(VirtAddr(0x5000), 0x1000, PageSize::k4K);
  gather.flush();
  REQUIRE(flushes.size() == 2);
  CHECK(flushes[0].everything);
  REQUIRE(flushes[1].ranges.size() == 1);
  CHECK(same(flushes[1].ranges[0], 0x5000, 0x1000, PageSize::k4K));
  CHECK_FALSE(flushes[1].everything);
}

TEST_CASE("who flushes is a constant of the type") {
  CHECK_FALSE(NoInvalidation::kNeeded);
  CHECK(GatherInvalidation<Log, FlushWhen::kOnRequest>::kDeferred);
  CHECK_FALSE(GatherInvalidation<Log, FlushWhen::kEachOperation>::kDeferred);
}

}  // namespace
}  // namespace quintet::page_table
