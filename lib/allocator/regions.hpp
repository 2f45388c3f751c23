// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "allocator/region.hpp"

// All regions. The first one is as large as the system lets us have, and holds everything unless
// address space is short (RLIMIT_AS) or a terabyte is in use: then others are added, and their
// addresses are found by looking through them.
// Threading: find() any thread; extend() any thread, locks.
namespace quintet::allocator {

template <class Env>
class Regions {
 public:
  using G = typename Env::G;
  using Os = typename Env::Os;
  static constexpr std::uint32_t kMost = 64;

  // Units that an arena got: clean, committed.
  struct Chunk {
    Region<Env>* region = nullptr;
    std::uint64_t first = 0;
    std::uint64_t units = 0;
  };

  // At least `units`, more if memory is plentiful. Empty: there is no memory, or no address space.
  [[nodiscard]] Chunk extend(Os& os, std::uint64_t units, const void* arena) {
    const Locked locked(lock_);
    const std::uint64_t wish = std::max<std::uint64_t>(units, Env::kShape.growth_bytes / G::kUnit);
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    // Old regions may have room for less than the last one was added for.
    for (std::uint32_t i = count; i-- > 0;) {
      if (const Chunk chunk = grow(os, regions_[i], units, wish, arena); chunk.units != 0) {
        return chunk;
      }
    }
    if (count == kMost || !add(os, units)) return {};
    return grow(os, regions_[count], units, wish, arena);
  }

  // The region that has entries for the address, or null.
  [[nodiscard]] Region<Env>* find(const void* pointer) {
    return find_if([pointer](const auto& region) { return region.holds(pointer); });
  }
  [[nodiscard]] Region<Env>* region_of(const Slab<Env>* slab) {
    return find_if([slab](const auto& region) { return region.holds(slab); });
  }
  [[nodiscard]] Region<Env>* region_of(const Span<Env>* span) {
    return find_if([span](const auto& region) { return region.holds(span); });
  }
  [[nodiscard]] std::byte* start_of(const Slab<Env>* slab) {
    Region<Env>* const region = region_of(slab);
    return region->address(region->index(slab));
  }

  // The first one, of which heaps keep a copy. Null: there is none yet.
  [[nodiscard]] const Region<Env>* first() const {
    return count_.load(std::memory_order_acquire) == 0 ? nullptr : &regions_[0];
  }
  template <class F>
  void for_each(F f) {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i) f(regions_[i]);
  }
  // Gives all address space back. Requires: nobody uses any of it.
  void release(Os& os) {
    for_each([&](Region<Env>& region) { os.release(region.base(), region.units() * G::kUnit); });
    count_.store(0, std::memory_order_relaxed);
  }

  [[nodiscard]] Lock<Env>& lock() { return lock_; }

 private:
  [[nodiscard]] static Chunk grow(Os& os, Region<Env>& region, std::uint64_t units,
                                  std::uint64_t wish, const void* arena) {
    for (std::uint64_t n = std::min(wish, region.left()); n >= units;) {
      if (const std::uint64_t first = region.grow(os, n, arena); first != 0) {
        return {&region, first, n};
      }
      if (n == units) break;
      n = units;
    }
    return {};
  }

  // Requires: the lock, and room in the array.
  [[nodiscard]] bool add(Os& os, std::uint64_t units) {
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    // Tables take less than a 256th; two units are lost to rounding and the guard.
    const std::uint64_t needed =
        align_up<std::uint64_t>((units + units / 256 + 4) * G::kUnit, G::kUnit);
    if (wish_ == 0) wish_ = Env::kShape.region_bytes;
    // Where space is short, some is left for stacks: only the first region may be as small as that.
    const std::uint64_t floor = Env::kShape.smallest_region * (count == 0 ? 1 : 8);
    for (;;) {
      const std::uint64_t bytes = std::max(wish_, needed);
      if (regions_[count].make(os, bytes)) break;
      if (bytes == needed || wish_ <= floor) return false;
      wish_ = std::max(wish_ / 4, floor);
    }
    // release: pairs with find() and first(), for the region.
    count_.store(count + 1, std::memory_order_release);
    return true;
  }

  template <class Predicate>
  [[nodiscard]] Region<Env>* find_if(Predicate predicate) {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (predicate(regions_[i])) return &regions_[i];
    }
    return nullptr;
  }

  Lock<Env> lock_;
  typename Env::template Atomic<std::uint32_t> count_{0};
  std::uint64_t wish_ = 0;  // bytes of the next reservation
  std::array<Region<Env>, kMost> regions_{};
};

}  // namespace quintet::allocator
