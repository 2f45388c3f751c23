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

// The tree of tables under one root: reading and writing entries, counting, walking; growing and
// reclaiming are in growth.hpp. The operations on mappings are in page_table.hpp and the files it
// includes.
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
  using Location = LocationIn<Memory>;
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
  template <class Slot>
  struct BasicPlace {
    PhysAddr table;
    Slot parent;
  };
  using Place = BasicPlace<PhysAddr>;
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
  // A slot is an entry's physical address or its location.
  template <class Slot>
  [[nodiscard]] Entry read(Slot slot) const {
    return Entry(memory_->read(slot));
  }
  template <class Slot>
  void write(Slot slot, Entry entry) {
    memory_->write(slot, entry.bits);
  }
  [[nodiscard]] Location locate(PhysAddr pa) const { return page_table::locate(*memory_, pa); }

  // Replaces the leaf in `slot` by `change(leaf)` and returns the leaf that was replaced. With
  // live leaves the exchange is atomic, so accessed and dirty bits that a CPU sets are not lost.
  template <class Slot, class Change>
  Entry update_leaf(Slot slot, Entry entry, Change change) {
    if constexpr (kPolicy.live_leaves) {
      while (!memory_->compare_exchange(slot, entry.bits, change(entry).bits)) {
      }
    } else {
      write(slot, change(entry));
    }
    return entry;
  }
  template <class Slot>
  Entry take_leaf(Slot slot, Entry entry) {
    return update_leaf(slot, entry, [](Entry) { return Entry(); });
  }

  // A leaf as the hardware wants it; the one place where mutants bend the encoding.
  [[nodiscard]] static Entry make_leaf(int level, PhysAddr pa, PageFlags flags) {
    Entry leaf = Entry::leaf(level, pa, flags);
    if constexpr (kPolicy.fault == Fault::kReservedBitInLargeLeaf) {
      if (level == 2) leaf.bits = leaf.bits | Word(1ULL << 13);
    }
    if constexpr (kPolicy.fault == Fault::kDropNoExecute) {
      leaf.bits = leaf.bits & Word(~flag_bit::kNoExecute);
    }
    if constexpr (kPolicy.fault == Fault::kWrongPatShift) {
      const Word pat = level == 1 ? Word(0) : flags.bits() & Word(flag_bit::kPat);
      leaf.bits = (leaf.bits & ~(pat << 5)) | (pat << 4);
    }
    return leaf;
  }

  // ---- population counts (I3) ---------------------------------------------------------------
  // A count is read and written with the word that holds it: the whole parent entry, or a word
  // beside the frame.
  template <class Slot>
  [[nodiscard]] Word count_word(BasicPlace<Slot> place) const {
    if constexpr (kPolicy.counter == Counter::kParentEntry) {
      return read(place.parent).bits;
    } else if constexpr (kPolicy.counter == Counter::kBeside) {
      return memory_->population(place.table);
    } else {
      return Word(0);
    }
  }
  // The parent entry changes in ignored bits only: no walk sees a difference, so a plain store
  // will do. An accessed bit that a CPU has set on a reference may get lost, which nobody relies
  // on.
  template <class Slot>
  void set_count_word(BasicPlace<Slot> place, Word word) {
    if constexpr (kPolicy.counter == Counter::kParentEntry) {
      memory_->write(place.parent, word);
    } else if constexpr (kPolicy.counter == Counter::kBeside) {
      memory_->set_population(place.table, word);
    }
  }
  [[nodiscard]] static Word population_in(Word count_word) {
    return kPolicy.counter == Counter::kParentEntry ? Entry(count_word).population() : count_word;
  }
  // `delta` (two's complement) as a difference of count words.
  [[nodiscard]] static Word count_step(Word delta) {
    return kPolicy.counter == Counter::kParentEntry ? delta << entry_bit::kPopulationShift : delta;
  }
  template <class Slot>
  [[nodiscard]] Word population(BasicPlace<Slot> place) const {
    return population_in(count_word(place));
  }
  // Adds `delta` to the count of a table below the root.
  template <class Slot>
  void add_population(BasicPlace<Slot> place, Word delta) {
    set_count_word(place, count_word(place) + count_step(delta));
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

  // ---- growing and reclaiming (growth.hpp) ------------------------------------------------------
  // A frame of zeros, or 0. When memory has none, tables that wait for a flush are released first.
  [[nodiscard]] PhysAddr allocate();
  // Puts `leaf` for `va` at level kLeaf below the absent entry `slot`, where a walk has stopped.
  template <int kLeaf>
  [[gnu::always_inline]] Result<void> grow(VirtAddr va, Entry leaf, PhysAddr slot, int level,
                                           Place place);
  // The table at `level` on the walk to `va` has lost its last page, and its count has not been
  // updated. Unlinks it and every ancestor that becomes empty by that; the root stays.
  // Requires: level <= 3, where pages are.
  void reclaim(VirtAddr va, int level);
  template <int kLevel>
  [[gnu::noinline]] void reclaim_at(VirtAddr va);
  // Takes one entry out of the count of `place`, the table at `level` on the walk to `va`, and
  // reclaims the table when that was the last.
  template <class Slot>
  void uncount(VirtAddr va, int level, BasicPlace<Slot> place) {
    if constexpr (kPolicy.reclaims()) {
      const Word left = count_word(place) - count_step(Word(1));
      // The count is in the highest bits of its word (entry.hpp): this says that it is 0.
      const bool last =
          kPolicy.fault == Fault::kReclaimWithoutCount || bool(left < count_step(Word(1)));
      if (last && kPolicy.fault != Fault::kKeepEmptyTable) [[unlikely]] {
        reclaim(va, level);
      } else {
        set_count_word(place, left);
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
  void retire_subtree(PhysAddr table, int level);

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
  [[nodiscard]] BasicPlace<Location> visited() const {
    return {address(*memory_, cache_.table()), cache_.parent()};
  }

  // Moves the walk cache to the level-1 table of `va` when a remembered level-2 table leads there.
  // Out of line, so that what callers inline is small, and without a walk, so that it saves no
  // registers.
  [[gnu::noinline]] bool enter(VirtAddr va) {
    PhysAddr table;
    Location parent;
    if (!table_by_directory(va, table, parent)) return false;
    cache_.remember_table(va, locate(table), parent);
    return true;
  }
  // Moves the walk cache to the level-1 table `place`, which a walk to `va` has found.
  void remember([[maybe_unused]] VirtAddr va, [[maybe_unused]] Place place) {
    if constexpr (kPolicy.walk_cache) {
      cache_.remember_table(va, locate(place.table), locate(place.parent));
      cache_.remember_directory(va,
                                locate(PhysAddr(place.parent.value & Word(~(kTableBytes - 1)))));
    }
  }
  // Whether a remembered level-2 table leads to the level-1 table of `va`, and then where that is.
  [[nodiscard, gnu::always_inline]] bool table_by_directory(VirtAddr va, PhysAddr& table,
                                                            Location& parent) const {
    if (!cache_.has_directory(va)) return false;
    parent = entry_address(cache_.directory(va), va, 2);
    const Entry entry = read(parent);
    if (!entry.is_reference(2)) [[unlikely]]
      return false;
    table = entry.table();
    return true;
  }

  Memory* memory_;
  PhysAddr root_;
  Limits<Word, kLevels> limits_;
  WalkCache<Word, Location> cache_;
  Word batch_mark_ = Word(0);  // put into new references while an uncounted batch runs (batch.hpp)

 private:
  void give_back(const std::array<PhysAddr, kLevels>& frames, int first, int end);

  RetiredTables<Memory> retired_;
  [[no_unique_address]] Inv inv_;
};

}  // namespace quintet::page_table

#include "page_table/growth.hpp"  // IWYU pragma: export
