// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "page_table/address.hpp"

// What the owner of a table remembers of its walks, as the CPU's paging-structure caches do.
//
// Two levels: the last level-1 table with the entry that references it, and the level-2 table of
// each of the last few 1 GiB regions, direct-mapped. A hit also says that the address is
// canonical. Invariant (I6 in tree.hpp): every remembered table is linked where it was found.
// Threading: the owner's only; const walks never look here.
namespace quintet::page_table {

template <class W>
class WalkCache {
 public:
  using VirtAddr = BasicVirtAddr<W>;
  using PhysAddr = BasicPhysAddr<W>;
  // 64 regions of 1 GiB cover the tables that fit a second-level data cache.
  static constexpr std::size_t kDirectories = 64;

  WalkCache() { forget_all(); }

  // ---- the last level-1 table
  [[nodiscard]] bool covers(VirtAddr va) const {
    return bool((va.value >> level_shift(2)) == region_);
  }
  // True when `va` lies in the 2 MiB after those of the last level-1 table.
  [[nodiscard]] bool precedes(VirtAddr va) const {
    return has_table() && bool((va.value >> level_shift(2)) == region_ + W(1));
  }
  // Requires: covers(va).
  [[nodiscard]] PhysAddr table() const { return table_; }
  [[nodiscard]] PhysAddr parent() const { return parent_; }

  void remember_table(VirtAddr va, PhysAddr table, PhysAddr parent) {
    region_ = va.value >> level_shift(2);
    table_ = table;
    parent_ = parent;
  }
  void forget_table() { region_ = W(~0ULL); }

  // ---- level-2 tables
  [[nodiscard]] bool has_directory(VirtAddr va) const {
    const W region = va.value >> level_shift(3);
    return bool(regions_[index(region)] == region);
  }
  // The level-2 table for `va`. Requires: has_directory(va).
  [[nodiscard]] PhysAddr directory(VirtAddr va) const {
    return directories_[index(va.value >> level_shift(3))];
  }
  void remember_directory(VirtAddr va, PhysAddr table) {
    const W region = va.value >> level_shift(3);
    regions_[index(region)] = region;
    directories_[index(region)] = table;
  }
  void forget_directory(VirtAddr va) { regions_[index(va.value >> level_shift(3))] = W(~0ULL); }

  void forget_all() {
    forget_table();
    regions_.fill(W(~0ULL));
  }

  // Calls visitor(va, level-2 table) for each one remembered, va being its first address.
  template <class Visitor>
  void for_each_directory(Visitor visitor) const {
    for (std::size_t i = 0; i < kDirectories; ++i) {
      if (bool(regions_[i] != W(~0ULL))) {
        visitor(VirtAddr(regions_[i] << level_shift(3)), directories_[i]);
      }
    }
  }
  // First address of the region of the last level-1 table. Requires: has_table().
  [[nodiscard]] VirtAddr table_base() const { return VirtAddr(region_ << level_shift(2)); }
  [[nodiscard]] bool has_table() const { return bool(region_ != W(~0ULL)); }

 private:
  [[nodiscard]] static std::size_t index(W region) {
    return static_cast<std::size_t>(region & W(kDirectories - 1));
  }

  W region_;  // va >> 21 of the last level-1 table; no address has the value ~0
  PhysAddr table_{};
  PhysAddr parent_{};
  std::array<W, kDirectories> regions_;  // va >> 30
  std::array<PhysAddr, kDirectories> directories_{};
};

}  // namespace quintet::page_table
