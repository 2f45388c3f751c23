// SPDX-License-Identifier: MIT
#pragma once

// Our page table as the subject of an inspection: it lives in guest memory, is changed by random
// operations, and keeps beside it a plain map of what each address should mean.
//
// Invariant: `meaning` is computed from the operations alone, never read back from the tables.
// Threading: none.

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "page_table/page_table.hpp"
#include "page_table/test/mmu/machine.hpp"
#include "page_table/test/mmu/oracle.hpp"

namespace quintet::page_table::mmu {

/// Frames for tables out of a guest's table area; a page table's PhysicalMemory.
class GuestMemory {
 public:
  using Word = std::uint64_t;
  explicit GuestMemory(Guest& guest) : guest_(guest) {
    for (std::uint64_t pa = Guest::kDataBase; pa > Guest::kTableBase;) free_.push_back(pa -= 4096);
  }
  [[nodiscard]] Word read(PhysAddr pa) const { return guest_.word(pa.value); }
  void write(PhysAddr pa, Word word) { guest_.word(pa.value) = word; }
  PhysAddr allocate() {
    if (free_.empty()) return {};
    const std::uint64_t pa = free_.back();
    free_.pop_back();
    return PhysAddr(pa);
  }
  void release(PhysAddr pa, FrameContent content) {
    if (content == FrameContent::kArbitrary) {
      for (std::uint64_t at = 0; at < 4096; at += 8) guest_.word(pa.value + at) = 0;
    }
    free_.push_back(pa.value);
  }

 private:
  Guest& guest_;
  std::vector<std::uint64_t> free_;
};

/// What addresses mean: disjoint intervals, each contiguous in physical memory, of one kind.
class Meaning {
 public:
  struct Interval {
    std::uint64_t bytes, pa;
    PageFlags flags;
  };
  void set(std::uint64_t va, std::uint64_t bytes, std::uint64_t pa, PageFlags flags);
  void clear(std::uint64_t va, std::uint64_t bytes);
  /// Gives what is mapped in the range other flags.
  void recolour(std::uint64_t va, std::uint64_t bytes, PageFlags flags);
  [[nodiscard]] bool empty(std::uint64_t va, std::uint64_t bytes) const;
  [[nodiscard]] std::uint64_t mapped_bytes(std::uint64_t va, std::uint64_t bytes) const;
  /// Physical address and flags of one byte.
  [[nodiscard]] std::optional<std::pair<std::uint64_t, PageFlags>> at(std::uint64_t va) const;
  [[nodiscard]] const std::map<std::uint64_t, Interval>& intervals() const { return intervals_; }
  /// One of the intervals of that size or more; the end if there is none.
  std::map<std::uint64_t, Interval>::const_iterator some(std::uint64_t random,
                                                         std::uint64_t at_least) const;

 private:
  void cut(std::uint64_t va);
  std::map<std::uint64_t, Interval> intervals_;
};

/// Answers probes from the meaning alone.
Walk meaning_walk(const Meaning& meaning);

class Subject {
 public:
  explicit Subject(const Limits& limits, std::uint64_t seed) : limits_(limits), random_(seed) {}
  virtual ~Subject() = default;

  /// Performs `count` random operations.
  virtual void advance(int count) = 0;
  [[nodiscard]] virtual std::uint64_t root() const = 0;
  [[nodiscard]] virtual int levels() const = 0;
  /// Accessed and dirty of the page at `va`, as the table tells them.
  virtual std::pair<bool, bool> accessed_dirty(std::uint64_t va) = 0;
  [[nodiscard]] virtual bool sound() const = 0;

  /// `count` probes at and around the edges of what is mapped.
  std::vector<Probe> probes(int count, unsigned harness_slot);

  [[nodiscard]] const Meaning& meaning() const { return meaning_; }
  /// Operations whose outcome was not the one that the meaning calls for.
  [[nodiscard]] int surprises() const { return surprises_; }

 protected:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool percent(unsigned chance) { return below(100) < chance; }
  std::uint64_t address(PageSize size);
  std::uint64_t frame(PageSize size, std::uint64_t bytes);
  PageFlags flags();
  PageSize size();
  void expect(bool as_expected) { surprises_ += as_expected ? 0 : 1; }

  Limits limits_;
  std::mt19937_64 random_;
  Meaning meaning_;
  int surprises_ = 0;
};

template <Policy kPolicy>
class CoreSubject final : public Subject {
 public:
  CoreSubject(GuestMemory& memory, const Limits& limits, std::uint64_t seed)
      : Subject(limits, seed),
        table_(*Table::create(memory, {.maxphyaddr = static_cast<std::uint8_t>(limits.maxphyaddr),
                                       .nx = limits.nxe,
                                       .gib_pages = limits.gib_pages})) {}

  void advance(int count) override {
    for (int i = 0; i < count; ++i) step();
  }
  [[nodiscard]] std::uint64_t root() const override { return table_.root().value; }
  [[nodiscard]] int levels() const override { return kPolicy.levels; }
  [[nodiscard]] bool sound() const override { return table_.check_invariants(); }
  std::pair<bool, bool> accessed_dirty(std::uint64_t va) override {
    const auto page = table_.resolve(VirtAddr(va));
    if (!page) return {false, false};
    return {page->flags().is_accessed(), page->flags().is_dirty()};
  }

 private:
  using Table = PageTable<GuestMemory, NoInvalidation, kPolicy>;

  void step() {
    const std::uint64_t kind = below(100);
    if (kind < 30) return map();
    if (kind < 45) return unmap();
    if (kind < 52) return protect();
    if (kind < 67) return map_range();
    if (kind < 72) return unmap_range();
    if (kind < 77) return protect_range();
    if (kind < 92) return split();
    if (kind < 95) return merge();
    return map_batch();
  }

  void map() {
    const PageSize page = size();
    const std::uint64_t va = address(page), pa = frame(page, page_bytes(page));
    const PageFlags wanted = flags();
    const bool free = meaning_.empty(va, page_bytes(page));
    const bool done = table_.map(VirtAddr(va), PhysAddr(pa), page, wanted).has_value();
    expect(done == free);
    if (done && free) meaning_.set(va, page_bytes(page), pa, wanted);
  }

  // The page that the table has at some address; which one it is does not matter here.
  std::optional<Mapping> some_page(std::uint64_t at_least = 4096) {
    const auto at = meaning_.some(random_(), at_least);
    if (at == meaning_.intervals().end()) return {};
    const auto page = table_.resolve(VirtAddr(at->first + below(at->second.bytes)));
    expect(page.has_value());
    if (!page) return {};
    return *page;
  }

  void unmap() {
    const auto page = some_page();
    if (!page) return;
    const auto removed = table_.unmap(page->base());
    expect(removed.has_value());
    if (removed) meaning_.clear(page->base().value, page->bytes());
  }

  void protect() {
    const auto page = some_page();
    if (!page) return;
    const PageFlags wanted = flags();
    const bool done = table_.protect(page->base(), wanted).has_value();
    expect(done);
    if (done) meaning_.recolour(page->base().value, page->bytes(), wanted);
  }

  void map_range() {
    const PageSize largest = percent(30) ? PageSize::k4K : PageSize::k2M;
    const std::uint64_t bytes = range_bytes(), va = address(percent(50) ? largest : PageSize::k4K);
    const std::uint64_t pa = frame(percent(70) ? largest : PageSize::k4K, bytes);
    if (va + bytes < va) return;
    const PageFlags wanted = flags();
    const bool free = meaning_.empty(va, bytes);
    const auto done = table_.map_range(VirtAddr(va), PhysAddr(pa), bytes, wanted, largest);
    if (!done && done.error() == Error::kBadRange) return;  // across the canonical hole
    expect(done.has_value() == free);
    if (done && free) meaning_.set(va, bytes, pa, wanted);
  }
  std::uint64_t range_bytes() {
    return percent(50) ? (1 + below(40)) * 4096 : (1 + below(3 * 512)) * 4096;
  }
  // A range around something mapped.
  std::uint64_t range_start() {
    const auto page = some_page();
    const std::uint64_t back = below(4) * 4096;
    if (!page || percent(20)) return address(PageSize::k4K);
    return page->base().value - std::min(back, page->base().value);
  }

  void unmap_range() {
    const std::uint64_t va = range_start(), bytes = range_bytes();
    const auto done = table_.unmap_range(VirtAddr(va), bytes);
    if (!done) return;  // refused: it cuts a large page, or the canonical hole
    expect(*done == meaning_.mapped_bytes(va, bytes));
    meaning_.clear(va, bytes);
  }
  void protect_range() {
    const std::uint64_t va = range_start(), bytes = range_bytes();
    const PageFlags wanted = flags();
    const auto done = table_.protect_range(VirtAddr(va), bytes, wanted);
    if (!done) return;
    expect(*done == meaning_.mapped_bytes(va, bytes));
    meaning_.recolour(va, bytes, wanted);
  }

  // Splits a large page; then changes one of the small ones or puts all together again.
  void split() {
    const auto page = some_page(page_bytes(PageSize::k2M));
    if (!page) return;
    const bool done = table_.split(page->base()).has_value();
    expect(done == (page->size() != PageSize::k4K));
    if (done && percent(30)) return merge_at(page->base().value);
    if (!done || percent(50)) return;
    const std::uint64_t small = page->bytes() / 512, va = page->base().value + below(512) * small;
    const PageFlags wanted = flags();
    const bool changed = table_.protect(VirtAddr(va), wanted).has_value();
    expect(changed);
    if (changed) meaning_.recolour(va, small, wanted);
    if (percent(50)) merge_at(va);
  }
  void merge() {
    if (const auto page = some_page(page_bytes(PageSize::k2M))) merge_at(page->base().value);
  }
  // The meaning is the same whether the pages could be merged or not.
  void merge_at(std::uint64_t va) {
    const PageSize to = percent(80) || !limits_.gib_pages ? PageSize::k2M : PageSize::k1G;
    (void)table_.merge(VirtAddr(va & ~(page_bytes(to) - 1)), to);
  }

  void map_batch() {
    std::vector<typename Table::MapRequest> requests;
    bool free = true;
    Meaning planned = meaning_;
    const std::uint64_t count = 1 + below(20);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t va = address(PageSize::k4K), pa = frame(PageSize::k4K, 4096);
      const PageFlags wanted = flags();
      requests.push_back({VirtAddr(va), PhysAddr(pa), wanted});
      free = free && planned.empty(va, 4096);
      if (free) planned.set(va, 4096, pa, wanted);
    }
    const bool done = table_.map_batch(requests).has_value();
    expect(done == free);
    if (done && free) meaning_ = planned;
  }

  Table table_;
};

}  // namespace quintet::page_table::mmu
