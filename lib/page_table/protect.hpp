// SPDX-License-Identifier: MIT
#pragma once

#include "page_table/page_table.hpp"

// Changing the attributes of mappings that stay where they are, and reading what the hardware
// notes in them. Accessed and dirty are never dropped by a change of attributes.
namespace quintet::page_table {

template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::Mapping> PageTable<M, I, kPolicy>::protect(
    VirtAddr va, PageFlags flags) {
  const Stop leaf = this->walk(va);
  if (auto ok = check_base(va, leaf); !ok) return std::unexpected(ok.error());
  if (auto ok = this->limits_.check_flags(flags); !ok) return std::unexpected(ok.error());
  const Mapping before = change_flags(va, leaf, flags);
  this->finish();
  return before;
}

template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::Mapping PageTable<M, I, kPolicy>::change_flags(VirtAddr va,
                                                                                  const Stop& leaf,
                                                                                  PageFlags flags) {
  const int level = leaf.level;
  const Entry before = this->update_leaf(leaf.slot, leaf.entry, [&](Entry entry) {
    Word kept = entry.flags(level).bits() & Word(flag_bit::kAccessedDirty);
    if constexpr (kPolicy.fault == Fault::kProtectDropsDirty) kept = Word(0);
    return this->make_leaf(level, entry.page(level), PageFlags::from_bits(flags.bits() | kept));
  });
  const Mapping mapping(va, before, level);
  this->stale(mapping.base(), Word(level_bytes(level)), mapping.size());
  return mapping;
}

template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::Word> PageTable<M, I, kPolicy>::protect_range(
    VirtAddr va, Word bytes, PageFlags flags) {
  if (auto ok = check_cuts(va, bytes); !ok) return std::unexpected(ok.error());
  if (auto ok = this->limits_.check_flags(flags); !ok) return std::unexpected(ok.error());
  const Word changed = protect_in(this->root_, kLevels, va, bytes, flags);
  this->finish();
  return changed;
}

template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::Word PageTable<M, I, kPolicy>::protect_in(PhysAddr table,
                                                                             int level, VirtAddr va,
                                                                             Word bytes,
                                                                             PageFlags flags) {
  Word changed = Word(0);
  if (level == 1 && !I::kNeeded && !kPolicy.live_leaves) {
    // The plain case in one tight pass: a leaf keeps its address and what the hardware noted.
    constexpr std::uint64_t kKept = ~flag_bit::kAll | flag_bit::kAccessedDirty;
    const PhysAddr first = entry_address(table, va, 1);
    const Word pages = bytes >> kPageShift;
    for (Word i = Word(0); bool(i < pages); i = i + Word(1)) {
      const PhysAddr slot = first + i * Word(kEntryBytes);
      const Entry entry = this->read(slot);
      if (!entry.present()) continue;
      this->write(slot, Entry((entry.bits & Word(kKept)) | flags.bits()));
      changed = changed + Word(kTableBytes);
    }
    return changed;
  }
  while (bool(bytes != Word(0))) {
    const Word chunk = Span::chunk_at(level, va, bytes);
    const PhysAddr slot = entry_address(table, va, level);
    const Entry entry = this->read(slot);
    if (entry.present() && entry.is_leaf(level)) {
      change_flags(va, Stop{slot, entry, level, {}}, flags);
      changed = changed + chunk;
    } else if (entry.present()) {
      changed = changed + protect_in(entry.table(), level - 1, va, chunk, flags);
    }
    va = va + chunk;
    bytes = bytes - chunk;
  }
  return changed;
}

template <PhysicalMemory M, class I, Policy kPolicy>
Result<bool> PageTable<M, I, kPolicy>::test_and_clear(VirtAddr va, std::uint64_t bit) {
  if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
  const Stop leaf = this->walk(va);
  if (!leaf.entry.present()) return std::unexpected(Error::kNotMapped);
  if (bool((leaf.entry.bits & Word(bit)) == Word(0))) return false;
  const Entry before = this->update_leaf(
      leaf.slot, leaf.entry, [&](Entry entry) { return Entry(entry.bits & Word(~bit)); });
  const Mapping mapping(va, before, leaf.level);
  this->stale(mapping.base(), Word(level_bytes(leaf.level)), mapping.size());
  this->finish();
  return true;
}

}  // namespace quintet::page_table
