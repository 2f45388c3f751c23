// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "allocator/arena.hpp"
#include "allocator/guard_pages.hpp"

// What all heaps of an allocator share: the world, the regions and the arenas. Zeroed memory is a
// valid one with the default policy.
// Threading: any.
namespace quintet::allocator {

template <class Env>
struct Shared {
  using G = typename Env::G;
  using Os = typename Env::Os;
  using Taken = typename Arena<Env>::Taken;
  static constexpr std::uint32_t kArenas = Env::kShape.arenas;

  Os os;
  Regions<Env> regions;
  std::array<Arena<Env>, kArenas> arenas;
  PurgePolicy purge{Env::kShape.retained_bytes, 1000};
  [[no_unique_address]] std::conditional_t<Env::kSamples, GuardPages<Env>, NoGuardPages>
      guard_pages;

  [[nodiscard]] Taken allocate(std::uint32_t node, std::uint64_t units, std::uint64_t alignment,
                               std::uint64_t room = 0) {
    const std::uint32_t arena = node % kArenas;
    const Taken taken = arenas[arena].allocate(os, regions, units, alignment, room);
    if (taken) taken.region->span(taken.first)->arena.store(static_cast<std::uint8_t>(arena));
    return taken;
  }
  // The arena of a span in use.
  [[nodiscard]] Arena<Env>& arena_of(const Region<Env>& region, std::uint64_t first) {
    return arenas[region.span(first)->arena.load()];
  }
  void free(Region<Env>& region, std::uint64_t first, std::uint64_t units) {
    arena_of(region, first).free(os, regions, purge, region, first, units);
  }
  // Gives back what is free; with `all` also what the policy would keep.
  void trim(bool all) {
    const PurgePolicy policy = all ? PurgePolicy{0, 0} : purge;
    for (auto& arena : arenas) arena.purge(os, regions, policy, os.milliseconds());
  }
};

}  // namespace quintet::allocator
