// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "page_table/address.hpp"
#include "page_table/flags.hpp"

// One 64-bit entry of a table: what it encodes at each level, and the population count that this
// library keeps in the ignored bits of an entry that references a table.
//
// Layout of a table reference: P | RW | US, address in 51:12, population in 61:52, XD clear.
// References are permissive on purpose: every restriction sits in the leaf, so changing a
// mapping never touches a reference. The CPU ignores bits 62:52 of a reference (SDM vol. 3A,
// table 4-17 and following; APM vol. 2, section 5.3; observed on hardware, docs of this library).
namespace quintet::page_table {

namespace entry_bit {
inline constexpr std::uint64_t kPresent = 1ULL << 0;
inline constexpr std::uint64_t kLeaf = 1ULL << 7;                          // PS, at levels 2 and 3
inline constexpr std::uint64_t kAddress = ((1ULL << 52) - 1) & ~0xFFFULL;  // bits 51:12
inline constexpr std::uint64_t kReference =
    kPresent | flag_bit::kWritable | flag_bit::kUser;  // of a table: permissive
inline constexpr unsigned kPopulationShift = 52;
inline constexpr std::uint64_t kPopulation = 1023ULL << kPopulationShift;  // 0..512 needs 10 bits
}  // namespace entry_bit

// What the CPU at hand supports; the table refuses what it would fault on.
struct CpuFeatures {
  std::uint8_t maxphyaddr = 52;  // physical address bits, 32 to 52 (CPUID 8000_0008H EAX[7:0])
  bool nx = true;                // EFER.NXE set; without it bit 63 is reserved
  bool gib_pages = true;         // 1 GiB leaves (CPUID 8000_0001H EDX[26])
};

template <class W>
struct BasicEntry {
  W bits{};

  constexpr BasicEntry() : bits(W(0)) {}
  constexpr explicit BasicEntry(W raw) : bits(raw) {}

  // A leaf at `level` that maps `pa`. Requires: `pa` is aligned to the page size of `level` and
  // `flags` holds flag bits only.
  [[nodiscard]] static constexpr BasicEntry leaf(int level, BasicPhysAddr<W> pa,
                                                 BasicPageFlags<W> flags) {
    const W common = pa.value | W(entry_bit::kPresent);
    if (level == 1) return BasicEntry(common | flags.bits());
    // PAT moves from bit 7, which means PS here, to bit 12.
    const W pat = (flags.bits() & W(flag_bit::kPat)) << 5;
    return BasicEntry(common | W(entry_bit::kLeaf) | (flags.bits() & W(~flag_bit::kPat)) | pat);
  }

  // A reference to `table`, which holds `population` present entries (0 when not counted here).
  [[nodiscard]] static constexpr BasicEntry reference(BasicPhysAddr<W> table, W population) {
    return BasicEntry(table.value | W(entry_bit::kReference) |
                      (population << entry_bit::kPopulationShift));
  }

  [[nodiscard]] constexpr bool present() const {
    return bool((bits & W(entry_bit::kPresent)) != W(0));
  }
  // Requires: present. Levels 4 and 5 hold references only; level 1 holds leaves only.
  [[nodiscard]] constexpr bool is_leaf(int level) const {
    if (level == 1) return true;
    if (level > 3) return false;
    return bool((bits & W(entry_bit::kLeaf)) != W(0));
  }
  // Whether the entry at `level` >= 2 references a table: present, and no leaf.
  [[nodiscard]] constexpr bool is_reference(int level) const {
    const std::uint64_t shape = entry_bit::kPresent | (level <= 3 ? entry_bit::kLeaf : 0);
    return bool((bits & W(shape)) == W(entry_bit::kPresent));
  }
  // Requires: a reference.
  [[nodiscard]] constexpr BasicPhysAddr<W> table() const {
    return BasicPhysAddr<W>(bits & W(entry_bit::kAddress));
  }
  // Requires: a reference. 0 to 512; 0 when the count is kept elsewhere.
  [[nodiscard]] constexpr W population() const {
    return bits >> entry_bit::kPopulationShift;  // bits 63:62 of a reference are 0
  }
  // Requires: a leaf at `level`. Base of the page in physical memory.
  [[nodiscard]] constexpr BasicPhysAddr<W> page(int level) const {
    return BasicPhysAddr<W>(bits & W(entry_bit::kAddress & ~(level_bytes(level) - 1)));
  }
  // Requires: a leaf at `level`.
  [[nodiscard]] constexpr BasicPageFlags<W> flags(int level) const {
    if (level == 1) return BasicPageFlags<W>::from_bits(bits & W(flag_bit::kAll));
    const W pat = (bits >> 5) & W(flag_bit::kPat);
    return BasicPageFlags<W>::from_bits((bits & W(flag_bit::kAll & ~flag_bit::kPat)) | pat);
  }

  friend constexpr auto operator==(const BasicEntry& a, const BasicEntry& b) {
    return a.bits == b.bits;
  }
};

using Entry = BasicEntry<std::uint64_t>;

static_assert(Entry::leaf(1, PhysAddr(0x5000), PageFlags().writable()).bits ==
              (0x5003 | flag_bit::kNoExecute));
static_assert(Entry::leaf(2, PhysAddr(0x20'0000), PageFlags().executable().memory_type(4)).bits ==
              0x20'1081);
static_assert(Entry::reference(PhysAddr(0x7000), 512).population() == 512);
static_assert(Entry::reference(PhysAddr(0x7000), 512).table() == PhysAddr(0x7000));

}  // namespace quintet::page_table
