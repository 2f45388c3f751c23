// SPDX-License-Identifier: MIT
#pragma once

#include "page_table/address.hpp"
#include "page_table/entry.hpp"

// One mapping as the tables hold it: the base of the page and its leaf entry. Cheap to return;
// the parts are decoded when asked for.
namespace quintet::page_table {

template <class W>
class BasicMapping {
 public:
  constexpr BasicMapping() = default;  // an absent page of 4 KiB at 0
  // Requires: `leaf` is a present leaf at `level`, and `va` lies inside its page.
  constexpr BasicMapping(BasicVirtAddr<W> va, BasicEntry<W> leaf, int level)
      : base_(va.value & W(~(level_bytes(level) - 1))), leaf_(leaf), level_(level) {}

  // First virtual address of the page.
  [[nodiscard]] constexpr BasicVirtAddr<W> base() const { return BasicVirtAddr<W>(base_); }
  // First physical address of the page.
  [[nodiscard]] constexpr BasicPhysAddr<W> physical() const { return leaf_.page(level_); }
  [[nodiscard]] constexpr PageSize size() const { return static_cast<PageSize>(level_); }
  [[nodiscard]] constexpr std::uint64_t bytes() const { return level_bytes(level_); }
  [[nodiscard]] constexpr BasicPageFlags<W> flags() const { return leaf_.flags(level_); }
  [[nodiscard]] constexpr BasicEntry<W> entry() const { return leaf_; }
  // Physical address of `va`. Requires: `va` lies inside the page.
  [[nodiscard]] constexpr BasicPhysAddr<W> translate(BasicVirtAddr<W> va) const {
    return physical() + (va.value & W(bytes() - 1));
  }

  friend constexpr bool operator==(const BasicMapping& a, const BasicMapping& b) {
    return a.level_ == b.level_ && bool(a.base_ == b.base_) && bool(a.leaf_ == b.leaf_);
  }

 private:
  W base_{};
  BasicEntry<W> leaf_{};
  int level_ = 1;
};

using Mapping = BasicMapping<std::uint64_t>;

}  // namespace quintet::page_table
