// SPDX-License-Identifier: MIT
#pragma once

#include "page_table/page_table.hpp"

// Single pages, walking from the root: what map, unmap and resolve do when the walk cache does
// not help. The walks have a constant trip count and unroll; `inline` is for the compiler's
// inliner, which trusts the word.
namespace quintet::page_table {

template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::map_from_root(VirtAddr va, Entry leaf) {
  return map_walk(va, leaf);
}

// Stores `leaf`, which the limits accept at `va` where that is canonical.
template <PhysicalMemory M, class I, Policy kPolicy>
inline Result<void> PageTable<M, I, kPolicy>::map_walk(VirtAddr va, Entry leaf) {
  if (kPolicy.fault != Fault::kCanonicalUnchecked && !is_canonical<kLevels>(va)) [[unlikely]]
    return std::unexpected(Error::kNonCanonical);
  return insert<1>(va, leaf);
}

// Large pages, and the diagnosis of what is wrong.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::map_checked(VirtAddr va, PhysAddr pa, PageSize size,
                                                   PageFlags flags) {
  if (auto ok = this->limits_.check_page(va, pa, size, flags); !ok) return ok;
  if (size == PageSize::k2M) return insert<2>(va, Tree::make_leaf(2, pa, flags));
  if (size == PageSize::k1G) return insert<3>(va, Tree::make_leaf(3, pa, flags));
  return std::unexpected(Error::kBadSize);
}

// Stores `leaf` at level kLeaf for `va`.
template <PhysicalMemory M, class I, Policy kPolicy>
template <int kLeaf>
inline Result<void> PageTable<M, I, kPolicy>::insert(VirtAddr va, Entry leaf) {
  const Stop stop = this->template walk<kLeaf>(va);
  if (stop.level != kLeaf) [[unlikely]] {
    if (stop.entry.present()) return std::unexpected(Error::kOverlap);
    return this->template grow<kLeaf>(va, leaf, stop.slot, stop.level, stop.place);
  }
  if (kPolicy.fault != Fault::kOverwritePresent && stop.entry.present()) [[unlikely]]
    return replace_empty(va, leaf, kLeaf, stop.slot, stop.entry);
  this->write(stop.slot, leaf);
  this->add_population(stop.place, Word(1));
  if constexpr (kLeaf == 1) this->remember(va, stop.place);
  return {};
}

// The entry for `leaf` is taken. Only where empty tables are kept may it still be free: when it
// references tables without a single leaf.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::replace_empty([[maybe_unused]] VirtAddr va,
                                                     [[maybe_unused]] Entry leaf,
                                                     [[maybe_unused]] int level,
                                                     [[maybe_unused]] PhysAddr slot,
                                                     [[maybe_unused]] Entry old) {
  if constexpr (!kPolicy.reclaims()) {
    if (!old.is_leaf(level) && !has_leaf(old.table(), level - 1)) {
      this->write(slot, leaf);
      this->cache_.forget_all();
      this->stale(va, Word(level_bytes(level)), PageSize::k4K);
      this->retire_subtree(old.table(), level - 1);
      this->finish();
      return {};
    }
  }
  return std::unexpected(Error::kOverlap);
}

template <PhysicalMemory M, class I, Policy kPolicy>
bool PageTable<M, I, kPolicy>::has_leaf(PhysAddr table, int level) const {
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const Entry entry = this->read(table + Word(i * kEntryBytes));
    if (!entry.present()) continue;
    if (entry.is_leaf(level) || has_leaf(entry.table(), level - 1)) return true;
  }
  return false;
}

// Whether a walk to `va` has found a mapping whose base is `va`.
template <PhysicalMemory M, class I, Policy kPolicy>
inline Result<void> PageTable<M, I, kPolicy>::check_base(VirtAddr va, const Stop& stop) const {
  if (!is_aligned(va.value, kTableBytes)) return std::unexpected(Error::kMisaligned);
  if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
  if (!stop.entry.present()) return std::unexpected(Error::kNotMapped);
  if (kPolicy.fault != Fault::kUnmapInsideLargePage &&
      !is_aligned(va.value, level_bytes(stop.level))) {
    return std::unexpected(Error::kNotBase);
  }
  return {};
}

template <PhysicalMemory M, class I, Policy kPolicy>
inline Result<typename PageTable<M, I, kPolicy>::Mapping> PageTable<M, I, kPolicy>::unmap_walk(
    VirtAddr va) {
  Place place;
  if (is_aligned(va.value, kTableBytes) && this->find_table(va, place)) [[likely]] {
    return unmap_in(place, va);
  }
  return unmap_from_root(va);
}

// Pages of all sizes, and the diagnosis of what is wrong.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::Mapping> PageTable<M, I, kPolicy>::unmap_from_root(
    VirtAddr va) {
  const Stop stop = this->walk(va);
  if (auto ok = check_base(va, stop); !ok) return std::unexpected(ok.error());
  if (stop.level == 1) this->remember(va, stop.place);
  return remove(va, stop);
}

template <PhysicalMemory M, class I, Policy kPolicy>
inline Result<typename PageTable<M, I, kPolicy>::Mapping> PageTable<M, I, kPolicy>::resolve(
    VirtAddr va) const {
  if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
  const Stop stop = this->walk(va);
  if (!stop.entry.present()) return std::unexpected(Error::kNotMapped);
  return Mapping(va, stop.entry, stop.level);
}

// Moves the walk cache to the level-1 table of `va`, where there is one. (Not a whole resolve: its
// result would come through memory, and callers would keep the result of the fast path there too.)
template <PhysicalMemory M, class I, Policy kPolicy>
bool PageTable<M, I, kPolicy>::enter_from_root(VirtAddr va) {
  Place place;
  if (!this->find_table(va, place)) return false;
  this->remember(va, place);
  return true;
}

}  // namespace quintet::page_table
