// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/word_array.hpp"
#include "page_table/address.hpp"

// What the owner of a table remembers of its walks, as the CPU's paging-structure caches do.
//
// Two levels: the last level-1 table with the entry that references it, and the level-2 table of
// each of the last few 1 GiB regions, direct-mapped. A hit also says that the address is
// canonical. Invariant (I6 in tree.hpp): every remembered table is linked where it was found.
// Threading: the owner's only; const walks never look here.
namespace quintet::page_table {

// `Location` is the memory's form of an entry's address (physical_memory.hpp).
template <class W, class Location>
class WalkCache {
 public:
  using VirtAddr = BasicVirtAddr<W>;
  // 64 regions of 1 GiB cover the tables that fit a second-level data cache.
  static constexpr std::size_t kDirectories = 64;

  WalkCache() { forget_all(); }

  // ---- the last level-1 table
  [[nodiscard]] auto covers(VirtAddr va) const { return page_in_table(va) < W(kEntries); }
  // The entry for `va` in the last level-1 table. Requires: covers(va).
  [[nodiscard]] Location entry(VirtAddr va) const {
    return table_ + page_in_table(va) * W(kEntryBytes);
  }
  // Requires: covers(va).
  [[nodiscard]] Location table() const { return table_; }
  [[nodiscard]] Location parent() const { return parent_; }

  void remember_table(VirtAddr va, Location table, Location parent) {
    first_page_ = (va.value >> level_shift(2)) << kIndexBits;
    table_ = table;
    parent_ = parent;
  }
  void forget_table() { first_page_ = W(kNoPage); }

  // ---- level-2 tables
  [[nodiscard]] auto has_directory(VirtAddr va) const {
    const W region = va.value >> level_shift(3);
    return regions_.at(slot(region)) == region;
  }
  // The level-2 table for `va`. Requires: has_directory(va).
  [[nodiscard]] Location directory(VirtAddr va) const {
    return directories_.at(slot(va.value >> level_shift(3)));
  }
  void remember_directory(VirtAddr va, Location table) {
    const W region = va.value >> level_shift(3);
    regions_.set(slot(region), region);
    directories_.set(slot(region), table);
  }
  void forget_directory(VirtAddr va) {
    regions_.set(slot(va.value >> level_shift(3)), W(kNoRegion));
  }

  void forget_all() {
    forget_table();
    regions_.fill(W(kNoRegion));
  }

  // Calls visitor(va, level-2 table) for each one remembered, va being its first address.
  template <class Visitor>
  void for_each_directory(Visitor visitor) const {
    for (std::size_t i = 0; i < kDirectories; ++i) {
      const W region = regions_.at(W(i));
      if (bool(region != W(kNoRegion))) {
        visitor(VirtAddr(region << level_shift(3)), directories_.at(W(i)));
      }
    }
  }
  // First address of the region of the last level-1 table. Requires: has_table().
  [[nodiscard]] VirtAddr table_base() const { return VirtAddr(first_page_ << kPageShift); }
  [[nodiscard]] bool has_table() const { return bool(first_page_ != W(kNoPage)); }

 private:
  static constexpr std::uint64_t kNoPage = 1ULL << 63;  // no address is within 512 pages of it
  static constexpr std::uint64_t kNoRegion = ~0ULL;     // no address >> 30 is that

  // Which entry of the last level-1 table is that for `va`: 512 or more when none is.
  [[nodiscard]] W page_in_table(VirtAddr va) const {
    return (va.value >> kPageShift) - first_page_;
  }
  [[nodiscard]] static W slot(W region) { return region & W(kDirectories - 1); }

  W first_page_;  // page number (va >> 12) of the first entry of the last level-1 table
  Location table_{};
  Location parent_{};
  WordArray<W, W, kDirectories> regions_;  // va >> 30
  WordArray<W, Location, kDirectories> directories_;
};

}  // namespace quintet::page_table
