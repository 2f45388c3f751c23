// SPDX-License-Identifier: MIT
#include <cstdint>
#include <memory>
#include <type_traits>

#include "allocator/test/world/player.hpp"
#include "base/sanitizers.hpp"
#include "testing/catch.hpp"

// Random plays beside the ledger: V1 to V3, V9, V11 and V12, alignment, zeros, contents, heaps and
// walks, on a small shape, where everything runs out and is used again, and on the real one.
namespace quintet::allocator::world {
namespace {

constexpr std::uint64_t kPlays = kSanitized ? 10 : 60;

template <class A>
void hold(std::uint64_t plays, Play play) {
  for (std::uint64_t seed = 1; seed <= plays; ++seed) {
    auto allocator = std::make_unique<A>();
    play.seed = seed;
    const auto error = Player<A>(*allocator).play(play);
    INFO("seed " << seed << ": " << error.value_or("holds"));
    CHECK(!error);
  }
}

TEST_CASE("random plays on a small shape are those of the ledger") {
  hold<SmallAllocator<>>(kPlays, {});
}

TEST_CASE("random plays on the real shape are those of the ledger") {
  using Real = Allocator<BoundedMemory, StdAtomics>;
  hold<Real>(kPlays / 10, {.steps = 3000, .most_bytes = 5 * kMiB});
}

TEST_CASE("random plays with guards are those of the ledger") {
  hold<SmallAllocator<Fault::kNone, Hardening::kGuarded>>(kPlays, {});
  hold<SmallAllocator<Fault::kNone, Hardening::kParanoid>>(kPlays, {});
}

TEST_CASE("random plays with sampled blocks are those of the ledger") {
  hold<SampledAllocator<>>(kPlays, {});
}

// Told of everything, and silent: the bookkeeping alone is judged here.
struct SilentTracker : NoTracker {};
struct TrackedTraits : SmallTraits<> {
  using Tracker = SilentTracker;
};

TEST_CASE("random plays of tracked blocks are those of the ledger") {
  hold<Allocator<BoundedMemory, StdAtomics, TrackedTraits>>(kPlays, {});
}

TEST_CASE("one allocator serves one play after another") {
  auto allocator = std::make_unique<SmallAllocator<>>();
  for (std::uint64_t seed = 1; seed <= kPlays / 2; ++seed) {
    const auto error = Player<SmallAllocator<>>(*allocator).play({.seed = seed, .steps = 1000});
    INFO("seed " << seed << ": " << error.value_or("holds"));
    REQUIRE(!error);
  }
}

template <class A>
void hold_whichever_call_fails(Play play, std::uint64_t least_calls) {
  auto counted = std::make_unique<A>();
  REQUIRE(!Player<A>(*counted).play(play));
  const std::uint64_t calls = counted->os().calls();
  INFO(calls << " calls");
  CHECK(calls > least_calls);
  play.may_fail = true;
  for (std::uint64_t k = 1; k <= calls; ++k) {
    auto allocator = std::make_unique<A>();
    allocator->os().failing_call = k;
    const auto error = Player<A>(*allocator).play(play);
    INFO("call " << k << ": " << error.value_or("holds"));
    REQUIRE(!error);
  }
}

TEST_CASE("whichever call of the system fails nothing is lost") {
  hold_whichever_call_fails<SmallAllocator<>>({.seed = 7, .steps = 600}, 40);
}

TEST_CASE("whichever call that protects a sampled block fails nothing is lost") {
  hold_whichever_call_fails<SampledAllocator<>>({.seed = 7, .steps = 600}, 200);
}

TEST_CASE("where pages cannot be protected, or not opened again, nothing is lost") {
  for (std::uint64_t seed = 1; seed <= kPlays; ++seed) {
    auto allocator = std::make_unique<SampledAllocator<>>();
    allocator->os().refuses = seed % 2 == 0;
    const auto error =
        Player<SampledAllocator<>>(*allocator).play({.seed = seed, .may_fail = true});
    INFO("seed " << seed << ": " << error.value_or("holds"));
    REQUIRE(!error);
  }
}

TEST_CASE("when memory runs out what is there is used to the end") {
  const auto hold_with = [](auto make) {
    for (std::uint64_t seed = 1; seed <= kPlays; ++seed) {
      auto allocator = make();
      using A = std::remove_reference_t<decltype(*allocator)>;
      allocator->os().most_committed = (20 + seed * 4) * BoundedMemory::kPage;
      const auto error = Player<A>(*allocator).play({.seed = seed, .may_fail = true});
      INFO("seed " << seed << ": " << error.value_or("holds"));
      REQUIRE(!error);
    }
  };
  hold_with([] { return std::make_unique<SmallAllocator<>>(); });
  hold_with([] { return std::make_unique<SampledAllocator<>>(); });
}

TEST_CASE("where address space is short there are several regions") {
  for (std::uint64_t seed = 1; seed <= kPlays / 2; ++seed) {
    auto allocator = std::make_unique<SmallAllocator<>>();
    allocator->os().most_reserved = 4 * kMiB;
    const auto error = Player<SmallAllocator<>>(*allocator).play({.seed = seed, .may_fail = true});
    INFO("seed " << seed << ": " << error.value_or("holds"));
    REQUIRE(!error);
  }
}

}  // namespace
}  // namespace quintet::allocator::world
