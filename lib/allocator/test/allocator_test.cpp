// SPDX-License-Identifier: MIT
#include "allocator/allocator.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "allocator/test/world/audit.hpp"
#include "allocator/test/world/bounded_memory.hpp"
#include "allocator/test/world/player.hpp"
#include "testing/catch.hpp"

// One thing at a time: sizes, alignments, where freed memory goes, regions and nodes.
namespace quintet::allocator {
namespace {

using world::BoundedMemory;
using world::SmallAllocator;
using Real = Allocator<BoundedMemory, StdAtomics>;
using Sizes = std::vector<std::size_t>;

template <class A>
struct World {
  std::unique_ptr<A> allocator = std::make_unique<A>();
  typename A::H* heap = allocator->attach();

  std::byte* allocate(std::size_t size) { return allocator->allocate(*heap, size); }
  void free(void* pointer) { allocator->free(*heap, pointer); }
  std::uint64_t used_bytes() {
    std::uint64_t units = 0;
    for (auto& arena : allocator->shared().arenas) units += arena.counts().used_units;
    return units * A::G::kUnit;
  }
};

TEST_CASE("each size up to one MiB has the smallest class that holds it") {
  std::uint64_t size_class = 1;
  for (std::uint64_t size = 0; size <= kMiB; ++size) {
    if (block_bytes<std::uint64_t>(size_class) < size) ++size_class;
    if (class_of<std::uint64_t>(size) != size_class) FAIL("size " << size);
    if (size <= kTableBytes && kClassTable<1>[(size + 7) / 8] != size_class) FAIL("table " << size);
  }
  CHECK(size_class == 61);
  CHECK(kClassTable<2>[0] == 2);
  CHECK(kClassTable<2>[1] == 2);
}

TEST_CASE("every alignment up to 128 MiB is kept for every size") {
  World<Real> w;
  for (std::size_t alignment = 1; alignment <= 128 * kMiB; alignment *= 2) {
    for (const std::size_t size : Sizes{0, 1, 24, 100, 1000, 5000, 40'000, 70'000, 2'000'000}) {
      std::byte* const block = w.allocator->allocate_aligned(*w.heap, size, alignment);
      REQUIRE(block != nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
      CHECK(w.allocator->usable_size(block) >= size);
      w.free(block);
    }
  }
  CHECK(w.allocator->allocate_aligned(*w.heap, 1, std::size_t{1} << 63) == nullptr);
  CHECK(w.allocator->allocate_aligned(*w.heap, SIZE_MAX, 64) == nullptr);
}

TEST_CASE("a block that its owner frees is the next one it gets") {
  World<Real> w;
  for (const std::size_t size : Sizes{8, 100, 5000, 300'000}) {
    std::byte* const block = w.allocate(size);
    w.free(block);
    CHECK(w.allocate(size) == block);
  }
}

TEST_CASE("sizes that no address space holds are refused") {
  World<Real> w;
  for (const std::size_t size : Sizes{SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 2, SIZE_MAX - 8}) {
    CHECK(w.allocate(size) == nullptr);
    CHECK(w.allocator->allocate_zeroed(*w.heap, 1, size) == nullptr);
  }
  CHECK(Real::good_size(SIZE_MAX) == 0);
  std::byte* const block = w.allocate(100);
  CHECK(w.allocator->reallocate(*w.heap, block, SIZE_MAX) == nullptr);
  CHECK(w.allocator->usable_size(block) >= 100);
}

TEST_CASE("too much freed memory goes back at once and old memory when there is an occasion") {
  World<SmallAllocator<>> w;
  BoundedMemory& os = w.allocator->os();
  std::vector<std::byte*> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(w.allocate(32 * kKiB));
  for (std::byte* block : blocks) w.free(block);
  // 64 KiB are kept whatever happens.
  CHECK(os.decommitted() >= 20 * 32 * kKiB - 64 * kKiB);
  const std::uint64_t before = os.decommitted();
  os.now += 999;
  w.free(w.allocate(20 * kKiB));
  CHECK(os.decommitted() == before);
  os.now += 2;
  w.free(w.allocate(20 * kKiB));
  CHECK(os.decommitted() > before);
}

TEST_CASE("collecting everything leaves nothing in use and nothing dirty") {
  World<SmallAllocator<>> w;
  std::vector<std::byte*> blocks;
  for (std::size_t size = 1; size < 30'000; size += 77) blocks.push_back(w.allocate(size));
  for (std::byte* block : blocks) w.free(block);
  w.allocator->collect(*w.heap, true);
  CHECK(w.used_bytes() == 0);
  for (auto& arena : w.allocator->shared().arenas) CHECK(arena.counts().dirty_units == 0);
}

TEST_CASE("a large block grows in place where memory behind it is free and moves pages else") {
  World<Real> w;
  std::byte* block = w.allocate(2 * kMiB);
  std::memset(block, 7, 2 * kMiB);
  CHECK(w.allocator->resize_in_place(*w.heap, block, 3 * kMiB));
  std::byte* const wall = w.allocate(2 * kMiB);
  CHECK_FALSE(w.allocator->resize_in_place(*w.heap, block, 8 * kMiB));
  std::byte* const moved = w.allocator->reallocate(*w.heap, block, 8 * kMiB);
  CHECK(moved != block);
  CHECK(w.allocator->os().moves() == 1);
  CHECK(moved[2 * kMiB - 1] == std::byte{7});
  w.free(wall);
  w.free(moved);
}

TEST_CASE("threads of another node get memory of another arena and free it to where it is from") {
  World<SmallAllocator<>> w;
  w.allocator->os().here = 1;
  auto* const other = w.allocator->attach();
  std::byte* const here = w.allocate(20 * kKiB);
  std::byte* const there = w.allocator->allocate(*other, 20 * kKiB);
  auto& arenas = w.allocator->shared().arenas;
  CHECK(arenas[0].counts().used_units == 5);
  CHECK(arenas[1].counts().used_units == 5);
  w.free(there);
  w.allocator->free(*other, here);
  CHECK(arenas[0].counts().used_units == 0);
  CHECK(arenas[1].counts().used_units == 0);
  CHECK(world::Audit(*w.allocator).error().empty());
}

TEST_CASE("a thread that begins takes the heap of one that ended with what is at hand") {
  World<Real> w;
  std::byte* const block = w.allocate(100);
  w.free(block);
  auto* const heap = w.heap;
  w.allocator->detach(w.heap);
  w.heap = w.allocator->attach();
  CHECK(w.heap == heap);
  CHECK(w.allocate(100) == block);
  CHECK(w.allocator->pool().made() == 1);
}

TEST_CASE("blocks of a heap are walked and freed all at once") {
  World<Real> w;
  auto* const heap = w.allocator->create_heap();
  std::set<std::byte*> blocks;
  for (const std::size_t size : Sizes{8, 100, 5000, 300'000, 3'000'000}) {
    for (int i = 0; i < 10; ++i) blocks.insert(w.allocator->allocate(*heap, size));
  }
  w.allocator->free(*heap, *blocks.begin());
  w.free(*blocks.rbegin());  // by another heap
  blocks.erase(blocks.begin());
  blocks.erase(std::prev(blocks.end()));
  std::set<std::byte*> walked;
  for_each_block(*w.allocator, *heap,
                 [&](std::byte* block, std::uint64_t) { walked.insert(block); });
  CHECK(walked == blocks);
  w.allocator->destroy_heap(heap);
  CHECK(w.used_bytes() == 0);
  CHECK(w.allocator->create_heap() == heap);
}

TEST_CASE("without memory for a heap there is none and later there is") {
  auto allocator = std::make_unique<Real>();
  allocator->os().most_reserved = 0;
  CHECK(allocator->attach() == nullptr);
  allocator->os().most_reserved = UINT64_MAX;
  CHECK(allocator->attach() != nullptr);
}

}  // namespace
}  // namespace quintet::allocator
