// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>

// Virtual and physical addresses, page sizes and the index arithmetic of the x86-64 radix tree.
//
// Everything is a template over the word type `W`: `std::uint64_t` in programs, a symbolic 64-bit
// word in proofs. Conditions therefore pass through `bool(...)`, and constants through `W(...)`.
// Source: Intel SDM vol. 3A, section 4.5 (4-level and 5-level paging).
namespace quintet::page_table {

inline constexpr unsigned kPageShift = 12;                            // 4 KiB
inline constexpr unsigned kIndexBits = 9;                             // 512 entries a table
inline constexpr std::uint64_t kEntries = 1ULL << kIndexBits;         // entries in one table
inline constexpr std::uint64_t kEntryBytes = 8;                       // bytes in one entry
inline constexpr std::uint64_t kTableBytes = kEntries * kEntryBytes;  // bytes in one table

// Size of a leaf. The value is the level of the table that holds the leaf entry:
// 1 = page table, 2 = page directory, 3 = page-directory-pointer table.
enum class PageSize : std::uint8_t { k4K = 1, k2M = 2, k1G = 3 };

// Level of the table whose entries map pages of size `size`.
[[nodiscard]] constexpr int leaf_level(PageSize size) noexcept { return static_cast<int>(size); }

// Number of address bits below the index of `level` (12 for level 1, 21 for level 2, ...).
[[nodiscard]] constexpr unsigned level_shift(int level) noexcept {
  return kPageShift + kIndexBits * static_cast<unsigned>(level - 1);
}

// Bytes of virtual address space that one entry of a table at `level` covers.
[[nodiscard]] constexpr std::uint64_t level_bytes(int level) noexcept {
  return 1ULL << level_shift(level);
}

// Bytes in one page of size `size`.
[[nodiscard]] constexpr std::uint64_t page_bytes(PageSize size) noexcept {
  return level_bytes(leaf_level(size));
}

// Name of a page size as people write it.
[[nodiscard]] constexpr const char* to_string(PageSize size) noexcept {
  return size == PageSize::k4K ? "4K" : size == PageSize::k2M ? "2M" : "1G";
}

// A 64-bit linear address as software sees it: canonical addresses are sign-extended.
template <class W>
struct BasicVirtAddr {
  W value{};
  constexpr BasicVirtAddr() = default;
  constexpr explicit BasicVirtAddr(W address) : value(address) {}
  [[nodiscard]] constexpr BasicVirtAddr operator+(W bytes) const {
    return BasicVirtAddr(W(value + bytes));
  }
  friend constexpr auto operator==(const BasicVirtAddr& a, const BasicVirtAddr& b) {
    return a.value == b.value;
  }
};

// A physical address: of a frame, of a page, or of one entry of a table.
template <class W>
struct BasicPhysAddr {
  W value{};
  constexpr BasicPhysAddr() = default;
  constexpr explicit BasicPhysAddr(W address) : value(address) {}
  // Address 0 stands for "none" where a frame is expected: no table ever lies there.
  [[nodiscard]] constexpr bool is_null() const { return bool(value == W(0)); }
  [[nodiscard]] constexpr BasicPhysAddr operator+(W bytes) const {
    return BasicPhysAddr(W(value + bytes));
  }
  friend constexpr auto operator==(const BasicPhysAddr& a, const BasicPhysAddr& b) {
    return a.value == b.value;
  }
};

using VirtAddr = BasicVirtAddr<std::uint64_t>;
using PhysAddr = BasicPhysAddr<std::uint64_t>;

// True when `value` is a multiple of the power of two `alignment`.
template <class W>
[[nodiscard]] constexpr bool is_aligned(W value, std::uint64_t alignment) {
  return bool((value & W(alignment - 1)) == W(0));
}

// True when bits 63:N-1 of `va` are all equal, N being 48 (4 levels) or 57 (5 levels).
template <int kLevels, class W>
[[nodiscard]] constexpr bool is_canonical(BasicVirtAddr<W> va) {
  constexpr unsigned kBits = kPageShift + kIndexBits * kLevels;
  return bool(((va.value + W(1ULL << (kBits - 1))) >> kBits) == W(0));
}

// Index of the entry for `va` in a table at `level`: 0 to 511.
template <class W>
[[nodiscard]] constexpr W table_index(BasicVirtAddr<W> va, int level) {
  return (va.value >> level_shift(level)) & W(kEntries - 1);
}

// Address of the entry for `va` in the `table` at `level`; both physical addresses, or both
// locations (physical_memory.hpp).
template <class Address, class W>
[[nodiscard]] constexpr Address entry_address(Address table, BasicVirtAddr<W> va, int level) {
  // index * 8 in one shift and one mask.
  return table + ((va.value >> (level_shift(level) - 3)) & W((kEntries - 1) * kEntryBytes));
}

}  // namespace quintet::page_table
