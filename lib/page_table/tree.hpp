// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "page_table/entry.hpp"
#include "page_table/error.hpp"
#include "page_table/invalidation.hpp"
#include "page_table/limits.hpp"
#include "page_table/mapping.hpp"
#include "page_table/physical_memory.hpp"
#include "page_table/policy.hpp"
#include "page_table/retired.hpp"
#include "page_table/walk_cache.hpp"

// The tree of tables under one root: reading and writing entries, counting, growing and
// reclaiming. The operations on mappings are in page_table.hpp and the files it includes.
//
// Invariants, named where they are relied on or tested:
//   I1  an entry that is not present is 0, and every reference names a table of this tree;
//   I2  tables form a tree: no table is referenced twice, none is also a mapped leaf's table;
//   I3  the count of a table (Policy::counter) equals its number of present entries;
//   I4  when counted, no table but the root is empty;
//   I5  a frame is released only when no entry references it and, where invalidation is needed,
//       after the flush that follows its unlinking;
//   I6  what the walk cache remembers is linked where it was found.
// Threading: one owner at a time; walks that only read may run beside it (page_table.hpp).
namespace quintet::page_table {

template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
class TableTree {
 public:
  using Word = typename Memory::Word;
  using VirtAddr = BasicVirtAddr<Word>;
  using PhysAddr = BasicPhysAddr<Word>;
  using PageFlags = BasicPageFlags<Word>;
  using Entry = BasicEntry<Word>;
  using Mapping = BasicMapping<Word>;
  static constexpr int kLevels = kPolicy.levels;

  static_assert(kLevels == 4 || kLevels == 5);
  static_assert(kPolicy.counter != Counter::kBeside || MetadataMemory<Memory>,
                "Counter::kBeside needs a memory with frame metadata");
  static_assert(!kPolicy.live_leaves || AtomicMemory<Memory>,
                "Policy::live_leaves needs a memory with compare_exchange");

  TableTree(const TableTree&) = delete;
  TableTree& operator=(const TableTree&) = delete;
  TableTree& operator=(TableTree&&) = delete;

  // The frame of the top table: what CR3 takes.
  [[nodiscard]] PhysAddr root() const { return root_; }
  [[nodiscard]] const CpuFeatures& features() const { return limits_.features(); }
  [[nodiscard]] Inv& invalidation() { return inv_; }
  [[nodiscard]] const Memory& memory() const { return *memory_; }

  // Completes what deferred invalidation has gathered: flushes, then releases retired tables.
  void flush() {
    if constexpr (Inv::kNeeded) {
      inv_.flush();
      retired_.release_all(*memory_);
    }
  }

 protected:
  // A table, and the entry that references it (meaningless for the root).
  struct Place {
    PhysAddr table;
    PhysAddr parent;
  };
  // Where a walk ends: the entry at `level` in `place`, which is a leaf or absent.
  struct Stop {
    PhysAddr slot;
    Entry entry;
    int level;
    Place place;
  };

  TableTree(Memory& memory, PhysAddr root, CpuFeatures features, Inv inv)
      : memory_(&memory), root_(root), limits_(features), inv_(std::move(inv)) {}
  TableTree(TableTree&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        root_(other.root_),
        limits_(other.limits_),
        cache_(other.cache_),
        retired_(std::move(other.retired_)),
        inv_(std::move(other.inv_)) {}
  ~TableTree() {
    if (memory_ == nullptr) return;
    const Word half = Word(1ULL << (kPageShift + kIndexBits * kLevels - 1));
    stale(VirtAddr(Word(0)), half, PageSize::k4K);
    stale(VirtAddr(Word(0) - half), half, PageSize::k4K);
    for (std::uint64_t i = 0; i < kEntries; ++i) {
      const PhysAddr slot = root_ + Word(i * kEntryBytes);
      const Entry entry = read(slot);
      if (!entry.present()) continue;
      write(slot, Entry());  // no walk gets below the root after the flush
      retire_subtree(entry.table(), kLevels - 1);
    }
    retire(root_, FrameContent::kZero);
    flush();
  }

  [[nodiscard]] static constexpr std::size_t index(int level) {
    return static_cast<std::size_t>(level);
  }

  // ---- entries ----------------------------------------------------------------------------
  [[nodiscard]] Entry read(PhysAddr slot) const { return Entry(memory_->read(slot)); }
  void write(PhysAddr slot, Entry entry) { memory_->write(slot, entry.bits); }

  // Replaces the leaf in `slot` by `change(leaf)` and returns the leaf that was replaced. With
  // live leaves the exchange is atomic, so accessed and dirty bits that a CPU sets are not lost.
  template <class Change>
  Entry update_leaf(PhysAddr slot, Entry entry, Change change) {
    if constexpr (kPolicy.live_leaves) {
      while (!memory_->compare_exchange(slot, entry.bits, change(entry).bits)) {
      }
    } else {
      write(slot, change(entry));
    }
    return entry;
  }
  Entry take_leaf(PhysAddr slot, Entry entry) {
    return update_leaf(slot, entry, [](Entry) { return Entry(); });
  }

  // A leaf as the hardware wants it; the one place where mutants bend the encoding.
  [[nodiscard]] static Entry make_leaf(int level, PhysAddr pa, PageFlags flags) {
    Entry leaf = Entry::leaf(level, pa, flags);
    if constexpr (kPolicy.fault == Fault::kReservedBitInLargeLeaf) {
      if (level == 2) leaf.bits = leaf.bits | Word(1ULL << 13);
    }
    return leaf;
  }

  // ---- population counts (I3) ---------------------------------------------------------------
  [[nodiscard]] Word population(Place place) const {
    if constexpr (kPolicy.counter == Counter::kParentEntry) {
      return read(place.parent).population();
    } else if constexpr (kPolicy.counter == Counter::kBeside) {
      return memory_->population(place.table);
    } else {
      return Word(0);
    }
  }
  // Adds `delta` (two's complement) to the count of a table below the root. The parent entry
  // changes in ignored bits only: no walk sees a difference, so a plain store will do. An
  // accessed bit set in between on a reference may get lost, which nobody relies on.
  void add_population(Place place, Word delta) {
    if constexpr (kPolicy.counter == Counter::kParentEntry) {
      const Word bits = memory_->read(place.parent);
      memory_->write(place.parent, bits + (delta << entry_bit::kPopulationShift));
    } else if constexpr (kPolicy.counter == Counter::kBeside) {
      memory_->set_population(place.table, memory_->population(place.table) + delta);
    }
  }
  // A reference to a table that is about to be linked with `population` entries.
  [[nodiscard]] Entry link(PhysAddr table, Word population) {
    if constexpr (kPolicy.counter == Counter::kParentEntry) {
      return Entry::reference(table, population);
    } else {
      if constexpr (kPolicy.counter == Counter::kBeside) memory_->set_population(table, population);
      return Entry::reference(table, batch_mark_);
    }
  }

  // ---- walks --------------------------------------------------------------------------------
  // Walks towards the entry for `va` at level kTo, and ends there or above, at an entry that is
  // absent or a leaf. Reads one entry a level. The loop has a constant trip count and unrolls.
  template <int kTo = 1>
  [[nodiscard, gnu::always_inline]] Stop walk(VirtAddr va) const {
    Place place{root_, PhysAddr()};
    for (int level = kLevels; level > kTo; --level) {
      const PhysAddr slot = entry_address(place.table, va, level);
      const Entry entry = read(slot);
      if (!entry.is_reference(level)) [[unlikely]]
        return {slot, entry, level, place};
      place = {entry.table(), slot};
    }
    const PhysAddr slot = entry_address(place.table, va, kTo);
    return {slot, read(slot), kTo, place};
  }

  // Whether a walk reaches the level-1 table of `va`, and then where that is. Only reads.
  [[nodiscard, gnu::always_inline]] bool find_table(VirtAddr va, Place& place) const {
    const Stop stop = walk<2>(va);
    if (stop.level != 2 || !stop.entry.is_reference(2) || !is_canonical<kLevels>(va)) [[unlikely]]
      return false;
    place = {stop.entry.table(), stop.slot};
    return true;
  }

  // ---- growing ------------------------------------------------------------------------------
  // A frame of zeros, or 0. When memory has none, tables that wait for a flush are released first.
  [[nodiscard]] PhysAddr allocate() {
    PhysAddr frame = memory_->allocate();
    if constexpr (Inv::kNeeded) {
      if (frame.is_null() && !retired_.empty()) {
        flush();
        frame = memory_->allocate();
      }
    }
    return frame;
  }

  // Puts `leaf` for `va` at level kLeaf below the absent entry where a walk has stopped. All
  // frames are taken before the first store, new tables are complete before they are linked, and
  // the last store is the only one that changes what `va` means.
  template <int kLeaf>
  [[gnu::noinline]] Result<void> grow(VirtAddr va, Entry leaf, PhysAddr slot, int level,
                                      Place place) {
    const bool counted = level < kLevels;  // the root is not
    if (counted && kPolicy.fault == Fault::kCountBeforeAllocation) add_population(place, Word(1));
    std::array<PhysAddr, kLevels> frames;  // frames[l]: the new table at level l
    for (int l = kLeaf; l < kLevels && l < level; ++l) {
      const PhysAddr frame = allocate();
      if (frame.is_null()) {
        give_back(frames, kLeaf, l);
        return std::unexpected(Error::kOutOfFrames);
      }
      frames[index(l)] = frame;
    }
    Entry entry = leaf;
    for (int l = kLeaf; l < kLevels && l < level; ++l) {
      const PhysAddr table = frames[index(l)];
      if constexpr (kPolicy.fault == Fault::kLinkBeforeFill) {
        if (l + 1 == level) write(slot, link(table, Word(1)));
      }
      write(entry_address(table, va, l), entry);
      entry = link(table, Word(1));
    }
    write(slot, entry);
    if (counted && kPolicy.fault != Fault::kCountBeforeAllocation) add_population(place, Word(1));
    if constexpr (kLeaf == 1) {
      if constexpr (kPolicy.walk_cache) fetch_upcoming(va);
      remember(va, {frames[1], level == 2 ? slot : entry_address(frames[2], va, 2)});
    }
    return {};
  }

  // Where tables are filled in ascending order, has the first half of the next frame fetched while
  // this one is filled: recycled frames come in no order that a hardware prefetcher follows.
  // (page_table/map_warm: 2.2 ns without, 1.3 ns with half a table, no better with all of it.)
  void fetch_upcoming([[maybe_unused]] VirtAddr va) const {
    if constexpr (PredictingMemory<Memory> && PrefetchingMemory<Memory>) {
      if (!cache_.precedes(va) || bool(population(visited()) != Word(kEntries))) return;
      const PhysAddr next = memory_->upcoming();
      if (next.is_null()) return;
      constexpr std::uint64_t kLine = 64;
      for (std::uint64_t at = 0; at < kTableBytes / 2; at += kLine) {
        memory_->prefetch(next + Word(at));
      }
    }
  }

  // ---- reclaiming ---------------------------------------------------------------------------
  // The table at `level` on the walk to `va` has lost its last entry, and its count has not been
  // updated. Unlinks it and every ancestor that becomes empty by that; the root stays.
  [[gnu::noinline]] void reclaim(VirtAddr va, int level) {
    std::array<Place, kLevels + 1> path;  // path[l]: the table at level l
    path[kLevels] = {root_, PhysAddr()};
    for (int l = kLevels; l > level; --l) {
      const PhysAddr slot = entry_address(path[index(l)].table, va, l);
      path[index(l - 1)].table = read(slot).table();
      path[index(l - 1)].parent = slot;
    }
    for (int l = level; l < kLevels; ++l) {
      write(path[index(l)].parent, Entry());
      if (l == 2) cache_.forget_directory(va);
      retire(path[index(l)].table, FrameContent::kZero);
      if (l + 1 == kLevels) return;
      const Place& above = path[index(l + 1)];
      if (bool(population(above) != Word(1))) {
        add_population(above, Word(0) - Word(1));
        return;
      }
    }
  }

  // Takes one entry out of the count of `place`, the table at `level` on the walk to `va`, and
  // reclaims the table when that was the last.
  void uncount(VirtAddr va, int level, Place place) {
    if constexpr (kPolicy.reclaims()) {
      const bool last = bool(population(place) == Word(1));
      if (last && kPolicy.fault != Fault::kKeepEmptyTable) [[unlikely]] {
        reclaim(va, level);
      } else {
        add_population(place, Word(0) - Word(1));
      }
    }
  }

  // Gives an unlinked table back: now, or after the flush where CPUs may still walk it (I5).
  void retire(PhysAddr table, FrameContent content) {
    if constexpr (kPolicy.fault != Fault::kCacheOutlivesTable) cache_.forget_table();
    if constexpr (Inv::kNeeded && kPolicy.fault != Fault::kFreeBeforeInvalidation) {
      retired_.add(*memory_, table, content);
    } else {
      memory_->release(table, content);
    }
  }
  // Retires an unlinked table with all tables below it.
  void retire_subtree(PhysAddr table, int level) {
    if (level > 1) {
      for (std::uint64_t i = 0; i < kEntries; ++i) {
        const Entry entry = read(table + Word(i * kEntryBytes));
        if (entry.present() && !entry.is_leaf(level)) retire_subtree(entry.table(), level - 1);
      }
    }
    retire(table, FrameContent::kArbitrary);
  }

  // ---- end of an operation ------------------------------------------------------------------
  void stale(VirtAddr va, Word bytes, PageSize size) {
    if constexpr (Inv::kNeeded) {
      if (kPolicy.fault == Fault::kSkipStaleLargePage && size != PageSize::k4K) return;
      inv_.stale(va, bytes, size);
    }
  }
  void finish() {
    if constexpr (Inv::kNeeded && !Inv::kDeferred) flush();
  }

  // ---- the owner's walk cache (I6) ------------------------------------------------------------
  // Moves the walk cache to the level-1 table of `va`. False when there is none: the address is
  // not canonical, or nothing but large pages is mapped around it.
  [[nodiscard, gnu::always_inline]] bool visits(VirtAddr va) {
    if (cache_.covers(va)) [[likely]]
      return true;
    return visit(va);
  }
  [[nodiscard]] Place visited() const { return {cache_.table(), cache_.parent()}; }

  // Out of line, and the walk a tail call, so that what callers inline is small and the common
  // case, a remembered level-2 table, saves no registers.
  [[gnu::noinline]] bool visit(VirtAddr va) {
    Place place;
    if (!table_by_directory(va, place)) return visit_from_root(va);
    cache_.remember_table(va, place.table, place.parent);
    return true;
  }
  [[gnu::noinline]] bool visit_from_root(VirtAddr va) {
    Place place;
    if (!find_table(va, place)) return false;
    remember(va, place);
    return true;
  }
  void remember([[maybe_unused]] VirtAddr va, [[maybe_unused]] Place place) {
    if constexpr (kPolicy.walk_cache) {
      cache_.remember_table(va, place.table, place.parent);
      cache_.remember_directory(va, PhysAddr(place.parent.value & Word(~(kTableBytes - 1))));
    }
  }
  // Whether a remembered level-2 table leads to the level-1 table of `va`, and then where that is.
  [[nodiscard, gnu::always_inline]] bool table_by_directory(VirtAddr va, Place& place) const {
    if (!cache_.has_directory(va)) return false;
    const PhysAddr slot = entry_address(cache_.directory(va), va, 2);
    const Entry entry = read(slot);
    if (!entry.is_reference(2)) [[unlikely]]
      return false;
    place = {entry.table(), slot};
    return true;
  }
  Memory* memory_;
  PhysAddr root_;
  Limits<Word, kLevels> limits_;
  WalkCache<Word> cache_;
  Word batch_mark_ = Word(0);  // put into new references while an uncounted batch runs (batch.hpp)

 private:
  void give_back(const std::array<PhysAddr, kLevels>& frames, int first, int end) {
    if constexpr (kPolicy.fault == Fault::kLeakOnFailure) return;
    for (int l = end - 1; l >= first; --l) {
      memory_->release(frames[index(l)], FrameContent::kZero);
    }
  }

  RetiredTables<Memory> retired_;
  [[no_unique_address]] Inv inv_;
};

}  // namespace quintet::page_table
