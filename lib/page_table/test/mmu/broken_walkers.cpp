// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/broken_walkers.hpp"

#include <utility>

namespace quintet::page_table::mmu {
namespace {

using Entry = std::uint64_t;
constexpr Entry kXd = Entry{1} << 63;

constexpr Entry mask(int high, int low) { return ((Entry{2} << (high - low)) - 1) << low; }
bool leaf(int level, Entry e) { return level == 1 || (level <= 3 && (e & 0x80) != 0); }

// Misreads entries: `change(level, entry)` returns what the walker takes the entry for.
template <class Change>
Walk misread(Change change) {
  return [change](const Read& read, std::uint64_t root, const Probe& p, const spec::Controls& c) {
    int level = c.levels;
    const auto wrong = [&](std::uint64_t pa) { return change(level--, read(pa)); };
    return spec::access(wrong, root, p.va, p.access, c);
  };
}

// Misunderstands the control registers.
template <class Change>
Walk miscontrol(Change change) {
  return [change](const Read& read, std::uint64_t root, const Probe& p, spec::Controls c) {
    change(c);
    return spec::access(read, root, p.va, p.access, c);
  };
}

// Reports another outcome.
template <class Change>
Walk misreport(Change change) {
  return [change](const Read& read, std::uint64_t root, const Probe& p, const spec::Controls& c) {
    Outcome outcome = spec::access(read, root, p.va, p.access, c);
    change(outcome);
    return outcome;
  };
}

Walk without_code_bit(std::uint32_t bit) {
  return misreport([bit](Outcome& outcome) {
    if (!outcome) outcome.error().code &= ~bit;
  });
}

Walk without_canonical_check(int levels) {
  const int unused = levels == 5 ? 7 : 16;
  return [unused](const Read& read, std::uint64_t root, const Probe& p, const spec::Controls& c) {
    const auto va = static_cast<std::uint64_t>(static_cast<std::int64_t>(p.va << unused) >> unused);
    return spec::access(read, root, va, p.access, c);
  };
}

void add_entry_mistakes(std::vector<BrokenWalker>& all, const Limits& limits) {
  const auto add = [&all](const char* name, auto change) {
    all.push_back({name, misread(change)});
  };
  add("P ignored", [](int, Entry e) { return e | 1; });
  add("RW ignored in the leaf", [](int l, Entry e) { return leaf(l, e) ? e | 2 : e; });
  add("RW ignored above the leaf", [](int l, Entry e) { return leaf(l, e) ? e : e | 2; });
  add("US ignored in the leaf", [](int l, Entry e) { return leaf(l, e) ? e | 4 : e; });
  add("US ignored above the leaf", [](int l, Entry e) { return leaf(l, e) ? e : e | 4; });
  add("XD ignored in the leaf", [](int l, Entry e) { return leaf(l, e) ? e & ~kXd : e; });
  add("XD ignored above the leaf", [](int l, Entry e) { return leaf(l, e) ? e : e & ~kXd; });
  add("A needed", [](int, Entry e) { return (e & 0x20) != 0 ? e : e & ~Entry{1}; });
  add("PS ignored at level 2", [](int l, Entry e) { return l == 2 ? e & ~Entry{0x80} : e; });
  add("PS allowed at level 4", [](int l, Entry e) { return l >= 4 ? e & ~Entry{0x80} : e; });
  add("PAT bit of a PTE taken for PS",
      [](int l, Entry e) { return l == 1 && (e & 0x80) != 0 ? e & ~Entry{1} : e; });
  add("bits 20:13 of a 2 MiB leaf ignored",
      [](int l, Entry e) { return l == 2 && leaf(l, e) ? e & ~mask(20, 13) : e; });
  if (limits.gib_pages) {
    add("bits 29:13 of a 1 GiB leaf ignored",
        [](int l, Entry e) { return l == 3 && leaf(l, e) ? e & ~mask(29, 13) : e; });
  }
  if (limits.maxphyaddr < 52) {
    const Entry high = mask(51, limits.maxphyaddr);
    add("bits 51:M ignored", [high](int, Entry e) { return e & ~high; });
    add("bit 51 ignored", [](int, Entry e) { return e & ~mask(51, 51); });
    add("bit M ignored", [m = limits.maxphyaddr](int, Entry e) { return e & ~mask(m, m); });
    add("bits 58:52 reserved",
        [](int, Entry e) { return (e & mask(58, 52)) != 0 ? e | mask(51, 51) : e; });
    add("bits 11:9 reserved",
        [](int, Entry e) { return (e & mask(11, 9)) != 0 ? e | mask(51, 51) : e; });
    add("D of a table entry reserved",
        [](int l, Entry e) { return !leaf(l, e) && (e & 0x40) != 0 ? e | mask(51, 51) : e; });
  }
}

void add_control_mistakes(std::vector<BrokenWalker>& all, const Limits& limits) {
  const auto add = [&all](const char* name, auto change) {
    all.push_back({name, miscontrol(change)});
  };
  using C = spec::Controls;
  add("CR0.WP always on", [](C& c) { c.wp = true; });
  add("CR0.WP always off", [](C& c) { c.wp = false; });
  add("EFER.NXE always on", [](C& c) { c.nxe = true; });
  add("AMD's bit 8 the other way", [](C& c) { c.amd_pml4_bit8 = !c.amd_pml4_bit8; });
  add("1 GiB pages the other way", [](C& c) { c.gib_pages = !c.gib_pages; });
  if (limits.smep) add("SMEP ignored", [](C& c) { c.smep = false; });
  if (limits.smap) add("SMAP ignored", [](C& c) { c.smap = false; });
  if (limits.smap) add("EFLAGS.AC ignored", [](C& c) { c.ac = false; });
  if (limits.pke) add("PKRU ignored", [](C& c) { c.pke = false; });
  if (limits.pke) add("PKRU write-disable ignored", [](C& c) { c.pkru &= 0x55555555; });
  if (limits.pke) add("PKRU access-disable ignored", [](C& c) { c.pkru &= 0xaaaaaaaa; });
  if (limits.pks) add("PKRS ignored", [](C& c) { c.pks = false; });
}

void add_report_mistakes(std::vector<BrokenWalker>& all, const Limits& limits, int levels) {
  all.push_back({"no canonical check", without_canonical_check(levels)});
  all.push_back({"error code without P", without_code_bit(1)});
  all.push_back({"error code without W", without_code_bit(2)});
  all.push_back({"error code without U", without_code_bit(4)});
  all.push_back({"error code without RSVD", without_code_bit(8)});
  all.push_back({"error code without I", without_code_bit(16)});
  if (limits.pke) all.push_back({"error code without PK", without_code_bit(32)});
  all.push_back({"error code with I while NXE and SMEP are off",
                 [](const Read& read, std::uint64_t root, const Probe& p, const spec::Controls& c) {
                   Outcome outcome = spec::access(read, root, p.va, p.access, c);
                   const bool fetch = p.access.kind == spec::Access::Kind::kFetch;
                   if (!outcome && fetch && !outcome.error().non_canonical) {
                     outcome.error().code |= 16;
                   }
                   return outcome;
                 }});
  all.push_back({"PAT bit of a large page taken for address", misreport([](Outcome& outcome) {
                   if (outcome && outcome->size > 4096) outcome->pa += outcome->leaf_entry & 0x1000;
                 })});
}

}  // namespace

std::vector<BrokenWalker> broken_walkers(const Limits& limits, int levels) {
  std::vector<BrokenWalker> all;
  add_entry_mistakes(all, limits);
  add_control_mistakes(all, limits);
  add_report_mistakes(all, limits, levels);
  return all;
}

}  // namespace quintet::page_table::mmu
