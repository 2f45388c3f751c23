// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/facts.hpp"

#include <utility>

namespace quintet::page_table::mmu {
namespace {

using Kind = spec::Access::Kind;
constexpr spec::Access kUserLoad{Kind::kRead, true}, kUserStore{Kind::kWrite, true},
    kUserFetch{Kind::kFetch, true}, kKernelLoad{Kind::kRead, false},
    kKernelStore{Kind::kWrite, false}, kKernelFetch{Kind::kFetch, false};
constexpr int kAllowed = -1, kPageFault = 14;
constexpr std::uint64_t kP = 1, kRw = 2, kUs = 4, kPs = 0x80;
constexpr std::uint64_t bit(int at) { return std::uint64_t{1} << at; }
constexpr std::uint64_t bits(int high, int low) { return ((bit(high - low) << 1) - 1) << low; }
constexpr std::uint64_t key(std::uint64_t k) { return k << 59; }

class Collector {
 public:
  Collector(const Limits& limits, int levels) : limits_(limits), levels_(levels) {
    plain_ = limits;
    plain_.levels = levels;
    plain_.smep = plain_.smap = plain_.ac = plain_.pke = plain_.pks = false;
    plain_.nxe = plain_.wp = true;
  }

  std::vector<Fact> collect() {
    allowed();
    absent();
    permissions();
    write_protect_off();
    execute_disable();
    reserved();
    ignored();
    order_of_checks();
    if (limits_.smep) smep();
    if (limits_.smap) smap();
    if (limits_.pke) user_keys();
    if (limits_.pks) supervisor_keys();
    return std::move(facts_);
  }

 private:
  void page_fault(std::string name, int leaf, std::vector<Edit> edits, spec::Access access,
                  std::uint32_t code) {
    facts_.push_back({std::move(name), leaf, std::move(edits), access, now_, kPageFault, code});
  }
  void allow(std::string name, int leaf, std::vector<Edit> edits, spec::Access access) {
    facts_.push_back({std::move(name), leaf, std::move(edits), access, now_, kAllowed, 0});
  }
  template <class Change>
  void under(Change change) {
    now_ = plain_;
    change(now_);
  }
  void under_plain() { now_ = plain_; }
  [[nodiscard]] int largest_leaf() const { return limits_.gib_pages ? 3 : 2; }
  static std::string at(int level) { return " at level " + std::to_string(level); }

  void allowed() {
    under_plain();
    for (int leaf = 1; leaf <= largest_leaf(); ++leaf) {
      for (const spec::Access access :
           {kUserLoad, kUserStore, kUserFetch, kKernelLoad, kKernelStore, kKernelFetch}) {
        allow("page of" + at(leaf), leaf, {}, access);
      }
    }
  }

  void absent() {
    under_plain();
    for (int level = 1; level <= levels_; ++level) {
      const std::vector<Edit> gone = {{level, 0, kP}};
      page_fault("absent" + at(level), 1, gone, kUserLoad, 4);
      page_fault("absent" + at(level), 1, gone, kUserStore, 6);
      page_fault("absent" + at(level), 1, gone, kUserFetch, 0x14);
      page_fault("absent" + at(level), 1, gone, kKernelLoad, 0);
      page_fault("absent" + at(level), 1, gone, kKernelStore, 2);
      page_fault("absent" + at(level), 1, gone, kKernelFetch, 0x10);
      page_fault("absent and every other bit set" + at(level), 1, {{level, ~kP, kP}}, kUserLoad, 4);
    }
    under([](auto& c) { c.nxe = false; });
    page_fault("absent and NXE off: no fetch bit", 1, {{1, 0, kP}}, kUserFetch, 4);
  }

  void permissions() {
    under_plain();
    for (int leaf = 1; leaf <= largest_leaf(); ++leaf) {
      for (int level = leaf; level <= levels_; ++level) {
        const std::vector<Edit> read_only = {{level, 0, kRw}}, supervisor = {{level, 0, kUs}};
        page_fault("RW=0" + at(level), leaf, read_only, kUserStore, 7);
        page_fault("RW=0" + at(level), leaf, read_only, kKernelStore, 3);
        allow("RW=0" + at(level), leaf, read_only, kUserLoad);
        allow("RW=0" + at(level), leaf, read_only, kUserFetch);
        page_fault("US=0" + at(level), leaf, supervisor, kUserLoad, 5);
        page_fault("US=0" + at(level), leaf, supervisor, kUserStore, 7);
        page_fault("US=0" + at(level), leaf, supervisor, kUserFetch, 0x15);
        allow("US=0" + at(level), leaf, supervisor, kKernelStore);
        allow("US=0" + at(level), leaf, supervisor, kKernelFetch);
      }
    }
  }

  void write_protect_off() {
    under([](auto& c) { c.wp = false; });
    for (int level = 1; level <= levels_; ++level) {
      allow("RW=0 and WP off" + at(level), 1, {{level, 0, kRw}}, kKernelStore);
      page_fault("RW=0 and WP off" + at(level), 1, {{level, 0, kRw}}, kUserStore, 7);
    }
  }

  void execute_disable() {
    for (int leaf = 1; leaf <= largest_leaf(); ++leaf) {
      for (int level = leaf; level <= levels_; ++level) {
        const std::vector<Edit> xd = {{level, bit(63)}};
        under_plain();
        page_fault("XD" + at(level), leaf, xd, kUserFetch, 0x15);
        page_fault("XD" + at(level), leaf, xd, kKernelFetch, 0x11);
        allow("XD" + at(level), leaf, xd, kUserLoad);
        allow("XD" + at(level), leaf, xd, kUserStore);
        under([](auto& c) { c.nxe = false; });
        page_fault("XD with NXE off is reserved" + at(level), leaf, xd, kUserLoad, 0xd);
        page_fault("XD with NXE off is reserved" + at(level), leaf, xd, kUserFetch, 0xd);
      }
    }
  }

  void reserved() {
    under_plain();
    const auto all_accesses = [this](const std::string& name, int leaf, Edit edit) {
      page_fault(name, leaf, {edit}, kUserLoad, 0xd);
      page_fault(name, leaf, {edit}, kUserStore, 0xf);
      page_fault(name, leaf, {edit}, kUserFetch, 0x1d);
      page_fault(name, leaf, {edit}, kKernelLoad, 9);
    };
    if (limits_.maxphyaddr < 52) {
      for (int level = 1; level <= levels_; ++level) {
        all_accesses("bit 51" + at(level), 1, {level, bit(51)});
        all_accesses("bit M" + at(level), 1, {level, bit(limits_.maxphyaddr)});
      }
    }
    for (int level = 4; level <= levels_; ++level) {
      all_accesses("PS" + at(level), 1, {level, kPs});
      if (limits_.amd_pml4_bit8) all_accesses("bit 8" + at(level), 1, {level, bit(8)});
    }
    for (const int low : {13, 20}) {
      all_accesses("2 MiB page with bit " + std::to_string(low), 2, {2, bit(low)});
    }
    for (const int low : {13, 20, 21, 29}) {
      if (!limits_.gib_pages) break;
      all_accesses("1 GiB page with bit " + std::to_string(low), 3, {3, bit(low)});
    }
    if (!limits_.gib_pages) all_accesses("1 GiB page on a CPU without", 3, {3, 0});
  }

  void ignored() {
    under_plain();
    // The highest address bit is no reserved bit: a load from where no memory is does not fault.
    allow("bit M-1 of the address", 1, {{1, bit(limits_.maxphyaddr - 1)}}, kUserLoad);
    for (int level = 1; level <= levels_; ++level) {
      for (const int at_bit : {9, 10, 11, 52, 58, 59, 61, 62}) {
        allow("bit " + std::to_string(at_bit) + at(level), 1, {{level, bit(at_bit)}}, kUserStore);
      }
      allow("bits 62:52 and 11:9" + at(level), 1, {{level, bits(62, 52) | bits(11, 9)}}, kUserLoad);
      allow("PWT and PCD" + at(level), 1, {{level, bits(4, 3)}}, kUserLoad);
      if (level > 1) allow("bit 6 of a table" + at(level), 1, {{level, bit(6)}}, kUserStore);
      if (level == 2 || level == 3 || !limits_.amd_pml4_bit8) {
        allow("bit 8" + at(level), 1, {{level, bit(8)}}, kUserLoad);
      }
    }
    allow("PAT of a PTE", 1, {{1, bit(7)}}, kUserLoad);
    for (int leaf = 2; leaf <= largest_leaf(); ++leaf) {
      allow("PAT of a large page" + at(leaf), leaf, {{leaf, bit(12)}}, kUserLoad);
    }
  }

  void order_of_checks() {
    under_plain();
    if (limits_.maxphyaddr < 52) {
      page_fault("reserved above absent", 1, {{levels_, bit(51)}, {1, 0, kP}}, kUserLoad, 0xd);
      page_fault("absent above reserved", 1, {{levels_, 0, kP}, {1, bit(51)}}, kUserLoad, 4);
      page_fault("US=0 above reserved", 1, {{levels_, 0, kUs}, {1, bit(51)}}, kUserLoad, 0xd);
    }
    page_fault("US=0 above absent", 1, {{levels_, 0, kUs}, {1, 0, kP}}, kUserLoad, 4);
    page_fault("XD above absent", 1, {{levels_, bit(63)}, {1, 0, kP}}, kUserFetch, 0x14);
  }

  void smep() {
    under([](auto& c) { c.smep = true; });
    page_fault("SMEP: user page", 1, {}, kKernelFetch, 0x11);
    allow("SMEP: supervisor page", 1, {{1, 0, kUs}}, kKernelFetch);
    allow("SMEP: user page", 1, {}, kUserFetch);
    under([](auto& c) { c.smep = true, c.nxe = false; });
    page_fault("SMEP keeps the fetch bit without NXE", 1, {}, kKernelFetch, 0x11);
    page_fault("SMEP keeps the fetch bit without NXE", 1, {{2, 0, kP}}, kUserFetch, 0x14);
  }

  void smap() {
    under([](auto& c) { c.smap = true; });
    page_fault("SMAP: user page", 1, {}, kKernelLoad, 1);
    page_fault("SMAP: user page", 1, {}, kKernelStore, 3);
    allow("SMAP: user page", 1, {}, kKernelFetch);
    for (int level = 1; level <= levels_; ++level) {
      allow("SMAP: supervisor page" + at(level), 1, {{level, 0, kUs}}, kKernelStore);
    }
    allow("SMAP: user page", 1, {}, kUserStore);
    under([](auto& c) { c.smap = c.ac = true; });
    allow("SMAP and AC: user page", 1, {}, kKernelStore);
  }

  void user_keys() {
    const std::vector<Edit> key5 = {{1, key(5)}}, key15 = {{1, key(15)}};
    const std::vector<Edit> kernel5 = {{1, key(5), kUs}}, read_only5 = {{1, key(5), kRw}};
    under([](auto& c) { c.pke = true, c.pkru = 1u << 10; });  // access-disable for key 5
    page_fault("PKRU.AD", 1, key5, kUserLoad, 0x25);
    page_fault("PKRU.AD", 1, key5, kUserStore, 0x27);
    page_fault("PKRU.AD", 1, key5, kKernelLoad, 0x21);
    allow("PKRU.AD", 1, key5, kUserFetch);
    allow("PKRU.AD of another key", 1, key15, kUserStore);
    allow("PKRU and a supervisor page", 1, kernel5, kKernelStore);
    under([](auto& c) { c.pke = true, c.pkru = 1u << 11; });  // write-disable for key 5
    page_fault("PKRU.WD", 1, key5, kUserStore, 0x27);
    page_fault("PKRU.WD", 1, key5, kKernelStore, 0x23);
    page_fault("PKRU.WD and RW=0", 1, read_only5, kUserStore, 0x27);
    allow("PKRU.WD", 1, key5, kUserLoad);
    allow("key of a table entry", 1, {{2, key(5)}}, kUserStore);
    under([](auto& c) { c.pke = true, c.wp = false, c.pkru = 1u << 11; });
    allow("PKRU.WD and WP off", 1, key5, kKernelStore);
    page_fault("PKRU.WD and WP off", 1, key5, kUserStore, 0x27);
    under([](auto& c) { c.pke = true, c.pkru = 1u << 30; });
    page_fault("PKRU.AD of key 15", 1, key15, kUserLoad, 0x25);
    page_fault("key of a 2 MiB page", 2, {{2, key(15)}}, kUserLoad, 0x25);
    if (limits_.gib_pages) page_fault("key of a 1 GiB page", 3, {{3, key(15)}}, kUserLoad, 0x25);
  }

  void supervisor_keys() {
    const std::vector<Edit> kernel5 = {{1, key(5), kUs}};
    under([](auto& c) { c.pks = true, c.pkrs = 1u << 10; });
    page_fault("PKRS.AD", 1, kernel5, kKernelLoad, 0x21);
    page_fault("PKRS.AD", 1, kernel5, kUserLoad, 5);
    allow("PKRS and a user page", 1, {{1, key(5)}}, kKernelLoad);
    under([](auto& c) { c.pks = true, c.pkrs = 1u << 11; });
    page_fault("PKRS.WD", 1, kernel5, kKernelStore, 0x23);
    allow("PKRS.WD", 1, kernel5, kKernelLoad);
  }

  Limits limits_;
  int levels_;
  spec::Controls plain_, now_;
  std::vector<Fact> facts_;
};

}  // namespace

std::vector<Fact> facts(const Limits& limits, int levels) {
  return Collector(limits, levels).collect();
}

Batch build(Guest& guest, const Fact& fact, std::size_t place) {
  const int levels = fact.controls.levels;
  const std::uint64_t frames = Guest::kTableBase + place * 5 * 4096;
  const std::uint64_t data_pages = (Guest::kEnd - Guest::kDataBase) >> 12;
  const std::uint64_t page = Guest::kDataBase + (place * 7 % data_pages << 12);
  const std::uint64_t offset = place * 24 % 4096;
  // A page above 4 KiB maps the memory around `page`; a 1 GiB page starts at physical 0.
  const int low_bits = 12 + 9 * (fact.leaf_level - 1);
  const std::uint64_t low_mask = bits(low_bits - 1, 0);
  // Both halves of the address space by turns, different indices at every level.
  std::uint64_t va = place % 2 == 0 ? 0x0012345678abc000 : 0xffff9a8b7c6d5000;
  if (levels == 5 && place % 2 != 0) va = 0xff3a9a8b7c6d5000;
  if (levels == 4) va = place % 2 == 0 ? va & bits(46, 0) : va | ~bits(46, 0);
  va = (va & ~low_mask) | ((page | offset) & low_mask);
  for (int level = levels; level >= fact.leaf_level; --level) {
    const std::uint64_t table = frames + static_cast<std::uint64_t>(levels - level) * 4096;
    const bool leaf = level == fact.leaf_level;
    std::uint64_t entry = kP | kRw | kUs | (leaf ? page & ~low_mask : table + 4096);
    if (leaf && level > 1) entry |= kPs;
    for (const Edit& edit : fact.edits) {
      if (edit.level == level) entry = (entry | edit.set) & ~edit.clear;
    }
    const int shift = 12 + 9 * (level - 1);
    guest.word(table + ((va >> shift) & 511) * 8) = entry;
  }
  return {frames, fact.controls, {{va, fact.access, code_word(0xabc000 + place)}}};
}

}  // namespace quintet::page_table::mmu
