// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "allocator/bin.hpp"
#include "allocator/guards.hpp"
#include "allocator/pending.hpp"
#include "allocator/quarantine.hpp"
#include "allocator/shared.hpp"
#include "allocator/slab_list.hpp"
#include "base/align.hpp"

// A heap: free blocks at hand by class, and the slabs that they come from. It belongs to one thread
// at a time (heap_pool.hpp says how it changes hands); others free blocks into its slabs.
//
// The hot paths are allocate_at_hand() and free_at_hand(). A block that its owner frees goes on top
// of its class's bin, and is the next to be handed out: it is in the cache. Only when a bin is
// empty or full are slabs looked at: refill and give_back are bounded by a bin's places.
//
// Invariants:
//   I1  bins[c] has blocks of class c, of slabs of this heap
//   I2  each slab of this heap of class c stands in partial[c] or full[c]; what stands in full[c]
//   has
//       nothing in `free` and is carved
//   I3  a slab with remote blocks stands in the inbox, once, or is on its way there
//   I4  map words of this heap's slabs, XOR tag, are their class; all others' are kClasses or more
//
//   tell() and the inbox: any thread.  The rest: the thread that has the heap.
namespace quintet::allocator {

struct HeapCounts {
  std::uint64_t refills = 0, flushes = 0, drains = 0, told = 0;
  std::uint64_t slabs = 0, most_slabs = 0, large = 0;
};

template <class Env>
class Heap {
 public:
  using G = typename Env::G;
  using L = Link<Env>;

 private:
  // The first member, so that the address of a bin is a sum of two.
  std::array<Bin<Env>, G::kSlots> bins_;

 public:
  // A heap that owns nothing and to which no map word belongs: every operation is left to others.
  constexpr Heap() : Heap(std::make_index_sequence<G::kSlots>()) {}

  // Of its blocks at hand (bin.hpp).
  static constexpr std::uint32_t kPlaces = kFirstPlace<Env::kShape>[G::kLastClass + 1];
  // Requires: fresh; `number` is unique, 1 to 2^26 - 1; kPlaces null `places`, for this heap alone.
  void make(Shared<Env>& shared, std::uint32_t number, bool is_direct, L** places) {
    shared_ = &shared;
    tag_ = map_word<std::uint32_t>(number, 0);
    is_direct_ = is_direct;
    node_ = shared.os.node();
    places_ = places;
    for (std::uint32_t c = 1; c <= G::kLastClass; ++c) {
      bins_[c].make(bottom(c), G::at_hand(c), kBlockFacts<Env::kShape>[c]);
    }
    see_region();
  }

  [[nodiscard]] bool is_made() const { return shared_ != nullptr; }
  [[nodiscard]] std::uint32_t number() const { return tag_ >> kClassBits; }
  [[nodiscard]] std::uint32_t tag() const { return tag_; }
  [[nodiscard]] bool is_direct() const { return is_direct_; }
  [[nodiscard]] std::uint32_t node() const { return node_; }
  [[nodiscard]] Shared<Env>& shared() const { return *shared_; }
  // The thread has moved.
  void set_node(std::uint32_t node) { node_ = node; }

  // The class of a request of up to kTableBytes. Blocks with a state (guards.hpp) have 16 bytes.
  [[nodiscard]] static std::uint32_t small_class(std::size_t size) {
    return kClassTable < Env::at_least(Hardening::kGuarded) ? 2 : 1 > [(size + 7) / 8];
  }
  // The class of a request, or more than G::kLastClass.
  [[nodiscard]] static std::uint32_t class_for(std::size_t size) {
    if (size <= kTableBytes) [[likely]]
      return small_class(size);
    return size <= G::kLargest ? static_cast<std::uint32_t>(class_of<std::uint64_t>(size))
                               : G::kLastClass + 1;
  }

  // A block at hand, or null. Requires: size_class <= kLastClass.
  [[nodiscard]] std::byte* allocate_at_hand(std::uint32_t size_class) {
    L* const block = bins_[size_class].take();
    if (block == nullptr) [[unlikely]]
      return nullptr;
    expect_untouched(block);
    return block->bytes();
  }

  // Puts a block of this heap at hand. False: it is none, or this heap does not know yet; nothing
  // is done.
  [[nodiscard]] bool free_at_hand(void* pointer) {
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    const std::uintptr_t unit = unit_index<std::uintptr_t>(address, base_, Env::kShape.unit_shift);
    if (unit >= known_units_) [[unlikely]]
      return false;
    const std::uint32_t size_class = map_[unit].load(std::memory_order_relaxed) ^ tag_;
    if (size_class >= kClasses) [[unlikely]]
      return false;
    return free_of_class(pointer, size_class);
  }
  // The same for whoever knows the class: with a block of another class nothing is done. A compiler
  // that sees the block's allocation, too, keeps the bin in registers.
  [[nodiscard]] bool free_at_hand(void* pointer, std::uint32_t size_class) {
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    const std::uintptr_t unit = unit_index<std::uintptr_t>(address, base_, Env::kShape.unit_shift);
    if (unit >= known_units_) [[unlikely]]
      return false;
    if ((map_[unit].load(std::memory_order_relaxed) ^ tag_) != size_class) [[unlikely]]
      return false;
    return free_of_class(pointer, size_class);
  }

  // Keeps a block of another heap back, beside others of its slab. False: it is none, or there is
  // more to do; nothing is done.
  [[nodiscard]] bool keep_back(void* pointer) {
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    const std::uintptr_t unit = unit_index<std::uintptr_t>(address, base_, Env::kShape.unit_shift);
    if (unit >= known_units_) return false;
    const std::uint32_t size_class = map_[unit].load(std::memory_order_relaxed) % kClasses;
    return is_block_of_class(pointer, size_class) &&
           pending_.add_to_others(unit, slabs_ + unit,
                                  link_at<Env>(static_cast<std::byte*>(pointer)));
  }

  // A block after all: from a slab, or from a new one. Null: no memory.
  // Requires: made; size_class <= kLastClass.
  [[nodiscard]] std::byte* allocate_anew(std::uint32_t size_class);

  // Puts a block of this heap at hand, wherever it lies. Requires: it is one of that class.
  void free_own(std::byte* pointer, std::uint32_t size_class) {
    L* const block = link_at<Env>(pointer);
    mark(block);
    if (!bins_[size_class].put(block)) [[unlikely]]
      overflow(block, size_class, *this);
  }

  // Frees a block, whose word in the map is `word`, of whichever heap.
  // Requires: a block starts at `block`; made.
  void free_other(std::byte* block, std::uint32_t word, Region<Env>& region);

  // A span of its own for `bytes`; `is_zero` says whether it reads as zero. Null: no memory.
  [[nodiscard]] std::byte* allocate_large(std::uint64_t bytes, std::uint64_t alignment,
                                          bool& is_zero, std::uint64_t room = 0);
  // A block with a span of its own that may grow in place, for one that has grown already.
  // Requires: bytes >= half a unit. Null: no memory.
  [[nodiscard]] std::byte* allocate_growing(std::uint64_t bytes);
  // Requires: `slab` is a large object's.
  void free_large(Slab<Env>* slab, Region<Env>& region);

  // A slab of one block gets another class or size, in place; its span is long enough already.
  void retype(Slab<Env>* slab, Region<Env>& region, std::uint32_t size_class, std::uint64_t bytes);

  // Free blocks of this heap that are kept from being used again soon: Hardening::kParanoid, or a
  // tracker.
  [[nodiscard]] auto& quarantine() { return quarantine_; }
  // Its sampled blocks, and when the next one is due: guard_pages.hpp.
  [[nodiscard]] auto& samples() { return samples_; }

  // Tells owners of all blocks kept back.
  void tell_all() {
    pending_.take_all([this](const auto& entry) { tell(entry); });
  }
  // Whether others have freed blocks of this heap that it has not taken. Any thread.
  [[nodiscard]] bool has_mail() const { return inbox_.load(std::memory_order_relaxed) != nullptr; }
  // Takes what others have freed.
  void drain();
  // Brings all blocks at hand back to their slabs, and slabs without a block in use back to the
  // arena.
  void collect();
  // Gives all slabs back, whatever is in use of them. Requires: no other thread has a block.
  void release_all();

  // Sees memory that has been committed since.
  void see_region() {
    if (const Region<Env>* const region = shared_->regions.first(); region != nullptr) {
      base_ = reinterpret_cast<std::uintptr_t>(region->base());
      map_ = region->map();
      slabs_ = region->slab(0);
      known_units_ = region->committed();
    }
  }

  // True after each 64th time that it told another, and once.
  [[nodiscard]] bool tells_often() {
    if (counts_.told - told_before_ < 64) return false;
    told_before_ = counts_.told;
    return true;
  }
  [[nodiscard]] HeapCounts counts() const { return counts_; }
  // f(slab) for every slab of this heap.
  template <class F>
  void for_each_slab(F f) const {
    for (std::uint32_t c = 0; c < G::kSlots; ++c) {
      for (const auto* list : {&partial_[c], &full_[c]}) {
        for (Slab<Env>* slab = list->front(); slab != nullptr; slab = slab->next.load()) f(slab);
      }
    }
  }
  // f(block) for every block at hand of a class.
  template <class F>
  void for_each_at_hand(std::uint32_t size_class, F f) const {
    for (L** at = bins_[size_class].top(); *at != nullptr; --at) f((*at)->bytes());
  }
  template <class F>
  void for_each_pending(F f) const {
    pending_.for_each(f);
  }

  // Where the heap stands in the pool (heap_pool.hpp).
  typename Env::template Plain<Heap*> pool_next;
  Heap* all_next = nullptr;

 private:
  template <std::size_t... kIndex>
  constexpr explicit Heap(std::index_sequence<kIndex...>)
      : bins_{{(static_cast<void>(kIndex), Bin<Env>(&nothing_))...}} {}

  [[nodiscard]] L** bottom(std::uint32_t size_class) const {
    return places_ + kFirstPlace<Env::kShape>[size_class];
  }

  // From kGuarded on a block at hand has a mark where free blocks have a link.
  static void mark(L* block) {
    if constexpr (Env::at_least(Hardening::kGuarded)) block->set_next(nullptr);
  }
  void expect_untouched(L* block) const {
    if constexpr (Env::at_least(Hardening::kGuarded)) {
      if (block->next() != nullptr) [[unlikely]]
        shared_->os.report(Misuse::kAfterFree, block);
    }
  }

  // The next of a list. From kGuarded on it is looked at before it is believed: a link that leads
  // to no free block was overwritten, and ends the list.
  [[nodiscard]] L* next_of(L* block) const {
    L* const next = block->next();
    if constexpr (Env::at_least(Hardening::kGuarded)) {
      if (next != nullptr && !is_free_block(next)) [[unlikely]] {
        shared_->os.report(Misuse::kAfterFree, block);
        return nullptr;
      }
    }
    return next;
  }
  [[nodiscard]] bool is_free_block(L* block) const {
    if ((reinterpret_cast<std::uintptr_t>(block) & 15) != 0) return false;
    const Region<Env>* const region = shared_->regions.find(block);
    if (region == nullptr || region->index(block) < region->first()) return false;
    return !Guards<Env>::is_in_use(Guards<Env>::state(*region, block->bytes()));
  }

  // Requires: the pointer lies in a slab of that class.
  [[nodiscard]] bool is_block_of_class(const void* pointer, std::uint32_t size_class) const {
    const auto offset = static_cast<std::uint32_t>(unit_offset<std::uintptr_t>(
        reinterpret_cast<std::uintptr_t>(pointer), Env::kShape.unit_shift));
    return bins_[size_class].is_block(offset);
  }
  // Requires: the pointer lies in a slab of this heap, of that class. False: between two blocks.
  [[nodiscard]] bool free_of_class(void* pointer, std::uint32_t size_class) {
    if (!is_block_of_class(pointer, size_class)) [[unlikely]]
      return false;
    free_own(static_cast<std::byte*>(pointer), size_class);
    return true;
  }

  // Half of the blocks at hand go back before `block`, which finds no place, gets one.
  // The order of arguments spares the hot path to move them.
  [[gnu::noinline, gnu::cold]] static void overflow(L* block, std::uint32_t size_class,
                                                    Heap& heap) {
    heap.counts_.flushes += 1;
    heap.flush(size_class, G::at_hand(size_class) / 2);
    static_cast<void>(heap.bins_[size_class].put(block));
    if ((heap.counts_.flushes & 15) == 0) heap.tell_all();
  }
  // Brings blocks at hand but the newest `keep` back to their slabs.
  void flush(std::uint32_t size_class, std::uint32_t keep);
  void give_back(L** begin, L** end);
  void leave_quarantine();
  void settle(Slab<Env>* slab, Region<Env>& region);
  void release(Slab<Env>* slab, Region<Env>& region);
  [[nodiscard]] Slab<Env>* new_slab(std::uint32_t size_class, std::uint64_t room = 0);
  [[nodiscard]] std::byte* take_free(Slab<Env>* slab);
  [[nodiscard]] std::byte* carve(Slab<Env>* slab);
  void tell(const typename Pending<Env>::Entry& entry);
  void list_in_inbox(Slab<Env>* slab);
  void enter_full(Slab<Env>* slab) {
    full_[slab->size_class()].push_front(slab, SlabList::kFull);
    count_slab();
  }
  void leave_list(Slab<Env>* slab) {
    (slab->list.load() == SlabList::kFull ? full_ : partial_)[slab->size_class()].remove(slab);
    counts_.slabs -= 1;
  }
  void count_slab() {
    counts_.slabs += 1;
    counts_.most_slabs = std::max(counts_.most_slabs, counts_.slabs);
  }
  [[nodiscard]] static std::uint64_t pages_of(std::uint64_t bytes) {
    return align_up<std::uint64_t>(bytes, G::kPage) / G::kPage;
  }

  // What the hot paths read, beside the bins.
  std::uintptr_t base_ = 0;
  typename Region<Env>::MapCell* map_ = nullptr;
  std::uintptr_t known_units_ = 0;
  std::uint32_t tag_ = 0;
  std::uint32_t node_ = 0;
  L* nothing_ = nullptr;

  Shared<Env>* shared_ = nullptr;
  L** places_ = nullptr;
  Slab<Env>* slabs_ = nullptr;
  std::array<SlabQueue<Env>, G::kSlots> partial_{};
  std::array<SlabQueue<Env>, G::kSlots> full_{};
  Pending<Env> pending_;
  [[no_unique_address]] std::conditional_t<Env::at_least(Hardening::kParanoid) || Env::kIsTracked,
                                           Quarantine<Env>, NoQuarantine> quarantine_;
  [[no_unique_address]] std::conditional_t<Env::kSamples, Samples<Env>, NoGuardPages> samples_;
  HeapCounts counts_;
  std::uint64_t told_before_ = 0;
  bool is_direct_ = false;
  // Slabs with remote blocks, the last one first.
  alignas(kCacheLineBytes) typename Env::template Atomic<Slab<Env>*> inbox_{nullptr};
};

}  // namespace quintet::allocator

#include "allocator/heap_slabs.hpp"  // IWYU pragma: keep
