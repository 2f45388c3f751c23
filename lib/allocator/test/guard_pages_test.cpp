// SPDX-License-Identifier: MIT
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/test/world/audit.hpp"
#include "allocator/test/world/player.hpp"
#include "allocator/walk.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

// Sampled blocks (guard_pages.hpp): what faults and what is reported, when their memory comes back,
// and how often there is one. Every block is sampled here unless a case says otherwise.
namespace quintet::allocator {
namespace {

using Misuses = std::vector<Misuse>;

struct World {
  using A = world::SampledAllocator<>;
  using G = A::G;
  using Pages = GuardPages<A::E>;
  std::unique_ptr<A> allocator = std::make_unique<A>();
  A::H* heap = allocator->attach();

  explicit World(std::uint32_t rate = 1) { allocator->sample_one_in(rate); }
  std::byte* allocate(std::size_t size) { return allocator->allocate(*heap, size); }
  void free(void* pointer) { allocator->free(*heap, pointer); }
  bool is_sampled(const void* pointer) {
    return allocator->find(pointer).size_class() == G::kSampledClass;
  }
  GuardCounts counts() { return allocator->shared().guard_pages.counts(); }
  Misuses reported() {
    Misuses kinds;
    for (const auto& report : allocator->os().reports) kinds.push_back(report.misuse);
    allocator->os().reports.clear();
    return kinds;
  }
  std::string audited() { return world::Audit<A>(*allocator).error(); }
};
using Sizes = std::vector<std::size_t>;
// None, one, some and all of the bytes that a sampled block may have.
const Sizes kSizes{0, 1, 8, 16, 24, 100, 4000, 4096, 4097, 5000, World::Pages::kMostBytes};

// Whether the process ends there by SIGSEGV.
template <class F>
bool faults(F f) {
  return testing::run_child(f).signal == SIGSEGV;
}
std::byte read(const std::byte* at) { return *static_cast<const volatile std::byte*>(at); }
void write(std::byte* at) { *static_cast<volatile std::byte*>(at) = std::byte{1}; }
// Behind the bytes that are left over for the alignment.
std::size_t rounded(std::size_t size) { return align_up<std::size_t>(size, 16); }

TEST_CASE("an access behind a sampled block, or on the page before it, faults") {
  World w;
  for (const std::size_t size : kSizes) {
    std::byte* const block = w.allocate(size);
    REQUIRE(w.is_sampled(block));
    CHECK(w.allocator->usable_size(block) == size);
    CHECK(std::all_of(block, block + size, [](std::byte b) { return b == std::byte{0}; }));
    CHECK(faults([&] { (void)read(block + rounded(size)); }));
    CHECK(faults([&] { write(block + rounded(size)); }));
    CHECK_FALSE(faults([&] {
      for (std::size_t i = 0; i < rounded(size); ++i) (void)read(block + i);
    }));
    auto* const page = reinterpret_cast<std::byte*>(
        align_down<std::uintptr_t>(reinterpret_cast<std::uintptr_t>(block), World::G::kPage));
    CHECK(faults([&] { (void)read(page - 1); }));
    CHECK(faults([&] { write(page - World::G::kPage); }));
    w.free(block);
    CHECK(w.reported().empty());
  }
  CHECK(w.audited().empty());
}

TEST_CASE("an access to a sampled block faults after it was freed") {
  World w;
  for (const std::size_t size : kSizes) {
    std::byte* const block = w.allocate(size);
    std::memset(block, 0x41, size);
    w.free(block);
    CHECK(faults([&] { (void)read(block); }));
    CHECK(faults([&] { write(block + rounded(size) / 2); }));
    w.free(block);
    CHECK(w.reported() == Misuses{Misuse::kDoubleFree});
    CHECK(w.allocator->reallocate(*w.heap, block, 10) == nullptr);
    CHECK(w.reported() == Misuses{Misuse::kDoubleFree});
  }
  CHECK(w.audited().empty());
}

TEST_CASE("what a write within the pages of a sampled block hits is reported when it is freed") {
  World w;
  std::byte* const block = w.allocate(100);
  const auto finds = [&](std::byte* at, Misuse misuse) {
    *at ^= std::byte{1};
    w.free(block);
    CHECK(w.reported() == Misuses{misuse});
    CHECK(w.allocator->reallocate(*w.heap, block, 10) == nullptr);
    CHECK(w.reported() == Misuses{misuse});
    *at ^= std::byte{1};
  };
  finds(block + 100, Misuse::kOverflow);
  finds(block + 111, Misuse::kOverflow);
  finds(block - 1, Misuse::kUnderflow);
  finds(block - 2000, Misuse::kUnderflow);  // still on the block's page
  for (const std::size_t offset : Sizes{1, 8, 50, 99, 112}) {
    w.free(block + offset);
    CHECK(w.reported() == Misuses{Misuse::kMisaligned});
  }
  w.free(block);
  CHECK(w.reported().empty());
}

TEST_CASE("sampled blocks have kinds and sizes, grow, and are aligned") {
  World w;
  std::byte* const block = w.allocate(100);
  w.allocator->set_kind(block, BlockState::kNew);
  w.allocator->free_as(*w.heap, block, BlockState::kMalloc, 100);
  CHECK(w.reported() == Misuses{Misuse::kWrongKind});
  w.allocator->free_as(*w.heap, block, BlockState::kNew, 99);
  CHECK(w.reported() == Misuses{Misuse::kWrongSize});
  std::memset(block, 0x41, 100);
  CHECK_FALSE(w.allocator->resize_in_place(*w.heap, block, 99));
  std::byte* at = block;
  for (const std::size_t size : Sizes{100, 5000, 50'000, 5000, 200, 100}) {
    at = w.allocator->reallocate(*w.heap, at, size);
    REQUIRE(at != nullptr);
    CHECK(w.is_sampled(at) == (size <= World::Pages::kMostBytes));
    CHECK(std::all_of(at, at + 100, [](std::byte b) { return b == std::byte{0x41}; }));
  }
  w.allocator->free_as(*w.heap, at, BlockState::kNew, 100);  // it stayed what it was
  CHECK(w.reported().empty());
  for (std::size_t alignment = 1; alignment <= World::G::kPage; alignment *= 2) {
    std::byte* const aligned = w.allocator->allocate_aligned(*w.heap, 100, alignment);
    CHECK(w.is_sampled(aligned));
    CHECK(reinterpret_cast<std::uintptr_t>(aligned) % alignment == 0);
    w.free(aligned);
  }
  CHECK(w.reported().empty());
  CHECK(w.audited().empty());
}

TEST_CASE("the unit of a freed block rests until as many others were freed") {
  World w;
  std::byte* const block = w.allocate(100);
  const std::uint64_t unit = w.allocator->find(block).unit;
  w.free(block);
  for (std::uint32_t i = 0; i < World::Pages::kMostResting - 1; ++i) {
    std::byte* const other = w.allocate(100);
    CHECK(w.allocator->find(other).unit != unit);
    w.free(other);
  }
  CHECK(w.counts().units == World::Pages::kMostResting);
  CHECK(w.allocator->owns(block));
  w.free(w.allocate(100));
  CHECK_FALSE(w.allocator->owns(block));  // back in the arena
  CHECK(w.counts().units == World::Pages::kMostResting);
  w.allocator->collect(*w.heap, true);
  CHECK(w.counts().units == 0);
  CHECK(w.allocator->os().inaccessible().empty());
  CHECK(w.audited().empty());
}

TEST_CASE("only so many blocks are sampled at a time") {
  World w;
  std::vector<std::byte*> blocks;
  for (std::uint32_t i = 0; i < World::Pages::kMost; ++i) blocks.push_back(w.allocate(100));
  CHECK(std::ranges::all_of(blocks, [&](auto* block) { return w.is_sampled(block); }));
  CHECK(w.counts().units == World::Pages::kMost);
  std::byte* const ordinary = w.allocate(100);
  CHECK_FALSE(w.is_sampled(ordinary));
  w.free(ordinary);
  for (std::byte* const block : blocks) w.free(block);
  CHECK(w.counts().units == World::Pages::kMostResting);
  CHECK(w.is_sampled(w.allocate(100)));
  CHECK(w.reported().empty());
  CHECK(w.audited().empty());
}

TEST_CASE("a block whose pages cannot be protected is an ordinary one") {
  World w;
  w.allocator->os().refuses = false;  // to make anything inaccessible
  std::byte* const block = w.allocate(100);
  REQUIRE(block != nullptr);
  CHECK_FALSE(w.is_sampled(block));
  CHECK(w.counts().units == 0);
  w.allocator->os().refuses.reset();
  std::byte* const sampled = w.allocate(100);
  std::memset(sampled, 0x41, 100);
  w.allocator->os().refuses = false;
  w.free(sampled);  // is zero, where it cannot be inaccessible
  CHECK(std::all_of(sampled, sampled + 100, [](std::byte b) { return b == std::byte{0}; }));
  w.allocator->os().refuses = true;  // to make anything accessible
  w.allocator->collect(*w.heap, true);
  CHECK(w.counts().units == 1);
  CHECK(w.audited().empty());
  w.allocator->os().refuses.reset();
  w.allocator->collect(*w.heap, true);
  CHECK(w.counts().units == 0);
  CHECK(w.audited().empty());
}

TEST_CASE("the sampled blocks of a heap are walked and go with it") {
  World w;
  auto* const own = w.allocator->create_heap();
  std::vector<std::byte*> blocks, walked;
  for (const std::size_t size : kSizes) blocks.push_back(w.allocator->allocate(*own, size));
  w.free(blocks.back());  // by another thread's heap
  blocks.pop_back();
  std::byte* const other = w.allocate(100);
  for_each_block(*w.allocator, *own, [&](std::byte* block, std::uint64_t bytes) {
    CHECK(bytes == w.allocator->usable_size(block));
    walked.push_back(block);
  });
  std::ranges::sort(blocks);
  std::ranges::sort(walked);
  CHECK(walked == blocks);
  CHECK(w.audited().empty());
  w.allocator->destroy_heap(own);
  CHECK(faults([&] { write(blocks[3]); }));
  w.free(blocks[3]);
  CHECK(w.reported() == Misuses{Misuse::kDoubleFree});
  CHECK(w.is_sampled(other));
  CHECK(w.counts().units == kSizes.size() + 1);
  w.free(other);
  CHECK(w.audited().empty());
}

TEST_CASE("about one block in so many is sampled") {
  for (const std::uint32_t rate : {1U, 2U, 10U, 100U}) {
    World w(rate);
    for (std::uint32_t i = 0; i < 300 * rate; ++i) w.free(w.allocate(100));
    const std::uint64_t sampled = w.counts().sampled;
    INFO("1 in " << rate << ": " << sampled << " of " << 300 * rate);
    CHECK((rate == 1 ? sampled == 300 : sampled > 220 && sampled < 400));
  }
  World none(0);
  for (int i = 0; i < 10'000; ++i) none.free(none.allocate(100));
  CHECK(none.counts().sampled == 0);
  none.allocator->sample_one_in(1);  // also for heaps that there are
  CHECK(none.is_sampled(none.allocate(100)));
}

}  // namespace
}  // namespace quintet::allocator
