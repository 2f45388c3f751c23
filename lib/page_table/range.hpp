// SPDX-License-Identifier: MIT
#pragma once

#include "page_table/page_table.hpp"

// map_range and unmap_range: two passes each, so that a refused range changes nothing.
//
// map_range first walks the tables that the range touches: any present entry in a table that the
// range covers whole is an overlap at once (I4), so only the at most two partly covered tables of
// each level are scanned. The same pass counts the new tables. Then all frames are secured, and
// only then is anything written. New tables are filled before they are linked.
namespace quintet::page_table {

// A stretch of a range, in step in both address spaces.
template <PhysicalMemory M, class I, Policy kPolicy>
struct PageTable<M, I, kPolicy>::Span {
  VirtAddr va;
  PhysAddr pa;
  Word bytes;
  PageFlags flags;
  PageSize largest;

  // Bytes of the stretch that lie under the entry for `va` at `level`.
  [[nodiscard]] static Word chunk_at(int level, VirtAddr va, Word bytes) {
    const Word left = Word(level_bytes(level)) - (va.value & Word(level_bytes(level) - 1));
    return bool(bytes < left) ? bytes : left;
  }
  [[nodiscard]] Word chunk(int level) const { return chunk_at(level, va, bytes); }
  [[nodiscard]] Span first(Word count) const { return {va, pa, count, flags, largest}; }
  void advance(Word count) {
    va = va + count;
    pa = pa + count;
    bytes = bytes - count;
  }
};

template <PhysicalMemory M, class I, Policy kPolicy>
struct PageTable<M, I, kPolicy>::Removed {
  Word entries{};
  Word bytes{};
};

// ---- map_range ---------------------------------------------------------------------------------

template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::map_range(VirtAddr va, PhysAddr pa, Word bytes,
                                                 PageFlags flags, PageSize largest) {
  if (auto ok = this->limits_.check_range(va, bytes); !ok) return ok;
  if (!is_aligned(pa.value, kTableBytes)) return std::unexpected(Error::kMisaligned);
  if (auto ok = this->limits_.check_target(pa, bytes, flags); !ok) return ok;
  if constexpr (kPolicy.walk_cache) {
    const Word pages = bytes >> kPageShift;
    const bool within_table = bool(table_index(va, 1) + pages <= Word(kEntries - 1));
    if (within_table && (this->cache_.covers(va) || this->enter(va) || enter_from_root(va))) {
      return map_run_visited(va, this->make_leaf(1, pa, flags), pages);
    }
  }
  const Span span{va, pa, bytes, flags, largest};
  const auto frames = plan(this->root_, kLevels, span);
  if (!frames) return std::unexpected(frames.error());
  if (!reserve(*frames)) return std::unexpected(Error::kOutOfFrames);
  map_into(this->root_, kLevels, span, true);
  return {};
}

// A range within the level-1 table that the walk cache holds, without its last entry, so that it
// cannot be a whole large page.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::map_run_visited(VirtAddr va, Entry first, Word pages) {
  const Location slot = this->cache_.entry(va);
  if (!all_absent(slot, pages)) return std::unexpected(Error::kOverlap);
  store_run(slot, first, pages);
  this->add_population(this->visited(), pages);
  return {};
}

// Whether the stretch under one entry at `level` becomes a leaf there.
template <PhysicalMemory M, class I, Policy kPolicy>
bool PageTable<M, I, kPolicy>::large_leaf_fits(int level, const Span& span, Word chunk) const {
  if (level == 1) return true;
  if (level > leaf_level(span.largest)) return false;
  if (level == 3 && !this->features().gib_pages) return false;
  return bool(chunk == Word(level_bytes(level))) && is_aligned(span.pa.value, level_bytes(level));
}

// New tables needed below an absent entry whose table would be at `level`, that table included.
template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::Word PageTable<M, I, kPolicy>::tables_for(int level,
                                                                             Span span) const {
  Word tables = Word(1);
  if (level == 1) return tables;
  while (bool(span.bytes != Word(0))) {
    const Word chunk = span.chunk(level);
    if (!large_leaf_fits(level, span, chunk)) {
      tables = tables + tables_for(level - 1, span.first(chunk));
    }
    span.advance(chunk);
  }
  return tables;
}

// First pass: new tables needed for the stretch below `table`, or kOverlap.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::Word> PageTable<M, I, kPolicy>::plan(PhysAddr table,
                                                                               int level,
                                                                               Span span) const {
  if (level == 1) {
    const bool free = all_absent(entry_address(table, span.va, 1), span.bytes >> kPageShift);
    if (!free) return std::unexpected(Error::kOverlap);
    return Word(0);
  }
  Word tables = Word(0);
  while (bool(span.bytes != Word(0))) {
    const Word chunk = span.chunk(level);
    const Entry entry = this->read(entry_address(table, span.va, level));
    if (!entry.present()) {
      if (!large_leaf_fits(level, span, chunk)) {
        tables = tables + tables_for(level - 1, span.first(chunk));
      }
    } else if (entry.is_leaf(level)) {
      return std::unexpected(Error::kOverlap);
    } else if (kPolicy.fault == Fault::kPromoteOverPartlyMapped &&
               large_leaf_fits(level, span, chunk)) {
      // Seeded fault: the table is taken to be empty.
    } else if (kPolicy.reclaims() && bool(chunk == Word(level_bytes(level)))) {
      return std::unexpected(Error::kOverlap);  // I4: the table is not empty
    } else {
      const auto below = plan(entry.table(), level - 1, span.first(chunk));
      if (!below) return below;
      tables = tables + *below;
    }
    span.advance(chunk);
  }
  return tables;
}

// True when none of `count` entries from `slot` on is present.
template <PhysicalMemory M, class I, Policy kPolicy>
template <class Slot>
bool PageTable<M, I, kPolicy>::all_absent(Slot slot, Word count) const {
  Word any = Word(0);
  for (Word i = Word(0); bool(i < count); i = i + Word(1)) {
    any = any | this->read(slot + i * Word(kEntryBytes)).bits;
  }
  return !Entry(any).present();
}

// Stores a run of 4 KiB leaves into a table that is linked, one by one.
template <PhysicalMemory M, class I, Policy kPolicy>
template <class Slot>
void PageTable<M, I, kPolicy>::store_run(Slot slot, Entry first, Word pages) {
  for (Word i = Word(0); bool(i < pages); i = i + Word(1)) {
    this->write(slot + i * Word(kEntryBytes), Entry(first.bits + i * Word(kTableBytes)));
  }
}

// Secures `frames` frames before the first store: by asking the memory, or by taking them.
template <PhysicalMemory M, class I, Policy kPolicy>
bool PageTable<M, I, kPolicy>::reserve(Word frames) {
  if constexpr (CountingMemory<M>) {
    if (this->memory_->available() < frames) this->flush();
    return this->memory_->available() >= frames;
  } else {
    for (Word i = Word(0); bool(i < frames); i = i + Word(1)) {
      const PhysAddr frame = this->allocate();
      if (frame.is_null()) {
        while (!reserved_.is_null()) {
          this->memory_->release(take_reserved(false), FrameContent::kZero);
        }
        return false;
      }
      this->memory_->write(frame, reserved_.value);
      reserved_ = frame;
    }
    return true;
  }
}

// One of the secured frames; all zero unless the caller will `overwrite` every word.
template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::PhysAddr PageTable<M, I, kPolicy>::take_reserved(
    [[maybe_unused]] bool overwrite) {
  if constexpr (CountingMemory<M>) {
    if constexpr (DirtyAllocatingMemory<M>) {
      if (overwrite) return this->memory_->allocate_dirty();
    }
    return this->memory_->allocate();
  } else {
    const PhysAddr frame = reserved_;
    reserved_ = PhysAddr(this->memory_->read(frame));
    this->memory_->write(frame, Word(0));
    return frame;
  }
}

// Second pass: writes the stretch into `table` and returns the entries added to it.
template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::Word PageTable<M, I, kPolicy>::map_into(PhysAddr table,
                                                                           int level, Span span,
                                                                           bool linked) {
  if (level == 1) {
    const Word pages = span.bytes >> kPageShift;
    const PhysAddr slot = entry_address(table, span.va, 1);
    const Entry first = this->make_leaf(1, span.pa, span.flags);
    if (!linked) {
      fill(*this->memory_, slot, first.bits, Word(kTableBytes), pages);
    } else {
      store_run(slot, first, pages);
    }
    return pages;
  }
  Word added = Word(0);
  while (bool(span.bytes != Word(0))) {
    const Word chunk = span.chunk(level);
    const PhysAddr slot = entry_address(table, span.va, level);
    const Entry entry = linked ? this->read(slot) : Entry();
    const bool replaces = !entry.present() || kPolicy.fault == Fault::kPromoteOverPartlyMapped;
    if (replaces && large_leaf_fits(level, span, chunk)) {
      this->write(slot, this->make_leaf(level, span.pa, span.flags));
      if (!entry.present()) added = added + Word(1);
    } else if (!entry.present()) {
      const bool whole = level == 2 && bool(chunk == Word(level_bytes(2)));
      const PhysAddr child = take_reserved(whole);
      const Word entries = map_into(child, level - 1, span.first(chunk), false);
      this->write(slot, this->link(child, entries));
      added = added + Word(1);
    } else {
      const Place place{entry.table(), slot};
      this->add_population(place, map_into(place.table, level - 1, span.first(chunk), true));
    }
    span.advance(chunk);
  }
  return added;
}

// ---- unmap_range -------------------------------------------------------------------------------

// True when `va` lies inside a 2 MiB or 1 GiB page but is not its base.
template <PhysicalMemory M, class I, Policy kPolicy>
bool PageTable<M, I, kPolicy>::cuts_large_page(VirtAddr va) const {
  if (is_aligned(va.value, level_bytes(3)) || !is_canonical<kLevels>(va)) return false;
  const Stop leaf = this->walk(va);
  return leaf.entry.present() && !is_aligned(va.value, level_bytes(leaf.level));
}

template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::check_cuts(VirtAddr va, Word bytes) const {
  if (auto ok = this->limits_.check_range(va, bytes); !ok) return ok;
  if (cuts_large_page(va) || cuts_large_page(va + bytes)) {
    return std::unexpected(Error::kStraddles);
  }
  return {};
}

template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::Word> PageTable<M, I, kPolicy>::unmap_range(VirtAddr va,
                                                                                      Word bytes) {
  if (auto ok = check_cuts(va, bytes); !ok) return std::unexpected(ok.error());
  if constexpr (kPolicy.fault == Fault::kRangeIgnoresLastPage) bytes = bytes - Word(kTableBytes);
  const Removed removed = unmap_from(this->root_, kLevels, va, bytes);
  // Where empty tables are kept, one may have been unlinked though nothing was mapped.
  if (bool(removed.bytes != Word(0)) || !kPolicy.reclaims()) this->stale(va, bytes, PageSize::k4K);
  this->finish();
  return removed.bytes;
}

// Clears the part of `table` that the range covers; tables that it covers whole are detached by
// one store, tables that it empties are reclaimed.
template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::Removed PageTable<M, I, kPolicy>::unmap_from(PhysAddr table,
                                                                                int level,
                                                                                VirtAddr va,
                                                                                Word bytes) {
  Removed removed;
  if (level == 1) {
    const PhysAddr first = entry_address(table, va, 1);
    const Word pages = bytes >> kPageShift;
    for (Word i = Word(0); bool(i < pages); i = i + Word(1)) {
      const PhysAddr slot = first + i * Word(kEntryBytes);
      const Entry entry = this->read(slot);
      if (!entry.present()) continue;
      this->take_leaf(slot, entry);
      removed.entries = removed.entries + Word(1);
    }
    removed.bytes = removed.entries << kPageShift;
    return removed;
  }
  while (bool(bytes != Word(0))) {
    const Word chunk = Span::chunk_at(level, va, bytes);
    const PhysAddr slot = entry_address(table, va, level);
    const Entry entry = this->read(slot);
    if (entry.present()) {
      bool cleared = true;
      if (entry.is_leaf(level)) {
        this->take_leaf(slot, entry);
        removed.bytes = removed.bytes + chunk;
      } else if (bool(chunk == Word(level_bytes(level)))) {
        removed.bytes = removed.bytes + detach({entry.table(), slot}, level - 1);
      } else {
        const Place place{entry.table(), slot};
        const Removed below = unmap_from(place.table, level - 1, va, chunk);
        removed.bytes = removed.bytes + below.bytes;
        cleared = kPolicy.reclaims() && bool(this->population(place) == below.entries);
        if (cleared) {
          this->write(slot, Entry());
          if (level > 2) this->cache_.forget_all();
          this->retire(place.table, FrameContent::kZero);
        } else {
          this->add_population(place, Word(0) - below.entries);
        }
      }
      if (cleared) removed.entries = removed.entries + Word(1);
    }
    va = va + chunk;
    bytes = bytes - chunk;
  }
  return removed;
}

// Unlinks the table at `level` with everything below it and returns the bytes it mapped.
template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::Word PageTable<M, I, kPolicy>::detach(Place place, int level) {
  Word left = this->population(place);
  this->write(place.parent, Entry());
  if (level > 1) this->cache_.forget_all();
  Word bytes = Word(0);
  if (kPolicy.reclaims() && level == 1) {
    bytes = left << kPageShift;
  } else {
    for (std::uint64_t i = 0; i < kEntries; ++i) {
      if (kPolicy.reclaims() && bool(left == Word(0))) break;
      const PhysAddr slot = place.table + Word(i * kEntryBytes);
      const Entry entry = this->read(slot);
      if (!entry.present()) continue;
      left = left - Word(1);
      bytes = bytes + (entry.is_leaf(level) ? Word(level_bytes(level))
                                            : detach({entry.table(), slot}, level - 1));
    }
  }
  this->retire(place.table, FrameContent::kArbitrary);
  return bytes;
}

}  // namespace quintet::page_table
