// SPDX-License-Identifier: MIT
#pragma once

// What the tables below a root mean for one address, as values instead of branches: the walk of
// mmu.hpp with every level looked at, whether or not the walk gets there. Proofs need it so: one
// formula for all addresses. It shares no code with the table or with mmu.hpp; the architectural
// constants stand here as literals, and that both say the same is proved (test/walk_proof.cpp).
//
// `W` is a 64-bit word, `B` its truth value: std::uint64_t and bool, or symbolic ones.
// Source: Intel SDM vol. 3A, section 4.5; protections that depend on the access are in mmu.hpp.
// Threading: none of its own; safe wherever `read` is.

#include <array>
#include <cstddef>
#include <cstdint>

namespace quintet::page_table::spec {

inline bool select(bool condition, bool a, bool b) { return condition ? a : b; }
inline std::uint64_t select(bool condition, std::uint64_t a, std::uint64_t b) {
  return condition ? a : b;
}

/// The processor, as far as the form of entries depends on it.
struct Processor {
  int levels = 4;
  int maxphyaddr = 52;  // 32..52
  bool nxe = true;
  bool gib_pages = true;
};

/// What one walk meets at one level. Without `reached`, the rest is not a statement about tables.
template <class W, class B>
struct Step {
  B reached;    // the walk gets to the table at this level
  W table;      // its physical address
  W slot;       // physical address of the entry for the address
  W entry;      // what it holds
  B present;    // its bit 0
  B leaf;       // present, and maps a page here
  B reference;  // present, and leads to a table one level down
};

/// What an address means. The other fields are meaningless unless `mapped`.
template <class W, class B>
struct Meaning {
  B mapped;
  W physical;    // of the exact address
  W size;        // of the page, in bytes
  W attributes;  // all bits of a 4 KiB leaf but its address and presence, with bits 1, 2 and 63
                 // (writable, user, execute-disable) accumulated over the levels
};

template <class W, class B>
struct Walk {
  std::array<Step<W, B>, 6> at;  // at[level], levels 1 to 5
  Meaning<W, B> meaning;
};

namespace meaning_detail {

/// A present entry at `level` has a bit set that must be 0 there.
template <class W, class B>
B reserved(W entry, int level, const Processor& cpu) {
  std::uint64_t zero = (cpu.nxe ? 0 : 1ULL << 63) | ((1ULL << 52) - (1ULL << cpu.maxphyaddr));
  if (level >= 4) zero |= 1ULL << 7;
  B bad = (entry & W(zero)) != W(0);
  if (level == 2 || level == 3) {
    const B large = (entry & W(0x80)) != W(0);
    const std::uint64_t low = level == 2 ? 0x1F'E000 : 0x3FFF'E000;
    B bad_large = (entry & W(low)) != W(0);
    if (level == 3 && !cpu.gib_pages) bad_large = B(true);
    bad = bad | (large & bad_large);
  }
  return bad;
}

/// The attributes of a leaf, in the layout of 4 KiB leaves: PAT is bit 7 there, bit 12 above.
template <class W>
W attributes(W entry, int level) {
  if (level == 1) return entry & W(0xFFF0'0000'0000'0FFE);
  return (entry & W(0xFFF0'0000'0000'0F7E)) | ((entry & W(0x1000)) >> 5);
}

}  // namespace meaning_detail

/// Bits 63:47 (63:56 with five levels) of a canonical address are all equal.
template <class B, class W>
B canonical(W va, int levels) {
  const std::uint64_t sign = levels == 5 ? 0xFF00'0000'0000'0000 : 0xFFFF'8000'0000'0000;
  return ((va & W(sign)) == W(0)) | ((va & W(sign)) == W(sign));
}

/// Walks the tables below `root` for `va`; `read(physical_address)` returns the entry there.
template <class B, class W, class Read>
Walk<W, B> walk(Read&& read, W root, W va, const Processor& cpu) {
  Walk<W, B> w;
  Meaning<W, B>& m = w.meaning;
  m = {B(false), W(0), W(0), W(0)};
  B reached = canonical<B>(va, cpu.levels);
  W table = root;
  W denied = W(0);       // bit 63 of the references so far
  W granted = W(~0ULL);  // their bits 1 and 2
  for (int level = cpu.levels; level >= 1; --level) {
    const int shift = 12 + 9 * (level - 1);
    const W slot = table | (((va >> shift) & W(511)) << 3);
    const W entry = read(slot);
    const B present = (entry & W(1)) != W(0);
    const B last = level == 1 ? B(true) : level <= 3 ? B((entry & W(0x80)) != W(0)) : B(false);
    const B sound = present & !meaning_detail::reserved<W, B>(entry, level, cpu);
    const B leaf = reached & sound & last;
    w.at[static_cast<std::size_t>(level)] = {
        reached, table, slot, entry, reached & present, leaf, reached & sound & !last};
    const W offset = va & W((1ULL << shift) - 1);
    const W page = entry & W((1ULL << 52) - (1ULL << shift));
    const W rights = (meaning_detail::attributes(entry, level) & (granted | W(~6ULL))) | denied;
    m.mapped = m.mapped | leaf;
    m.physical = select(leaf, page | offset, m.physical);
    m.size = select(leaf, W(1ULL << shift), m.size);
    m.attributes = select(leaf, rights, m.attributes);
    denied = denied | (entry & W(1ULL << 63));
    granted = granted & entry;
    reached = reached & sound & !last;
    table = entry & W(0x000F'FFFF'FFFF'F000);
  }
  return w;
}

/// Two meanings are the same.
template <class W, class B>
B same(const Meaning<W, B>& a, const Meaning<W, B>& b) {
  const B alike = (a.physical == b.physical) & (a.size == b.size) & (a.attributes == b.attributes);
  return (a.mapped == b.mapped) & ((!a.mapped) | alike);
}

}  // namespace quintet::page_table::spec
