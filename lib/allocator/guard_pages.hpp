// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "allocator/guards.hpp"
#include "allocator/slab_list.hpp"
#include "base/align.hpp"

// Sampled blocks, of Hardening::kParanoid: about one in `rate` allocations of a few pages at most
// gets a unit to itself, in which it ends where an inaccessible page begins.
//
//   | no access ...... | pattern | block | pattern | no access |
//   unit               whole pages, or none        the last page
//
// What is left of the block's pages is less than a page before it, and behind it less than its
// alignment. When the block is freed, its pages become inaccessible as well; the unit rests so
// until kMostResting others have been freed, and goes back to the arena accessible again.
//
// The unit's slab record is the block's: its heap, where in the unit it begins, and its size, so
// that there is no trailer. The map says G::kSampledClass and no tag: no heap's fast path takes it.
//
// Invariants:
//   I1  at most kMost units are sampled: their blocks are in use, or they rest. So no more than
//       three times as many mappings are split off
//   I2  a block in use stands in the list of its heap, and all of its unit but its pages is
//       inaccessible
//   I3  a unit that rests is in the map, its block's state is kFree, or kNever if there was no
//   block I4  no unit goes to the arena unless all of it is accessible
// A system that refuses to protect pages costs the sample: the block is an ordinary one. One that
// refuses to make them accessible again leaves the unit resting until it does not.
//
//   GuardPages: any thread; locks. The system is never asked under the lock.
//   Samples: the thread that has the heap; its list under the lock of GuardPages.
namespace quintet::allocator {

template <class Env>
struct Shared;

// What a heap has of it: when the next block is sampled, and those that are in use.
template <class Env>
class Samples {
 public:
  // One allocation more. True: ask is_next().
  [[nodiscard]] bool count_down() { return --left_ == 0; }
  // Whether this allocation is sampled, and how many come before the next that is: 0 to
  // 2 * rate - 2, each as likely as others. `seed` matters the first time.
  [[nodiscard]] bool is_next(std::uint32_t rate, std::uint64_t seed) {
    const bool is_first = random_ == 0;
    if (is_first) random_ = seed | 1;
    if (rate == 0) {
      left_ = UINT32_MAX;
      return false;
    }
    left_ = draw(rate);
    if (!is_first) return true;
    if (--left_ != 0) return false;
    left_ = draw(rate);
    return true;
  }
  // The rate has changed.
  void begin_anew() {
    left_ = 1;
    random_ = 0;
  }

  SlabQueue<Env> blocks;

 private:
  [[nodiscard]] std::uint32_t draw(std::uint32_t rate) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<std::uint32_t>(1 + random_ % (2 * std::uint64_t{rate} - 1));
  }

  std::uint32_t left_ = 1;
  std::uint64_t random_ = 0;
};

struct GuardCounts {
  std::uint64_t sampled = 0;  // so far
  std::uint32_t units = 0;    // of blocks in use, and of those that rest
};

template <class Env>
class GuardPages {
 public:
  using G = typename Env::G;
  using H = Heap<Env>;
  using Guard = Guards<Env>;
  static constexpr std::uint32_t kMost = 1024;
  static constexpr std::uint32_t kMostResting = 64;
  // Larger blocks are not sampled.
  static constexpr std::uint64_t kMostBytes = G::kUnit - 2 * G::kPage;

  // One in so many allocations is sampled; 0: none.
  std::uint32_t rate = 10000;

  // A zeroed block, not yet in use for guards.hpp. Null: not this time.
  // Requires: size <= kMostBytes; alignment is a power of two, 16 to a page.
  [[nodiscard]] std::byte* allocate(Shared<Env>& shared, H& heap, std::uint64_t size,
                                    std::uint64_t alignment) {
    if (align_up<std::uint64_t>(size, alignment) > kMostBytes || !may_have_one_more()) {
      return nullptr;
    }
    const auto taken = shared.allocate(heap.node(), 1, 1);
    if (!taken) {
      const Locked locked(lock_);
      counts_.units -= 1;
      return nullptr;
    }
    heap.see_region();
    Region<Env>& region = *taken.region;
    Slab<Env>* const slab = region.slab(taken.first);
    const std::uint64_t offset = align_down<std::uint64_t>(G::kUnit - G::kPage - size, alignment);
    slab->make(&heap, G::kSampledClass, heap.is_direct());
    slab->hold_sampled(offset, size);
    region.forget_states(taken.first, 1);
    region.map()[taken.first].store(G::kSampledClass, std::memory_order_relaxed);
    const Place place(region, slab);
    place.fill();
    if (!shared.os.protect(place.unit, place.head_bytes(), false) ||
        !shared.os.protect(place.end, G::kPage, false)) {
      give_back(shared, slab);
      return nullptr;
    }
    const Locked locked(lock_);
    counts_.sampled += 1;
    heap.samples().blocks.push_front(slab, SlabList::kSampled);
    return place.block;
  }

  // Requires: `slab` is that of a sampled block. Of two threads that free it one does.
  void free(Shared<Env>& shared, Region<Env>& region, Slab<Env>* slab) {
    {
      const Locked locked(lock_);
      if (slab->list.load() != SlabList::kSampled) return;
      slab->owner()->samples().blocks.remove(slab);
    }
    const Place place(region, slab);
    Guard::set_state(region, place.block, BlockState::kFree);
    // For the next who has the memory; and it is all that happens if the system refuses.
    std::memset(place.block, 0, place.size);
    if (place.pages != place.end) {
      (void)shared.os.protect(place.pages, place.pages_bytes(), false);
    }
    rest(slab);
    leave_rest(shared, kMostResting);
  }
  // All blocks of a heap.
  void free_all(Shared<Env>& shared, H& heap) {
    while (Slab<Env>* const slab = first_of(heap)) {
      free(shared, *shared.regions.region_of(slab), slab);
    }
  }
  // Gives back what rests, but for the `keep` units that were freed last.
  void leave_rest(Shared<Env>& shared, std::uint32_t keep) {
    while (Slab<Env>* const slab = take_oldest(keep)) {
      if (!give_back(shared, slab)) return;
    }
  }

  // The bytes of the block's pages that are not the user's are as they were.
  [[nodiscard]] static bool is_intact_behind(const Region<Env>& region, const Slab<Env>* slab) {
    const Place place(region, slab);
    return is_pattern(place.block + place.size, place.end);
  }
  [[nodiscard]] static bool is_intact_before(const Region<Env>& region, const Slab<Env>* slab) {
    const Place place(region, slab);
    return is_pattern(place.pages, place.block);
  }

  // f(block, bytes) for each of the heap's. Requires: no thread but this one frees any; this one
  // frees none but what f was called with.
  template <class F>
  void for_each(Shared<Env>& shared, H& heap, F f) {
    for (Slab<Env>* slab = first_of(heap); slab != nullptr;) {
      Slab<Env>* const next = slab->next.load();
      const Place place(*shared.regions.region_of(slab), slab);
      f(place.block, place.size);
      slab = next;
    }
  }
  // When nothing runs: f(slab) for each unit that rests.
  template <class F>
  void for_each_resting(F f) const {
    for (Slab<Env>* slab = oldest_.load(); slab != nullptr; slab = slab->next.load()) f(slab);
  }
  [[nodiscard]] GuardCounts counts() {
    const Locked locked(lock_);
    return counts_;
  }
  [[nodiscard]] Lock<Env>& lock() { return lock_; }

 private:
  // Where everything is in a unit.
  struct Place {
    std::byte* unit;
    std::byte* pages;
    std::byte* block;
    std::byte* end;
    std::uint64_t size;

    Place(const Region<Env>& region, const Slab<Env>* slab)
        : unit(region.address(region.index(slab))),
          pages(unit + align_down<std::uint64_t>(slab->sampled_offset(), G::kPage)),
          block(unit + slab->sampled_offset()),
          end(unit + G::kUnit - G::kPage),
          size(slab->sampled_bytes()) {}
    [[nodiscard]] std::uint64_t head_bytes() const {
      return static_cast<std::uint64_t>(pages - unit);
    }
    [[nodiscard]] std::uint64_t pages_bytes() const {
      return static_cast<std::uint64_t>(end - pages);
    }
    void fill() const {
      std::fill(pages, block, Guard::kPattern);
      std::memset(block, 0, size);
      std::fill(block + size, end, Guard::kPattern);
    }
  };

  [[nodiscard]] static bool is_pattern(const std::byte* begin, const std::byte* end) {
    return std::all_of(begin, end, [](std::byte byte) { return byte == Guard::kPattern; });
  }

  [[nodiscard]] bool may_have_one_more() {
    const Locked locked(lock_);
    if (counts_.units == kMost) return false;
    counts_.units += 1;
    return true;
  }
  [[nodiscard]] Slab<Env>* first_of(H& heap) {
    const Locked locked(lock_);
    return heap.samples().blocks.front();
  }

  void rest(Slab<Env>* slab) {
    const Locked locked(lock_);
    slab->next.store(nullptr);
    slab->list.store(SlabList::kResting);
    (newest_.load() != nullptr ? newest_.load()->next : oldest_).store(slab);
    newest_.store(slab);
    resting_ += 1;
  }
  // Null: there are no more than `keep`.
  [[nodiscard]] Slab<Env>* take_oldest(std::uint32_t keep) {
    const Locked locked(lock_);
    if (resting_ <= keep) return nullptr;
    Slab<Env>* const slab = oldest_.load();
    oldest_.store(slab->next.load());
    if (slab == newest_.load()) newest_.store(nullptr);
    slab->list.store(SlabList::kNone);
    resting_ -= 1;
    return slab;
  }
  // False: the system refuses, and the unit rests.
  bool give_back(Shared<Env>& shared, Slab<Env>* slab) {
    Region<Env>& region = *shared.regions.region_of(slab);
    const std::uint64_t unit = region.index(slab);
    if (!Env::has(Fault::kGuardKept) && !shared.os.protect(region.address(unit), G::kUnit, true)) {
      return rest(slab), false;
    }
    region.map()[unit].store(kNoClass, std::memory_order_relaxed);
    shared.free(region, unit, 1);
    const Locked locked(lock_);
    counts_.units -= 1;
    return true;
  }

  Lock<Env> lock_;
  // Units that rest, linked from the oldest on through `next`.
  typename Env::template Plain<Slab<Env>*> oldest_;
  typename Env::template Plain<Slab<Env>*> newest_;
  std::uint32_t resting_ = 0;
  GuardCounts counts_;
};

// Of builds that do not sample.
struct NoGuardPages {
  [[nodiscard]] static GuardCounts counts() { return {}; }
};

}  // namespace quintet::allocator
