// SPDX-License-Identifier: MIT
#pragma once

// What the processor does with a page table: the walk from CR3 to a physical address, and the
// decision whether one access is allowed. Written for reading, beside the manuals: Intel SDM
// volume 3 chapter 4 (4.5 the walk, 4.6 access rights, 4.7 error codes) and AMD APM volume 2
// chapter 5. It shares no code with the page table that it judges: every architectural constant
// stands here as a literal.
//
// Invariant: a function of memory alone; accessed and dirty bits neither matter nor change.
// Threading: none of its own; safe wherever `read` is. `W` is the word: std::uint64_t, or a
// symbolic 64-bit vector whose comparisons convert to bool.

#include <cstdint>
#include <expected>

namespace quintet::page_table::spec {

/// One access by an instruction. `user` means CPL 3.
struct Access {
  enum class Kind { kRead, kWrite, kFetch };
  Kind kind = Kind::kRead;
  bool user = false;
};

/// The parts of CR0, CR4, EFER, EFLAGS, PKRU, PKRS and CPUID that paging looks at.
struct Controls {
  int levels = 4;              // 5 when CR4.LA57
  int maxphyaddr = 52;         // 32..52, CPUID 0x80000008
  bool nxe = true;             // EFER.NXE
  bool wp = true;              // CR0.WP
  bool smep = false;           // CR4.SMEP
  bool smap = false;           // CR4.SMAP
  bool ac = false;             // EFLAGS.AC, lifts SMAP
  bool gib_pages = true;       // CPUID: 1 GiB pages exist
  bool amd_pml4_bit8 = false;  // AMD: bit 8 of a PML4E and PML5E must be 0
  bool pke = false;            // CR4.PKE: keys of user pages
  bool pks = false;            // CR4.PKS: keys of supervisor pages
  std::uint32_t pkru = 0;      // bit 2k: no data access with key k; bit 2k+1: no store
  std::uint32_t pkrs = 0;      // the same for supervisor pages
};

/// Page-fault error code (SDM 4.7): bit 0 present, 1 write, 2 user, 3 reserved bit, 4 fetch,
/// 5 protection key. A non-canonical address raises #GP(0) instead and leaves `code` 0.
struct Fault {
  bool non_canonical = false;
  std::uint32_t code = 0;
  friend bool operator==(const Fault&, const Fault&) = default;
};

/// The page that contains the address, with permissions accumulated over all levels.
template <class W>
struct BasicTranslation {
  W base_va, pa, base_pa, size;  // `pa` is that of the exact address; `size` is in bytes
  bool writable, user, executable, global;
  W pat;       // index into the PAT, 0..7
  W pkey;      // bits 62:59 of the leaf
  W software;  // bits 11:9 of the leaf, above them its bits 58:52
  W leaf_entry;
};
using Translation = BasicTranslation<std::uint64_t>;

namespace detail {

template <class W>
W bits(W word, int high, int low) {
  return (word >> low) & ((W(1) << (high - low + 1)) - W(1));
}

template <class W>
bool bit(W word, int at) {
  return bool(bits(word, at, at) == W(1));
}

/// Bits 63:47 (63:56 with five levels) of a canonical address are all equal.
template <class W>
bool canonical(W va, int levels) {
  const int top = levels == 5 ? 56 : 47;
  const W sign = bits(va, 63, top);
  return sign == W(0) || sign == bits(~W(0), 63, top);
}

/// Bits that must be 0 in a present entry at `level` (1 = PTE ... 5 = PML5E).
template <class W>
bool reserved_bit_set(W entry, int level, const Controls& c) {
  if (!c.nxe && bit(entry, 63)) return true;
  if (c.maxphyaddr < 52 && bits(entry, 51, c.maxphyaddr) != W(0)) return true;
  if (level >= 4) return bit(entry, 7) || (c.amd_pml4_bit8 && bit(entry, 8));
  if (level == 1 || !bit(entry, 7)) return false;
  if (level == 3) return !c.gib_pages || bits(entry, 29, 13) != W(0);
  return bool(bits(entry, 20, 13) != W(0));
}

/// Whether the key register `rights` forbids a data access with `key` (SDM 4.6.2).
template <class W>
bool key_forbids(std::uint32_t rights, W key, bool write, bool obeys_write_disable) {
  const W mine = W(rights) >> (key + key);
  return bit(mine, 0) || (write && obeys_write_disable && bit(mine, 1));
}

}  // namespace detail

/// Walks the tables below `root` (a CR3 value; its low 12 bits are ignored) for `va`.
/// `read(physical_address)` returns the 8-byte entry there. Fault: `code` has bits 0 and 3 only.
template <class W, class Read>
std::expected<BasicTranslation<W>, Fault> translate(Read&& read, W root, W va, const Controls& c) {
  using detail::bit, detail::bits;
  if (!detail::canonical(va, c.levels)) return std::unexpected(Fault{true, 0});
  W all = ~W(0), any = W(0);  // of the entries met: bits that are 1 in all of them, in any of them
  W table = bits(root, 51, 12) << 12;
  for (int level = c.levels; level >= 1; --level) {
    const int offset_bits = 12 + 9 * (level - 1);  // address bits below this level's index
    const W index = bits(va, offset_bits + 8, offset_bits);
    const W entry = read(table + (index << 3));
    if (!bit(entry, 0)) return std::unexpected(Fault{false, 0});
    if (detail::reserved_bit_set(entry, level, c)) return std::unexpected(Fault{false, 1 | 8});
    all = all & entry;
    any = any | entry;
    const bool leaf = level == 1 || (level <= 3 && bit(entry, 7));
    if (!leaf) {
      table = bits(entry, 51, 12) << 12;
      continue;
    }
    const W offset = bits(va, offset_bits - 1, 0);
    const W base_pa = bits(entry, 51, offset_bits) << offset_bits;
    const W pat_high = bits(entry, level == 1 ? 7 : 12, level == 1 ? 7 : 12);
    return BasicTranslation<W>{
        .base_va = va - offset,
        .pa = base_pa + offset,
        .base_pa = base_pa,
        .size = W(1) << offset_bits,
        .writable = bit(all, 1),
        .user = bit(all, 2),
        .executable = !bit(any, 63),
        .global = bit(entry, 8),
        .pat = (pat_high << 2) + bits(entry, 4, 3),
        .pkey = bits(entry, 62, 59),
        .software = (bits(entry, 58, 52) << 3) + bits(entry, 11, 9),
        .leaf_entry = entry,
    };
  }
  return std::unexpected(Fault{false, 0});  // not reached: level 1 is always a leaf
}

/// Whether a page with these accumulated rights allows the access, keys aside (SDM 4.6.1).
template <class W>
bool rights_allow(const BasicTranslation<W>& page, Access access, const Controls& c) {
  const bool write = access.kind == Access::Kind::kWrite;
  const bool fetch = access.kind == Access::Kind::kFetch;
  if (fetch && !page.executable) return false;
  if (access.user) return page.user && (!write || page.writable);
  if (fetch) return !(page.user && c.smep);
  if (page.user && c.smap && !c.ac) return false;
  return !write || page.writable || !c.wp;
}

/// Whether a protection key forbids the access; fetches have no keys (SDM 4.6.2).
template <class W>
bool keys_forbid(const BasicTranslation<W>& page, Access access, const Controls& c) {
  if (access.kind == Access::Kind::kFetch) return false;
  const bool write = access.kind == Access::Kind::kWrite;
  if (page.user) return c.pke && detail::key_forbids(c.pkru, page.pkey, write, access.user || c.wp);
  return c.pks && !access.user && detail::key_forbids(c.pkrs, page.pkey, write, c.wp);
}

/// Performs one access: the translation it uses, or the exception it raises.
template <class W, class Read>
std::expected<BasicTranslation<W>, Fault> access(Read&& read, W root, W va, Access access,
                                                 const Controls& c) {
  const bool fetch = access.kind == Access::Kind::kFetch;
  std::uint32_t cause = 0;
  if (access.kind == Access::Kind::kWrite) cause |= 2;
  if (access.user) cause |= 4;
  if (fetch && (c.nxe || c.smep)) cause |= 16;

  auto page = translate(read, root, va, c);
  if (!page) {
    if (page.error().non_canonical) return page;
    return std::unexpected(Fault{false, page.error().code | cause});
  }
  const bool by_key = keys_forbid(*page, access, c);
  if (by_key || !rights_allow(*page, access, c)) {
    return std::unexpected(Fault{false, 1 | cause | (by_key ? 32u : 0u)});
  }
  return page;
}

}  // namespace quintet::page_table::spec
