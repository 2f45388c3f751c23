// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "page_table/page_table.hpp"

// Looking at all mappings: runs of equal pages, statistics, and the check of the invariants.
namespace quintet::page_table {

// Adjacent pages, contiguous in physical memory and equal in size and flags.
template <class W>
struct BasicRun {
  BasicVirtAddr<W> va;
  BasicPhysAddr<W> pa;
  W bytes;
  PageSize size;
  BasicPageFlags<W> flags;

  // Takes `next` in when it continues this run.
  [[nodiscard]] bool absorb(const BasicMapping<W>& next) {
    const bool follows = size == next.size() && bool(va + bytes == next.base()) &&
                         bool(pa + bytes == next.physical()) && bool(flags == next.flags());
    if (follows) bytes = bytes + W(next.bytes());
    return follows;
  }
};
using Run = BasicRun<std::uint64_t>;

struct Stats {
  std::array<std::uint64_t, 6> tables{};  // tables[l]: tables at level l, the root included
  std::array<std::uint64_t, 4> pages{};   // pages[l]: leaves at level l
  [[nodiscard]] std::uint64_t mapped_bytes() const {
    return pages[1] * level_bytes(1) + pages[2] * level_bytes(2) + pages[3] * level_bytes(3);
  }
  [[nodiscard]] std::uint64_t table_count() const {
    return tables[1] + tables[2] + tables[3] + tables[4] + tables[5];
  }
};

// A broken invariant: its name in tree.hpp, what is wrong, and the entry or table concerned.
template <class W>
struct BasicViolation {
  const char* invariant;
  const char* what;
  BasicPhysAddr<W> where;
};

template <PhysicalMemory M, class I, Policy kPolicy>
template <class Visitor>
Result<void> PageTable<M, I, kPolicy>::for_each(VirtAddr va, Word bytes, Visitor visitor) const {
  if (auto ok = this->limits_.check_range(va, bytes); !ok) return ok;
  std::optional<Run> run;
  auto collect = [&](const Mapping& mapping) {
    if (run && run->absorb(mapping)) return;
    if (run) visitor(*run);
    run = Run{mapping.base(), mapping.physical(), Word(mapping.bytes()), mapping.size(),
              mapping.flags()};
  };
  visit(this->root_, kLevels, va, bytes, collect);
  if (run) visitor(*run);
  return {};
}

template <PhysicalMemory M, class I, Policy kPolicy>
template <class Visitor>
void PageTable<M, I, kPolicy>::for_each(Visitor visitor) const {
  const Word half = Word(1ULL << (kPageShift + kIndexBits * kLevels - 1));
  static_cast<void>(for_each(VirtAddr(Word(0)), half, visitor));
  static_cast<void>(for_each(VirtAddr(Word(0) - half), half, visitor));
}

// Calls `visitor(Mapping)` for each leaf below `table` that the range touches.
template <PhysicalMemory M, class I, Policy kPolicy>
template <class Visitor>
void PageTable<M, I, kPolicy>::visit(PhysAddr table, int level, VirtAddr va, Word bytes,
                                     Visitor& visitor) const {
  while (bool(bytes != Word(0))) {
    const Word chunk = Span::chunk_at(level, va, bytes);
    const Entry entry = this->read(entry_address(table, va, level));
    if (entry.present() && entry.is_leaf(level)) {
      visitor(Mapping(va, entry, level));
    } else if (entry.present()) {
      visit(entry.table(), level - 1, va, chunk, visitor);
    }
    va = va + chunk;
    bytes = bytes - chunk;
  }
}

template <PhysicalMemory M, class I, Policy kPolicy>
Stats PageTable<M, I, kPolicy>::stats() const {
  Stats stats;
  auto count = [&](auto& self, PhysAddr table, int level) -> void {
    ++stats.tables[static_cast<std::size_t>(level)];
    for (std::uint64_t i = 0; i < kEntries; ++i) {
      const Entry entry = this->read(table + Word(i * kEntryBytes));
      if (!entry.present()) continue;
      if (entry.is_leaf(level)) {
        ++stats.pages[static_cast<std::size_t>(level)];
      } else {
        self(self, entry.table(), level - 1);
      }
    }
  };
  count(count, this->root_, kLevels);
  return stats;
}

template <PhysicalMemory M, class I, Policy kPolicy>
template <class Report>
bool PageTable<M, I, kPolicy>::check_invariants(Report report) const {
  std::vector<Word> seen;
  bool good = check_table({this->root_, PhysAddr()}, kLevels, seen, report);
  auto fail = [&](const char* invariant, const char* what, PhysAddr where) {
    report(Violation{invariant, what, where});
    good = false;
  };
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice != seen.end()) fail("I2", "a table is referenced twice", PhysAddr(*twice));
  const auto& cache = this->cache_;
  if (cache.has_table()) {
    const PhysAddr table = address(*this->memory_, cache.table());
    const Stop stop = this->template walk<2>(cache.table_base());
    if (stop.level != 2 || !bool(stop.slot == address(*this->memory_, cache.parent())) ||
        !bool(stop.entry.table() == table)) {
      fail("I6", "the walk cache remembers a level-1 table wrongly", table);
    }
  }
  cache.for_each_directory([&](VirtAddr va, Location directory) {
    const PhysAddr table = address(*this->memory_, directory);
    const Stop stop = this->template walk<2>(va);
    if (stop.level != 2 || !bool(stop.place.table == table)) {
      fail("I6", "the walk cache remembers a level-2 table wrongly", table);
    }
  });
  return good;
}

template <PhysicalMemory M, class I, Policy kPolicy>
template <class Report>
bool PageTable<M, I, kPolicy>::check_table(Place place, int level, std::vector<Word>& seen,
                                           Report& report) const {
  bool good = true;
  auto fail = [&](const char* invariant, const char* what, PhysAddr where) {
    report(Violation{invariant, what, where});
    good = false;
  };
  seen.push_back(place.table.value);
  Word present = Word(0);
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const PhysAddr slot = place.table + Word(i * kEntryBytes);
    const Entry entry = this->read(slot);
    if (!entry.present()) {
      if (bool(entry.bits != Word(0))) fail("I1", "an absent entry is not 0", slot);
      continue;
    }
    present = present + Word(1);
    if (entry.is_leaf(level)) {
      const Entry again = Entry::leaf(level, entry.page(level), entry.flags(level));
      if (!bool(again == entry)) fail("I1", "a leaf has reserved bits", slot);
    } else {
      const Word shape =
          entry.bits & Word(~(entry_bit::kAddress | entry_bit::kPopulation | flag_bit::kAccessed));
      if (bool(shape != Word(entry_bit::kReference))) fail("I1", "a reference is restricted", slot);
      good = check_table({entry.table(), slot}, level - 1, seen, report) && good;
    }
  }
  if (kPolicy.reclaims() && level < kLevels) {
    if (bool(present == Word(0))) fail("I4", "an empty table is linked", place.table);
    if (bool(present != this->population(place))) fail("I3", "a count is wrong", place.table);
  }
  return good;
}

}  // namespace quintet::page_table
