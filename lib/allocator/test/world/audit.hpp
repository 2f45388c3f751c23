// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "allocator/allocator.hpp"

// Every structure of an allocator, walked, and compared with every other: what the invariants of
// arena.hpp, slab.hpp and heap.hpp say, for the whole. Counts as V9, V11 and V12 of the verified
// allocator's properties. For when nothing runs.
namespace quintet::allocator::world {

template <class A>
class Audit {
 public:
  using E = typename A::E;
  using G = typename A::G;
  using H = typename A::H;

  explicit Audit(A& allocator) : allocator_(allocator) {
    try {
      walk();
    } catch (const Broken& broken) {
      error_ = broken.what;
    }
  }

  // What does not hold, or nothing.
  [[nodiscard]] const std::string& error() const { return error_; }
  // Blocks in use: address and usable bytes.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& live() const { return live_; }

 private:
  static constexpr bool kSeesPages = requires(typename A::Os& os) { os.inaccessible(); };

  struct Broken {
    const char* what;
  };
  struct Blocks {
    std::set<const std::byte*> free;  // wherever they are
  };

  static void expect(bool holds, const char* what) {
    if (!holds) throw Broken{what};
  }

  void walk() {
    allocator_.shared().regions.for_each([&](auto& region) { walk_region(region); });
    walk_arenas();
    allocator_.pool().for_each([&](H& heap) { walk_heap(heap); });
    count_blocks();
    if constexpr (E::kSamples) walk_samples();
  }

  // V12: spans cover the region from `first` to `committed`, their ends agree, neighbours differ.
  void walk_region(Region<E>& region) {
    SpanState before = SpanState::kUsed;
    for (std::uint64_t i = region.first(); i < region.committed();) {
      const Span<E>* const span = region.span(i);
      const std::uint64_t units = span->units.load();
      expect(units >= 1 && i + units <= region.committed(), "span: ends outside its region");
      const Span<E>* const last = region.span(i + units - 1);
      const SpanState state = span->state.load();
      expect(last->units.load() == units && last->state.load() == state, "span: its ends differ");
      expect(state != SpanState::kNothing, "span: belongs to nobody");
      expect(state == SpanState::kUsed || state != before || span->begins_chunk.load(),
             "span: two free neighbours of one state");
      if (state != SpanState::kUsed) free_spans_.insert(span);
      walk_map(region, i, units, state);
      before = state;
      i += units;
    }
  }

  // V11: only the first unit of a span in use is in the map.
  void walk_map(Region<E>& region, std::uint64_t first, std::uint64_t units, SpanState state) {
    for (std::uint64_t i = first; i < first + units; ++i) {
      const std::uint32_t word = region.map()[i].load(std::memory_order_relaxed);
      const bool starts = state == SpanState::kUsed && i == first;
      expect((word != kNoClass) == starts, "map: says that a block starts where none does");
    }
    if (state != SpanState::kUsed) return;
    Slab<E>* const slab = region.slab(first);
    const std::uint32_t word = region.map()[first].load(std::memory_order_relaxed);
    expect(word % kClasses == slab->size_class(), "map: not the slab's class");
    if (E::kSamples && slab->size_class() == G::kSampledClass) {
      expect(word == G::kSampledClass && units == 1, "sampled: not one unit of nobody");
      units_[slab] = region.address(first);
      return;
    }
    expect(slab->owner() == nullptr ? word / kClasses == 0
                                    : slab->owner()->tag() == word - word % kClasses,
           "map: not the slab's owner");
    if (slab->size_class() == G::kLargeClass) {
      expect(slab->pages.load() * G::kPage <= units * G::kUnit, "large: longer than its span");
      if (slab->free_count() == 0) {
        add_live(region.address(first));
      }
    } else {
      expect(units == G::units(slab->size_class()), "slab: its span has another length");
      slabs_[slab];
    }
  }

  void walk_arenas() {
    std::set<const Span<E>*> seen;
    for (auto& arena : allocator_.shared().arenas) {
      std::uint64_t units = 0;
      arena.for_each_free([&](const Span<E>* span) {
        expect(seen.insert(span).second, "arena: a span stands in two lists");
        units += span->units.load();
      });
      const ArenaCounts counts = arena.counts();
      expect(units == counts.dirty_units + counts.clean_units, "arena: miscounts free units");
    }
    expect(seen == free_spans_, "arena: its lists are not the free spans");
  }

  void add_free(const Slab<E>* slab, const std::byte* block, const char* twice) {
    expect(slabs_.contains(slab), "list: a block of a slab that is not in use");
    expect(slabs_[slab].free.insert(block).second, twice);
  }
  Slab<E>* slab_of(const std::byte* block) {
    Region<E>* const region = allocator_.shared().regions.find(block);
    expect(region != nullptr, "list: a block that is not from here");
    return region->slab(region->index(block));
  }

  void walk_heap(H& heap) {
    std::set<const Slab<E>*> listed;
    heap.for_each_slab([&](Slab<E>* slab) {
      expect(listed.insert(slab).second, "heap: a slab stands in two lists");
      expect(slab->owner() == &heap, "heap: a slab of another");
      walk_slab(slab);
    });
    for (std::uint32_t c = 1; c <= G::kLastClass; ++c) {
      std::uint32_t count = 0;
      heap.for_each_at_hand(c, [&](const std::byte* block) {
        ++count;
        Slab<E>* const slab = slab_of(block);
        expect(slab->owner() == &heap && slab->size_class() == c, "bin: a block of another");
        add_free(slab, block, "bin: a block that is free elsewhere");
      });
      expect(count <= G::at_hand(c), "bin: more blocks than places");
    }
    heap.quarantine().for_each([&](std::byte* block) {
      add_free(slab_of(block), block, "quarantine: a block that is free elsewhere");
    });
    heap.for_each_pending([&](const auto& entry) {
      auto* link = entry.chain.first;
      for (std::uint32_t i = 0; i < entry.chain.count; ++i, link = link->next()) {
        add_free(entry.slab, link->bytes(), "pending: a block that is free elsewhere");
      }
    });
  }

  // V9: the free list is as long as it says.
  void walk_slab(Slab<E>* slab) {
    std::uint32_t count = 0;
    if (slab->size_class() == G::kLargeClass) return;
    for (auto* link = slab->free_list(); link != nullptr; link = link->next()) {
      ++count;
      add_free(slab, link->bytes(), "slab: a block twice in the list");
      expect(count <= slab->carved(), "slab: the list has no end");
    }
    expect(count == slab->free_count(), "slab: miscounts its list");
    expect(slab->carved() <= G::capacity(slab->size_class()), "slab: more blocks than fit");
    expect(slab->list.load() != SlabList::kFull || (count == 0 && slab->is_carved()),
           "slab: full, and has blocks");
  }

  void count_blocks() {
    for (auto& [slab, blocks] : slabs_) {
      const std::uint32_t size_class = slab->size_class();
      const std::uint64_t bytes = block_bytes<std::uint64_t>(size_class);
      const std::byte* const start = allocator_.shared().regions.start_of(slab);
      std::uint64_t free = slab->remote.count();
      for (const std::byte* block : blocks.free) {
        const auto offset = static_cast<std::uint64_t>(block - start);
        expect(block >= start && offset % bytes == 0 && offset / bytes < slab->carved(),
               "list: no block of its slab starts there");
        ++free;
      }
      expect(free <= slab->carved(), "slab: more free blocks than blocks");
      if (slab->remote.count() != 0) continue;  // which they are is not looked at
      for (std::uint32_t i = 0; i < slab->carved(); ++i) {
        const std::byte* const block = start + i * bytes;
        if (!blocks.free.contains(block)) add_live(block);
      }
    }
  }

  // The units of sampled blocks are in use, and in their heap's list, or rest; what is inaccessible
  // is theirs, and around a block in use that is all but its pages.
  void walk_samples() {
    auto& guards = allocator_.shared().guard_pages;
    std::set<const Slab<E>*> seen;
    allocator_.pool().for_each([&](H& heap) {
      for (Slab<E>* slab = heap.samples().blocks.front(); slab != nullptr;) {
        expect(slab->list.load() == SlabList::kSampled && slab->owner() == &heap,
               "sampled: in the list of another heap");
        expect(seen.insert(slab).second && units_.contains(slab), "sampled: listed twice");
        walk_sample(slab);
        slab = slab->next.load();
      }
    });
    guards.for_each_resting([&](const Slab<E>* slab) {
      expect(slab->list.load() == SlabList::kResting, "sampled: rests, and does not know");
      expect(seen.insert(slab).second && units_.contains(slab), "sampled: rests twice");
    });
    expect(seen.size() == units_.size(), "sampled: neither in use nor at rest");
    expect(guards.counts().units == seen.size(), "sampled: miscounts its units");
    if constexpr (kSeesPages) walk_inaccessible();
  }
  void walk_inaccessible() {
    std::set<const std::byte*> starts;
    for (const auto& [slab, start] : units_) starts.insert(start);
    for (const std::byte* page : allocator_.os().inaccessible()) {
      const auto after = starts.upper_bound(page);
      expect(after != starts.begin() && page < *std::prev(after) + G::kUnit,
             "sampled: a page of others is inaccessible");
    }
  }
  void walk_sample(const Slab<E>* slab) {
    std::byte* const unit = units_[slab];
    std::byte* const block = unit + slab->sampled_offset();
    std::byte* const end = unit + G::kUnit - G::kPage;
    expect(block + slab->sampled_bytes() <= end, "sampled: does not fit");
    if constexpr (kSeesPages) {
      for (std::byte* page = unit; page < unit + G::kUnit; page += G::kPage) {
        const bool is_guard = page + G::kPage <= block || page >= end;
        expect(allocator_.os().inaccessible().contains(page) == is_guard,
               "sampled: not between guard pages");
      }
    }
    expect(unit + G::kPage <= block, "sampled: no guard page before the block");
    add_live(block);
  }

  void add_live(const std::byte* block) {
    live_[reinterpret_cast<std::uintptr_t>(block)] =
        std::max<std::uint64_t>(allocator_.usable_size(block), 1);
  }
  static std::uint64_t address(const std::byte* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
  }

  A& allocator_;
  std::string error_;
  std::set<const Span<E>*> free_spans_;
  std::map<const Slab<E>*, Blocks> slabs_;
  std::map<const Slab<E>*, std::byte*> units_;  // of sampled blocks
  std::map<std::uint64_t, std::uint64_t> live_;
};

}  // namespace quintet::allocator::world
