// SPDX-License-Identifier: MIT
#include "page_table/frame_arena.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "page_table/page_table.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

namespace quintet::page_table {
namespace {

constexpr PhysAddr kWindow(0x80'0000'0000);

FrameArena arena_of(std::size_t frames, bool metadata = false) {
  auto arena = FrameArena::create({.bytes = frames * kTableBytes,
                                   .backing = platform::Backing::k4K,
                                   .base = kWindow,
                                   .metadata = metadata});
  REQUIRE(arena.has_value());
  return std::move(*arena);
}
bool is_zero(const FrameArena& arena, PhysAddr frame) {
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    if (arena.read(frame + 8 * i) != 0) return false;
  }
  return true;
}
void scribble(FrameArena& arena, PhysAddr frame) {
  for (std::uint64_t i = 0; i < kEntries; ++i) arena.write(frame + 8 * i, ~std::uint64_t{0} - i);
}

TEST_CASE("an arena hands out every frame but the first once") {
  FrameArena arena = arena_of(8);
  CHECK(arena.available() == 7);
  CHECK(arena.in_use() == 0);
  std::set<std::uint64_t> frames;
  for (int i = 0; i < 7; ++i) {
    const PhysAddr frame = arena.allocate();
    REQUIRE_FALSE(frame.is_null());
    CHECK(frame.value % kTableBytes == 0);
    CHECK(frame.value > kWindow.value);
    CHECK(frame.value < kWindow.value + 8 * kTableBytes);
    CHECK(is_zero(arena, frame));
    frames.insert(frame.value);
  }
  CHECK(frames.size() == 7);
  CHECK(arena.available() == 0);
  CHECK(arena.in_use() == 7);
  CHECK(arena.allocate().is_null());
  CHECK(arena.allocate_dirty().is_null());
}

TEST_CASE("a released frame is reused first and is zero whatever it held") {
  FrameArena arena = arena_of(4);
  const PhysAddr a = arena.allocate(), b = arena.allocate();
  scribble(arena, a);
  arena.release(a, FrameContent::kArbitrary);
  CHECK(arena.available() == 2);
  arena.release(b, FrameContent::kZero);
  CHECK(arena.allocate() == b);  // zeroed ones first
  const PhysAddr again = arena.allocate();
  CHECK(again == a);
  CHECK(is_zero(arena, again));
}

TEST_CASE("a dirty allocation prefers dirty frames and falls back to others") {
  FrameArena arena = arena_of(4);
  const PhysAddr a = arena.allocate(), b = arena.allocate();
  scribble(arena, a);
  arena.release(b, FrameContent::kZero);
  arena.release(a, FrameContent::kArbitrary);
  CHECK(arena.allocate_dirty() == a);
  CHECK(arena.allocate_dirty() == b);
  CHECK_FALSE(arena.allocate_dirty().is_null());
  CHECK(arena.allocate_dirty().is_null());
}

TEST_CASE("both sets of free frames can hold every frame") {
  for (const FrameContent content : {FrameContent::kZero, FrameContent::kArbitrary}) {
    FrameArena arena = arena_of(16);
    std::vector<PhysAddr> frames;
    for (int i = 0; i < 15; ++i) frames.push_back(arena.allocate());
    for (const PhysAddr frame : frames) arena.release(frame, content);
    CHECK(arena.available() == 15);
    CHECK(arena.in_use() == 0);
    // Lowest first: tables built in a row lie in a row, as they did in fresh memory.
    for (int i = 0; i < 15; ++i) CHECK(arena.allocate() == frames[static_cast<std::size_t>(i)]);
    CHECK(arena.allocate().is_null());
  }
}

TEST_CASE("an entry is the same by its physical address and by its location") {
  FrameArena arena = arena_of(4);
  const PhysAddr frame = arena.allocate();
  const FrameArena::Location location = arena.locate(frame) + 16;
  CHECK(arena.address(location) == frame + 16);
  arena.write(location, 5);
  CHECK(arena.read(frame + 16) == 5);
  arena.write(frame + 16, 6);
  CHECK(arena.read(location) == 6);
}

TEST_CASE("fill writes an arithmetic run and no more") {
  FrameArena arena = arena_of(4);
  const PhysAddr frame = arena.allocate();
  arena.fill(frame + 8, 0x1003, 0x1000, 3);
  CHECK(arena.read(frame) == 0);
  CHECK(arena.read(frame + 8) == 0x1003);
  CHECK(arena.read(frame + 24) == 0x3003);
  CHECK(arena.read(frame + 32) == 0);
}

TEST_CASE("compare-exchange reports the present word when it fails") {
  FrameArena arena = arena_of(4);
  const PhysAddr slot = arena.allocate();
  arena.write(slot, 5);
  std::uint64_t expected = 4;
  CHECK_FALSE(arena.compare_exchange(slot, expected, 9));
  CHECK(expected == 5);
  CHECK(arena.compare_exchange(slot, expected, 9));
  CHECK(arena.read(slot) == 9);
}

TEST_CASE("metadata is kept for each frame") {
  FrameArena arena = arena_of(4, true);
  const PhysAddr a = arena.allocate(), b = arena.allocate();
  arena.set_population(a, 512);
  arena.set_population(b, 1);
  CHECK(arena.population(a) == 512);
  CHECK(arena.population(b) == 1);
}

TEST_CASE("bad options are refused with words") {
  const auto refused = [](FrameArena::Options options) {
    const auto arena = FrameArena::create(options);
    REQUIRE_FALSE(arena.has_value());
    CHECK_FALSE(arena.error().message().empty());
  };
  refused({.bytes = 0});
  refused({.bytes = kTableBytes});
  refused({.bytes = 3 * kTableBytes + 1});
  refused({.bytes = 4 * kTableBytes, .base = PhysAddr(0x800)});
}

TEST_CASE("a table lives in an arena at any physical base and gives every frame back") {
  for (const std::uint64_t base :
       {std::uint64_t{0}, std::uint64_t{1} << 36, std::uint64_t{1} << 51}) {
    auto arena = FrameArena::create({.bytes = 64 * kTableBytes,
                                     .backing = platform::Backing::k4K,
                                     .base = PhysAddr(base),
                                     .prefault = true});
    REQUIRE(arena.has_value());
    {
      auto table = PageTable<FrameArena>::create(*arena);
      REQUIRE(table.has_value());
      CHECK(table->root().value >= base);
      REQUIRE(
          table->map_range(VirtAddr(0x1000), PhysAddr(0x1000), 0x40'0000, PageFlags()).has_value());
      CHECK(table->resolve(VirtAddr(0x12'3456))->translate(VirtAddr(0x12'3456)) ==
            PhysAddr(0x12'3456));
      CHECK(arena->in_use() == 1 + 2 + 3);
    }
    CHECK(arena->in_use() == 0);
  }
}

// An empty walk cache must not pass for one that ends just below address 0: the table would look
// at a parent entry that it never had, outside the window.
TEST_CASE("the first page of all may be mapped at address 0 in a window anywhere") {
  FrameArena arena = arena_of(16);
  auto table = PageTable<FrameArena>::create(arena);
  REQUIRE(table.has_value());
  for (int round = 0; round < 2; ++round) {
    CHECK(table->map(VirtAddr(0), PhysAddr(0), PageSize::k4K, PageFlags()).has_value());
    CHECK(table->unmap(VirtAddr(0)).has_value());
  }
}

#ifndef NDEBUG
TEST_CASE("releasing a foreign frame ends a debug build with words") {
  const auto outcome = testing::run_child([] {
    auto arena = FrameArena::create({.bytes = 8 * kTableBytes, .base = kWindow});
    arena->release(PhysAddr(0x1000), FrameContent::kZero);
  });
  CHECK(outcome.signal != 0);
  CHECK(outcome.error_output.find("not a frame of this arena") != std::string::npos);
}
#endif

}  // namespace
}  // namespace quintet::page_table
