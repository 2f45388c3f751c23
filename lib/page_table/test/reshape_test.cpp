// SPDX-License-Identifier: MIT
#include "page_table/test/world/bench_table.hpp"
#include "testing/catch.hpp"

// split, merge, protect and the accessed and dirty queries, by example.
namespace quintet::page_table::world {
namespace {

using enum PageSize;
constexpr VirtAddr kVa(0x80'0000'0000);
constexpr PhysAddr kPa(0x40'0000'0000);

TEST_CASE("split keeps translation and flags at every size") {
  Bench<> w;
  const PageFlags flags =
      PageFlags().writable().memory_type(5).protection_key(3).software(0x155).dirty();
  REQUIRE(w.table.map(kVa, kPa, k1G, flags).has_value());
  REQUIRE(w.table.split(kVa + 0x1234'5678).has_value());
  const VirtAddr at = kVa + 0x1234'5678;
  auto found = w.table.resolve(at);
  REQUIRE(found.has_value());
  CHECK(found->size() == k2M);
  CHECK(found->flags() == flags);
  CHECK(found->translate(at) == kPa + 0x1234'5678);
  REQUIRE(w.table.split(at).has_value());
  found = w.table.resolve(at);
  REQUIRE(found.has_value());
  CHECK(found->size() == k4K);
  CHECK(found->flags() == flags);
  CHECK(found->translate(at) == kPa + 0x1234'5678);
  CHECK(w.table.stats().pages[1] == 512);
  CHECK(w.table.stats().pages[2] == 511);
  CHECK(w.table.check_invariants());
}

TEST_CASE("merge needs pages that are complete contiguous aligned and equal in flags") {
  Bench<> w;
  auto& t = w.table;
  const auto not_mergeable = [&] { return error_of(t.merge(kVa, k2M)) == Error::kNotMergeable; };
  REQUIRE(t.map_range(kVa, kPa, k2MiB - k4KiB, PageFlags()).has_value());
  CHECK(not_mergeable());  // the last page is missing
  const VirtAddr last = kVa + (k2MiB - k4KiB);
  REQUIRE(t.map(last, kPa, k4K, PageFlags()).has_value());
  CHECK(not_mergeable());  // not contiguous
  REQUIRE(t.unmap(last).has_value());
  REQUIRE(t.map(last, kPa + (k2MiB - k4KiB), k4K, PageFlags().user()).has_value());
  CHECK(not_mergeable());  // other flags
  REQUIRE(t.protect(last, PageFlags()).has_value());
  REQUIRE(t.merge(kVa, k2M).has_value());
  CHECK(t.resolve(last)->size() == k2M);
  CHECK(t.check_invariants());
  REQUIRE(t.map_range(kVa + k2MiB, kPa + k4KiB, k2MiB, PageFlags()).has_value());
  CHECK(error_of(t.merge(kVa + k2MiB, k2M)) == Error::kNotMergeable);  // unaligned target
}

TEST_CASE("merge unites accessed and dirty") {
  Bench<> w;
  REQUIRE(w.table.map_range(kVa, kPa, k2MiB, PageFlags()).has_value());
  REQUIRE(w.table.unmap(kVa + 0x7000).has_value());
  REQUIRE(w.table.map(kVa + 0x7000, kPa + 0x7000, k4K, PageFlags().dirty()).has_value());
  REQUIRE(w.table.merge(kVa, k2M).has_value());
  CHECK(w.table.resolve(kVa)->flags() == PageFlags().dirty());
}

TEST_CASE("a 1 GiB page is merged from 512 pages of 2 MiB") {
  Bench<> w;
  REQUIRE(w.table.map_range(kVa, kPa, k1GiB, PageFlags(), k2M).has_value());
  CHECK(w.table.stats().pages[2] == 512);
  REQUIRE(w.table.split(kVa + 5 * k2MiB).has_value());
  CHECK(error_of(w.table.merge(kVa, k1G)) == Error::kNotMergeable);
  REQUIRE(w.table.merge(kVa + 5 * k2MiB, k2M).has_value());
  REQUIRE(w.table.merge(kVa, k1G).has_value());
  CHECK(w.table.stats().pages[3] == 1);
  CHECK(w.table.stats().table_count() == 2);
  CHECK(w.memory.frames_in_use().size() == 2);
}

TEST_CASE("map_range takes the largest pages that alignment allows") {
  Bench<> w;
  const std::uint64_t bytes = k1GiB + 2 * k2MiB + 3 * k4KiB;
  REQUIRE(w.table
              .map_range(kVa + (k1GiB - k2MiB - k4KiB), kPa + (k1GiB - k2MiB - k4KiB), bytes,
                         PageFlags(), k1G)
              .has_value());
  CHECK(w.table.stats().pages[1] == 3);
  CHECK(w.table.stats().pages[2] == 2);
  CHECK(w.table.stats().pages[3] == 1);
  Bench<> shifted;  // physical alignment allows only 4 KiB
  REQUIRE(shifted.table.map_range(kVa, kPa + k4KiB, 2 * k2MiB, PageFlags(), k1G).has_value());
  CHECK(shifted.table.stats().pages[1] == 1024);
  Bench<> small({.maxphyaddr = 52, .nx = true, .gib_pages = false});
  REQUIRE(small.table.map_range(kVa, kPa, k1GiB, PageFlags(), k1G).has_value());
  CHECK(small.table.stats().pages[2] == 512);
}

TEST_CASE("protect returns the mapping as it was and keeps accessed and dirty") {
  Bench<> w;
  const PageFlags before = PageFlags().writable().accessed().dirty();
  REQUIRE(w.table.map(kVa, kPa, k4K, before).has_value());
  const auto old = w.table.protect(kVa, PageFlags().user());
  REQUIRE(old.has_value());
  CHECK(old->flags() == before);
  CHECK(w.table.resolve(kVa)->flags() == PageFlags().user().accessed().dirty());
}

TEST_CASE("protect_range changes what is mapped and counts it") {
  Bench<> w;
  REQUIRE(w.table.map(kVa, kPa, k2M, PageFlags()).has_value());
  REQUIRE(w.table.map(kVa + 2 * k2MiB, kPa, k4K, PageFlags().dirty()).has_value());
  CHECK(w.table.protect_range(kVa, 16 * k2MiB, PageFlags().user()).value_or(0) == k2MiB + k4KiB);
  CHECK(w.table.resolve(kVa)->flags() == PageFlags().user());
  CHECK(w.table.resolve(kVa + 2 * k2MiB)->flags() == PageFlags().user().dirty());
  CHECK(w.table.protect_range(kVa + k1GiB, k1GiB, PageFlags()).value_or(1) == 0);
}

TEST_CASE("accessed and dirty are read and cleared one by one at every page size") {
  for (const PageSize size : {k4K, k2M, k1G}) {
    Bench<> w;
    REQUIRE(w.table.map(kVa, kPa, size, PageFlags().accessed().dirty()).has_value());
    const VirtAddr inside = kVa + (page_bytes(size) - 1);
    CHECK(w.table.test_and_clear_dirty(inside).value_or(false));
    CHECK(w.table.resolve(kVa)->flags() == PageFlags().accessed());
    CHECK_FALSE(w.table.test_and_clear_dirty(inside).value_or(true));
    CHECK(w.table.test_and_clear_accessed(inside).value_or(false));
    CHECK_FALSE(w.table.test_and_clear_accessed(inside).value_or(true));
    CHECK(w.table.resolve(kVa)->flags() == PageFlags());
  }
}

TEST_CASE("unmap_range skips holes and reclaims what it empties") {
  Bench<> w;
  REQUIRE(w.table.map_range(kVa, kPa, 3 * k2MiB, PageFlags()).has_value());
  CHECK(w.table.unmap_range(kVa + k2MiB, k2MiB).value_or(0) == k2MiB);
  CHECK(w.memory.frames_in_use().size() == 5);
  CHECK(w.table.unmap_range(kVa, 8 * k1GiB).value_or(0) == 2 * k2MiB);
  CHECK(w.memory.frames_in_use().size() == 1);
  CHECK(w.table.unmap_range(kVa, 8 * k1GiB).value_or(1) == 0);
  CHECK(w.memory.misuse("P") == "");
}

}  // namespace
}  // namespace quintet::page_table::world
