// SPDX-License-Identifier: MIT
#include "platform/memory_map.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <vector>

#include "base/align.hpp"
#include "base/units.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::platform;
using quintet::kKiB;
using quintet::kMiB;

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

std::size_t resident_pages(std::span<std::byte> bytes) {
  std::vector<unsigned char> pages(bytes.size() / (4 * kKiB));
  REQUIRE(::mincore(bytes.data(), bytes.size(), pages.data()) == 0);
  return static_cast<std::size_t>(
      std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }));
}

// The map, or nothing where this machine has no such pages; says so.
MemoryMap map_or_skip(std::size_t bytes, Backing backing) {
  auto map = MemoryMap::create(bytes, backing);
  if (map) return std::move(*map);
  std::cout << "no such pages here: " << map.error().message() << "\n";
  return {};
}

TEST_CASE("a fresh map is zero whole pages long and aligned") {
  for (const Backing backing : {Backing::k4K, Backing::kTransparentHuge, Backing::kHugeTlb}) {
    const MemoryMap map = map_or_skip(3 * kMiB + 1, backing);
    if (map.data() == nullptr) continue;
    const std::size_t page = page_bytes(backing);
    CHECK(map.size() == (3 * kMiB / page + 1) * page);
    CHECK(quintet::is_aligned<std::uintptr_t>(reinterpret_cast<std::uintptr_t>(map.data()), page));
    CHECK(all_zero(map.bytes()));
    CHECK(map.backing() == backing);
  }
}

TEST_CASE("prefault commits every page and keeps the contents") {
  for (const Backing backing : {Backing::k4K, Backing::kTransparentHuge}) {
    MemoryMap map = map_or_skip(4 * kMiB, backing);
    if (map.data() == nullptr) continue;
    CHECK(resident_pages(map.bytes()) == 0);
    map.bytes()[5] = std::byte{42};
    REQUIRE(map.prefault());
    CHECK(resident_pages(map.bytes()) == map.size() / (4 * kKiB));
    CHECK(map.bytes()[5] == std::byte{42});
    CHECK(all_zero(map.bytes().subspan(6)));
  }
}

TEST_CASE("touching commits what prefault commits") {
  MemoryMap map = MemoryMap::create(kMiB).value();
  map.bytes()[0] = std::byte{7};
  internal::touch_pages(map.bytes());
  CHECK(resident_pages(map.bytes()) == map.size() / (4 * kKiB));
  CHECK(map.bytes()[0] == std::byte{7});
}

TEST_CASE("decommitted pages are given back and read as zero") {
  MemoryMap map = MemoryMap::create(64 * kKiB).value();
  std::ranges::fill(map.bytes(), std::byte{1});
  REQUIRE(map.decommit(16 * kKiB, 32 * kKiB));
  CHECK(resident_pages(map.bytes()) == 8);
  CHECK(all_zero(map.bytes().subspan(16 * kKiB, 32 * kKiB)));
  CHECK(map.bytes()[16 * kKiB - 1] == std::byte{1});
  CHECK(map.bytes()[48 * kKiB] == std::byte{1});
}

TEST_CASE("decommit refuses partial pages and foreign ranges") {
  MemoryMap map = MemoryMap::create(64 * kKiB).value();
  for (const auto& [offset, bytes] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 4 * kKiB}, {0, 1}, {64 * kKiB, 4 * kKiB}, {4 * kKiB, SIZE_MAX - 4095}}) {
    const auto outcome = map.decommit(offset, bytes);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == EINVAL);
  }
  CHECK(map.decommit(64 * kKiB, 0));
}

TEST_CASE("impossible sizes are errors with the reason") {
  CHECK(MemoryMap::create(0).error().code == EINVAL);
  CHECK(MemoryMap::create(SIZE_MAX).error().code == EINVAL);
  const auto huge = MemoryMap::create(std::size_t{1} << 62);
  REQUIRE_FALSE(huge);
  CHECK(huge.error().message() == "map anonymous memory: Cannot allocate memory");
}

TEST_CASE("a moved map has one owner") {
  MemoryMap first = MemoryMap::create(kMiB).value();
  std::byte* const data = first.data();
  MemoryMap second = std::move(first);
  CHECK(second.data() == data);
  MemoryMap third;
  third = std::move(second);
  CHECK(third.data() == data);
  CHECK(third.size() == kMiB);
  third.bytes()[0] = std::byte{1};
}

}  // namespace
