// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/test/world/player.hpp"
#include "testing/catch.hpp"

// What each level of hardening finds, and that what it has found leaves the rest as it was. The
// programs of test/preload/ show the same from outside.
namespace quintet::allocator {
namespace {

using world::SmallAllocator;
using Sizes = std::vector<std::size_t>;

template <Hardening kLevel>
struct World {
  using A = SmallAllocator<Fault::kNone, kLevel>;
  std::unique_ptr<A> allocator = std::make_unique<A>();
  typename A::H* heap = allocator->attach();

  std::byte* allocate(std::size_t size) { return allocator->allocate(*heap, size); }
  void free(void* pointer) { allocator->free(*heap, pointer); }
  // The one thing that was reported since the last look, or nothing.
  std::vector<Misuse> reported() {
    std::vector<Misuse> kinds;
    for (const auto& report : allocator->os().reports) kinds.push_back(report.misuse);
    allocator->os().reports.clear();
    return kinds;
  }
};
struct RealTraits : StandardTraits {
  static constexpr Hardening kHardening = Hardening::kParanoid;
};
using Misuses = std::vector<Misuse>;
using Fast = World<Hardening::kFast>;
using Guarded = World<Hardening::kGuarded>;
using Paranoid = World<Hardening::kParanoid>;

TEST_CASE("every level finds foreign and misaligned pointers") {
  const auto finds = [](auto w) {
    int here = 0;
    int* volatile foreign = &here;  // or the compiler warns of what would be if it were a block
    w.free(foreign);
    CHECK(w.reported() == Misuses{Misuse::kForeign});
    for (const std::size_t size : Sizes{20, 200, 3000, 9000, 40'000}) {
      std::byte* const block = w.allocate(size);
      for (const std::size_t offset :
           Sizes{std::size_t{1}, std::size_t{8}, size / 2 + 1, size - 1}) {
        w.free(block + offset);
        CHECK(w.reported() == Misuses{Misuse::kMisaligned});
      }
      w.free(block);
      CHECK(w.reported().empty());
    }
  };
  finds(Fast());
  finds(Guarded());
  finds(Paranoid());
}

TEST_CASE("from the second level on double frees are found also when others were freed between") {
  const auto finds = [](auto w) {
    for (const std::size_t size : Sizes{16, 200, 1000}) {  // of slabs that stay
      std::byte* const block = w.allocate(size);
      std::byte* const other = w.allocate(size);
      w.free(block);
      w.free(block);
      CHECK(w.reported() == Misuses{Misuse::kDoubleFree});
      w.free(other);
      w.free(block);
      CHECK(w.reported() == Misuses{Misuse::kDoubleFree});
      CHECK(w.allocator->reallocate(*w.heap, block, 10) == nullptr);
      CHECK(w.reported() == Misuses{Misuse::kDoubleFree});
    }
  };
  finds(Guarded());
  finds(Paranoid());
}

TEST_CASE("a write to the first word of a block at hand is found when it is used again") {
  Guarded w;
  std::byte* const first = w.allocate(100);
  std::byte* const second = w.allocate(100);
  w.free(first);
  w.free(second);
  std::memset(second, 0x41, 8);
  CHECK(w.allocate(100) == second);
  CHECK(w.reported() == Misuses{Misuse::kAfterFree});
  CHECK(w.allocate(100) == first);
  CHECK(w.reported().empty());
}

TEST_CASE("a link that was overwritten is not followed") {
  Guarded w;
  using G = Guarded::A::E::G;
  const std::uint32_t size_class = class_of<std::uint32_t>(1000);
  const std::uint32_t count = G::at_hand(size_class) + 1;  // so half of them go back to their slabs
  std::vector<std::byte*> blocks;
  for (std::uint32_t i = 0; i < count; ++i) blocks.push_back(w.allocate(1000));
  for (std::byte* const block : blocks) w.free(block);
  std::memset(blocks[1], 0x41, 8);  // the link to the first of its slab's list, or of another
  std::set<std::byte*> seen;
  for (std::uint32_t i = 0; i < 2 * count; ++i) CHECK(seen.insert(w.allocate(1000)).second);
  CHECK(w.reported() == Misuses{Misuse::kAfterFree});
}

TEST_CASE("one byte behind or before a block is found when it is freed") {
  Paranoid w;
  for (const std::size_t size : Sizes{0, 1, 8, 24, 100, 1000, 4096, 9000, 20'000}) {
    std::byte* const block = w.allocate(size);
    block[size] ^= std::byte{1};
    w.free(block);
    CHECK(w.reported() == Misuses{Misuse::kOverflow});
    block[size] ^= std::byte{1};
    w.free(block);
    CHECK(w.reported().empty());
  }
  std::byte* const before = w.allocate(100);
  std::byte* const block = w.allocate(100);
  REQUIRE(block > before);
  block[-1] ^= std::byte{1};
  w.free(block);
  CHECK(w.reported() == Misuses{Misuse::kUnderflow});
}

TEST_CASE("what is left over of a block is looked at from both ends") {
  Paranoid w;
  std::byte* const block = w.allocate(1025);  // of 1280 bytes, the last eight for the trailer
  for (const std::size_t at : Sizes{1025, 1088, 1208, 1271}) {
    block[at] ^= std::byte{1};
    w.free(block);
    CHECK(w.reported() == Misuses{Misuse::kOverflow});
    block[at] ^= std::byte{1};
  }
  w.free(block);
  CHECK(w.reported().empty());
}

TEST_CASE("a large object that is freed is zero") {
  using A = Allocator<world::BoundedMemory, StdAtomics, RealTraits>;
  const auto allocator = std::make_unique<A>();
  A::H* const heap = allocator->attach();
  const std::size_t size = 3'000'000;  // little enough to stay in memory
  std::byte* const block = allocator->allocate(*heap, size);
  std::memset(block, 0x41, size);
  allocator->free(*heap, block);
  CHECK(allocator->os().reports.empty());
  CHECK(std::all_of(block, block + size, [](std::byte b) { return b == std::byte{0}; }));
}

TEST_CASE("a write to a block in quarantine is found when it leaves") {
  const auto finds = [](std::size_t size, std::size_t at) {
    Paranoid w;
    std::byte* const block = w.allocate(size);
    w.free(block);
    block[at] = std::byte{1};
    for (int i = 0; i < 200; ++i) w.free(w.allocate(size));
    CHECK(w.reported() == Misuses{Misuse::kAfterFree});
  };
  for (const std::size_t size : Sizes{8, 24, 1000}) finds(size, 7);  // in the link, when it has one
  for (const std::size_t size : Sizes{3000, 9000}) finds(size, 200);  // alone in their slabs
}

TEST_CASE("a write to a free block is found when it is used again") {
  Paranoid w;
  std::byte* const block = w.allocate(100);
  w.free(block);
  CHECK(std::all_of(block + 8, block + 100, [](std::byte b) { return b == std::byte{0}; }));
  block[50] = std::byte{1};
  for (int i = 0; i < 1000 && w.allocator->os().reports.empty(); ++i) w.free(w.allocate(100));
  CHECK(w.reported() == Misuses{Misuse::kAfterFree});
}

TEST_CASE("a write to a free block is found also when the block is wanted zeroed") {
  Paranoid w;
  std::byte* const block = w.allocate(100);
  w.free(block);
  for (int i = 0; i < 200; ++i) w.free(w.allocate(100));  // it leaves the quarantine
  block[50] = std::byte{1};
  for (int i = 0; i < 1000 && w.allocator->os().reports.empty(); ++i) {
    std::byte* const next = w.allocator->allocate_zeroed(*w.heap, 10, 10);
    CHECK(std::all_of(next, next + 100, [](std::byte b) { return b == std::byte{0}; }));
    w.free(next);
  }
  CHECK(w.reported() == Misuses{Misuse::kAfterFree});
}

TEST_CASE("an overflow is not taken for a wrong size") {
  Paranoid w;
  std::byte* const block = w.allocate(100);
  w.allocator->set_kind(block, BlockState::kNew);
  for (int i = 100; i < 112; ++i) block[i] = std::byte{0x41};
  w.allocator->free_as(*w.heap, block, BlockState::kNew, 100);
  CHECK(w.reported() == Misuses{Misuse::kOverflow});
}

TEST_CASE("a freed block is not used again soon") {
  Paranoid w;
  std::byte* const block = w.allocate(100);
  w.free(block);
  for (int i = 0; i < 100; ++i) {
    std::byte* const other = w.allocate(100);
    CHECK(other != block);
    w.free(other);
  }
}

TEST_CASE("the quarantine is bounded by bytes as well") {
  using A = Allocator<world::BoundedMemory, StdAtomics, RealTraits>;
  const auto allocator = std::make_unique<A>();
  A::H* const heap = allocator->attach();
  const auto used = [&] { return allocator->shared().arenas[0].counts().used_units * A::G::kUnit; };
  for (int i = 0; i < 300; ++i) {
    allocator->free(*heap, allocator->allocate(*heap, 1'000'000));
    CHECK(used() <= A::E::kShape.quarantine_bytes + A::G::kLargest);  // one is at hand
  }
  CHECK(used() >= A::E::kShape.quarantine_bytes / 2);
  for (int i = 0; i < 200; ++i) allocator->free(*heap, allocator->allocate(*heap, 100));
  CHECK(used() < 2 * A::G::kLargest);
  CHECK(allocator->os().reports.empty());
}

TEST_CASE("new memory is zero and has exactly the bytes that were asked for") {
  Paranoid w;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 0; size < 4000; size += 13) {  // up to a unit
      std::byte* const block = w.allocate(size);
      CHECK(w.allocator->usable_size(block) == size);
      CHECK(std::all_of(block, block + size, [](std::byte b) { return b == std::byte{0}; }));
      std::memset(block, 0xFF, size);
      w.free(block);
    }
  }
  CHECK(w.reported().empty());
}

TEST_CASE("a block is freed as it was allocated") {
  Paranoid w;
  std::byte* const block = w.allocate(100);
  w.allocator->set_kind(block, BlockState::kNew);
  w.allocator->free_as(*w.heap, block, BlockState::kMalloc, 100);
  CHECK(w.reported() == Misuses{Misuse::kWrongKind});
  w.allocator->free_as(*w.heap, block, BlockState::kNew, 99);
  CHECK(w.reported() == Misuses{Misuse::kWrongSize});
  w.allocator->free_as(*w.heap, block, BlockState::kNew, 100);
  CHECK(w.reported().empty());
}

}  // namespace
}  // namespace quintet::allocator
