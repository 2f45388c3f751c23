// SPDX-License-Identifier: MIT
#pragma once

#include "page_table/page_table.hpp"

// split and merge: the same translation in other page sizes. Each takes effect by one store.
namespace quintet::page_table {

template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::split(VirtAddr va) {
  if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
  const Stop leaf = this->walk(va);
  if (!leaf.entry.present()) return std::unexpected(Error::kNotMapped);
  const int level = leaf.level;
  if (level == 1) return std::unexpected(Error::kBadSize);
  const PhysAddr child = this->allocate();
  if (child.is_null()) return std::unexpected(Error::kOutOfFrames);
  const Entry reference = this->link(child, Word(kEntries));
  // The pages inherit accessed and dirty; where CPUs set them meanwhile, the fill is repeated.
  const Entry before = this->update_leaf(leaf.slot, leaf.entry, [&](Entry entry) {
    PageFlags flags = entry.flags(level);
    if constexpr (kPolicy.fault == Fault::kSplitDropsNoExecute) flags = flags.executable();
    const Entry first = this->make_leaf(level - 1, entry.page(level), flags);
    fill(*this->memory_, child, first.bits, Word(level_bytes(level - 1)), kEntries);
    return reference;
  });
  const Mapping mapping(va, before, level);
  this->stale(mapping.base(), Word(level_bytes(level)), mapping.size());
  this->finish();
  return {};
}

template <PhysicalMemory M, class I, Policy kPolicy>
Result<void> PageTable<M, I, kPolicy>::merge(VirtAddr va, PageSize size) {
  const int level = leaf_level(size);
  if (level == 1 || (level == 3 && !this->features().gib_pages)) {
    return std::unexpected(Error::kBadSize);
  }
  if (!is_aligned(va.value, level_bytes(level))) return std::unexpected(Error::kMisaligned);
  if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
  PhysAddr table = this->root_;
  for (int l = kLevels; l > level; --l) {
    const Entry entry = this->read(entry_address(table, va, l));
    if (!entry.present()) return std::unexpected(Error::kNotMapped);
    if (entry.is_leaf(l)) return std::unexpected(Error::kNotMergeable);
    table = entry.table();
  }
  const PhysAddr slot = entry_address(table, va, level);
  const Entry reference = this->read(slot);
  if (!reference.present()) return std::unexpected(Error::kNotMapped);
  if (reference.is_leaf(level)) return {};  // one page already
  const PhysAddr child = reference.table();
  const auto flags = merged_flags(child, level - 1);
  if (!flags) return std::unexpected(flags.error());
  const PhysAddr pa = this->read(child).page(level - 1);
  this->write(slot, this->make_leaf(level, pa, *flags));
  this->stale(va, Word(level_bytes(level)), static_cast<PageSize>(level - 1));
  // CPUs may translate through the small pages until the flush, so their table cannot wait in the
  // chain of retired tables, which overwrites a word of it: merge flushes, deferred or not.
  this->flush();
  if constexpr (kPolicy.live_leaves) unite_late_bits(child, slot);
  this->cache_.forget_all();
  this->memory_->release(child, FrameContent::kArbitrary);
  return {};
}

// The flags of the one page that `table` at `level` can become, or why it cannot.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::PageFlags> PageTable<M, I, kPolicy>::merged_flags(
    PhysAddr table, int level) const {
  const Entry first = this->read(table);
  if (!first.present() || !first.is_leaf(level) ||
      !is_aligned(first.page(level).value, level_bytes(level + 1))) {
    return std::unexpected(Error::kNotMergeable);
  }
  const PageFlags wanted = first.flags(level).without_accessed_dirty();
  Word united = Word(0);
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const Entry entry = this->read(table + Word(i * kEntryBytes));
    const PhysAddr expected = first.page(level) + Word(i * level_bytes(level));
    if (!entry.present() || !entry.is_leaf(level) || !bool(entry.page(level) == expected)) {
      return std::unexpected(Error::kNotMergeable);
    }
    if (kPolicy.fault != Fault::kMergeIgnoresFlags &&
        !bool(entry.flags(level).without_accessed_dirty() == wanted)) {
      return std::unexpected(Error::kNotMergeable);
    }
    united = united | (entry.bits & Word(flag_bit::kAccessedDirty));
  }
  return PageFlags::from_bits(wanted.bits() | united);
}

// CPUs may have set bits in the small pages before the flush; the large page takes them over.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::unite_late_bits(PhysAddr child, PhysAddr slot) {
  Word late = Word(0);
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    late = late | (this->read(child + Word(i * kEntryBytes)).bits & Word(flag_bit::kAccessedDirty));
  }
  this->update_leaf(slot, this->read(slot), [&](Entry entry) { return Entry(entry.bits | late); });
}

}  // namespace quintet::page_table
