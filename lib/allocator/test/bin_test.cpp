// SPDX-License-Identifier: MIT
#include "allocator/bin.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "allocator/test/world/bounded_memory.hpp"
#include "base/atomics.hpp"
#include "testing/catch.hpp"

// The free blocks of a class that are at hand.
namespace quintet::allocator {
namespace {

struct OtherTracker : NoTracker {};
struct TrackedTraits : StandardTraits {
  using Tracker = OtherTracker;
};

template <class Traits>
struct World {
  using E = Env<world::BoundedMemory, StdAtomics, Traits>;
  using B = Bin<E>;
  std::array<Link<E>, 4> blocks;
  std::array<typename B::Place, 4> places{};  // one that stays null, and three
  typename B::Place nothing = nullptr;
  B bin{&nothing};

  World() { bin.make(places.data(), 3, kBlockFacts<E::kShape>[5]); }
};

TEST_CASE("a bin without places is empty") {
  using B = World<StandardTraits>::B;
  B::Place nothing = nullptr;
  B bin(&nothing);
  CHECK(bin.take() == nullptr);
  CHECK(bin.take() == nullptr);
  for (std::uint32_t offset = 0; offset < (1U << 15); ++offset) {
    if (bin.is_block(offset)) FAIL("a block at " << offset);
  }
}

TEST_CASE("a bin gives the last block first, and takes as many as it has places") {
  World<StandardTraits> w;
  CHECK(w.bin.take() == nullptr);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < 3; ++i) CHECK(w.bin.put(&w.blocks[i]));
    CHECK_FALSE(w.bin.put(&w.blocks[3]));
    for (std::size_t i = 3; i-- > 0;) CHECK(w.bin.take() == &w.blocks[i]);
    CHECK(w.bin.take() == nullptr);
  }
  CHECK(w.places[0] == nullptr);
}

TEST_CASE("under a tool no place names a block that is not at hand") {
  World<TrackedTraits> w;
  for (std::size_t i = 0; i < 3; ++i) CHECK(w.bin.put(&w.blocks[i]));
  CHECK(w.bin.take() == &w.blocks[2]);
  CHECK(w.places[3] == nullptr);
  CHECK(w.places[2] == &w.blocks[1]);
  w.bin.set_top(w.places.data());
  CHECK(std::all_of(w.places.begin(), w.places.end(), [](auto* p) { return p == nullptr; }));
}

}  // namespace
}  // namespace quintet::allocator
