// SPDX-License-Identifier: MIT
#pragma once

#include "base/assert.hpp"
#include "page_table/tree.hpp"

// How the tree gets new tables and loses empty ones.
namespace quintet::page_table {

template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
inline typename TableTree<Memory, Inv, kPolicy>::PhysAddr
TableTree<Memory, Inv, kPolicy>::allocate() {
  PhysAddr frame = memory_->allocate();
  if constexpr (Inv::kNeeded) {
    if (frame.is_null() && !retired_.empty()) {
      flush();
      frame = memory_->allocate();
    }
  }
  return frame;
}

// All frames are taken before the first store, new tables are complete before they are linked, and
// the last store is the only one that changes what `va` means.
template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
template <int kLeaf>
inline Result<void> TableTree<Memory, Inv, kPolicy>::grow(VirtAddr va, Entry leaf, PhysAddr slot,
                                                          int level, Place place) {
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
    remember(va, {frames[1], level == 2 ? slot : entry_address(frames[2], va, 2)});
  }
  return {};
}

template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
void TableTree<Memory, Inv, kPolicy>::give_back(const std::array<PhysAddr, kLevels>& frames,
                                                int first, int end) {
  if constexpr (kPolicy.fault == Fault::kLeakOnFailure) return;
  for (int l = end - 1; l >= first; --l) {
    memory_->release(frames[index(l)], FrameContent::kZero);
  }
}

template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
inline void TableTree<Memory, Inv, kPolicy>::reclaim(VirtAddr va, int level) {
  QT_ASSERT(level <= 3, "no page is above level 3");
  switch (level) {
    case 1:
      return reclaim_at<1>(va);
    case 2:
      return reclaim_at<2>(va);
    default:
      return reclaim_at<3>(va);
  }
}

// The level is a constant, so that the loops unroll and the path stays in registers.
template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
template <int kLevel>
void TableTree<Memory, Inv, kPolicy>::reclaim_at(VirtAddr va) {
  std::array<Place, kLevels + 1> path;  // path[l]: the table at level l
  path[kLevels] = {root_, PhysAddr()};
  for (int l = kLevels; l > kLevel; --l) {
    const PhysAddr slot = entry_address(path[index(l)].table, va, l);
    path[index(l - 1)] = {read(slot).table(), slot};
  }
  for (int l = kLevel; l < kLevels; ++l) {
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

template <PhysicalMemory Memory, class Inv, Policy kPolicy>
  requires Invalidation<Inv, typename Memory::Word>
void TableTree<Memory, Inv, kPolicy>::retire_subtree(PhysAddr table, int level) {
  if (level > 1) {
    for (std::uint64_t i = 0; i < kEntries; ++i) {
      const Entry entry = read(table + Word(i * kEntryBytes));
      if (entry.present() && !entry.is_leaf(level)) retire_subtree(entry.table(), level - 1);
    }
  }
  retire(table, FrameContent::kArbitrary);
}

}  // namespace quintet::page_table
