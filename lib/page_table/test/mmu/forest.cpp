// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/forest.hpp"

#include <array>
#include <random>

namespace quintet::page_table::mmu {
namespace {

using Kind = spec::Access::Kind;
constexpr std::uint64_t kTablesPerLevel = 64;
constexpr std::size_t kRoots = 24;

class Planter {
 public:
  Planter(Guest& guest, const Limits& limits, int levels, std::uint64_t seed)
      : guest_(guest), limits_(limits), levels_(levels), random_(seed) {}

  Forest plant(std::size_t probes) {
    for (int level = 1; level < levels_; ++level) {
      for (std::uint64_t i = 0; i < kTablesPerLevel; ++i) fill_table(table(level, i), level);
    }
    Forest forest;
    for (std::size_t i = 0; i < kRoots; ++i) {
      Batch batch;
      batch.root = table(levels_, i);
      fill_table(batch.root, levels_);
      batch.controls = controls(i);
      const std::size_t share = probes / kRoots + (i < probes % kRoots ? 1 : 0);
      while (batch.probes.size() < share) add_probe(batch, forest);
      forest.batches.push_back(std::move(batch));
    }
    return forest;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool percent(unsigned chance) { return below(100) < chance; }

  static std::uint64_t table(int level, std::uint64_t index) {
    const auto pool = static_cast<std::uint64_t>(level - 1);
    return Guest::kTableBase + (pool * kTablesPerLevel + index) * 4096;
  }

  void fill_table(std::uint64_t frame, int level) {
    for (std::uint64_t slot = 0; slot < 512; ++slot) guest_.word(frame + slot * 8) = entry(level);
  }

  std::uint64_t data_address(std::uint64_t size) {
    return Guest::kDataBase + below((Guest::kEnd - Guest::kDataBase) / size) * size;
  }

  // Address, PS and alignment-dependent bits of an entry that maps a page, or points to a table.
  std::uint64_t target(int level) {
    const bool large = (level == 2 || level == 3) && percent(25);
    if (level == 1) return data_address(4096) | (percent(30) ? 0x80 : 0);  // bit 7 is PAT
    if (!large) return table(level - 1, below(kTablesPerLevel));
    const std::uint64_t address = level == 2 ? data_address(2u << 20) : 0;
    return address | 0x80 | (percent(30) ? 0x1000 : 0);  // bit 12 is PAT
  }

  std::uint64_t reserved_bit(int level, std::uint64_t entry) {
    const auto any = [this](unsigned high, unsigned low) {
      return std::uint64_t{1} << (low + below(high - low + 1));
    };
    const bool large = (level == 2 || level == 3) && (entry & 0x80) != 0;
    if (large && percent(60)) return any(level == 2 ? 20 : 29, 13);
    if (level >= 4 && percent(60)) return percent(50) ? 0x80 : 0x100;  // PS; bit 8 on AMD only
    return limits_.maxphyaddr < 52 ? any(51, static_cast<unsigned>(limits_.maxphyaddr)) : 0;
  }

  std::uint64_t entry(int level) {
    std::uint64_t e = target(level);
    if (!percent(3)) e |= 1;
    if (!percent(12)) e |= 2;
    if (!percent(15)) e |= 4;
    e |= below(4) << 3;  // PWT, PCD
    if (percent(20)) e |= 0x20;
    if (percent(20)) e |= 0x40;
    if (level <= 3 && percent(20)) e |= 0x100;  // G, or ignored
    e |= below(8) << 9;                         // software
    e |= below(128) << 52;                      // software
    if (percent(50)) e |= below(16) << 59;      // protection key, or ignored
    if (percent(8)) e |= std::uint64_t{1} << 63;
    if (percent(2)) e |= reserved_bit(level, e);
    if ((e & 1) == 0 && percent(50)) e = random_() & ~std::uint64_t{1};  // all free for software
    return e;
  }

  // Each root has its own; the first ones make sure that the rare combinations occur.
  spec::Controls controls(std::size_t root) {
    spec::Controls c = limits_;
    c.levels = levels_;
    c.nxe = limits_.nxe && root % 6 != 0;
    c.wp = percent(70);
    c.smep = limits_.smep && root % 12 != 0 && percent(50);
    c.smap = limits_.smap && percent(40);
    c.ac = c.smap && percent(40);
    c.pke = limits_.pke && percent(60);
    c.pks = limits_.pks && percent(60);
    c.pkru = c.pke ? static_cast<std::uint32_t>(random_() & random_()) : 0;
    c.pkrs = c.pks ? static_cast<std::uint32_t>(random_() & random_()) & ~3u : 0;
    return c;
  }

  // Indices collide at the ends of tables and of the two halves more often than by chance.
  std::uint64_t index() {
    constexpr std::array<std::uint64_t, 6> kEdges = {0, 1, 255, 256, 510, 511};
    return percent(25) ? kEdges[below(kEdges.size())] : below(512);
  }

  std::uint64_t address() {
    std::uint64_t va = percent(10) ? (percent(50) ? 0 : 0xff8) : below(512) * 8;
    for (int level = 1; level <= levels_; ++level) {
      std::uint64_t at = index();
      while (level == levels_ && at == guest_.harness_slot()) at = index();
      va |= at << (12 + 9 * (level - 1));
    }
    const int top = levels_ == 5 ? 56 : 47;
    if (((va >> top) & 1) != 0) va |= ~std::uint64_t{0} << top;
    return va;
  }

  [[nodiscard]] auto reader() const {
    return [this](std::uint64_t pa) { return pa < Guest::kEnd ? guest_.word(pa) : 0; };
  }

  Probe draw_probe(const Batch& batch) {
    Probe probe;
    probe.va = address();
    probe.access.user = percent(50);
    const std::uint64_t kind = below(3);
    probe.access.kind = kind == 0 ? Kind::kRead : kind == 1 ? Kind::kWrite : Kind::kFetch;
    probe.value = code_word(random_(), static_cast<unsigned>(below(256)));
    const auto page = spec::translate(reader(), batch.root, probe.va, batch.controls);
    if (page && page->size == 1u << 30) {  // of a 1 GiB page only the data frames are memory
      probe.va = (probe.va & ~((std::uint64_t{1} << 30) - 1)) | data_address(8);
    }
    // Not canonical, or the same address in the other half.
    if (percent(2)) probe.va ^= std::uint64_t{1} << (47 + below(17));
    return probe;
  }

  void add_probe(Batch& batch, Forest& forest) {
    const Probe probe = draw_probe(batch);
    if (((probe.va >> (12 + 9 * (levels_ - 1))) & 511) == guest_.harness_slot()) return;
    const auto page = spec::translate(reader(), batch.root, probe.va, batch.controls);
    if (page && (page->pa < Guest::kDataBase || page->pa >= Guest::kEnd)) {
      ++forest.dropped;
      return;
    }
    batch.probes.push_back(probe);
  }

  Guest& guest_;
  const Limits& limits_;
  int levels_;
  std::mt19937_64 random_;
};

}  // namespace

Forest plant(Guest& guest, const Limits& limits, int levels, std::uint64_t seed,
             std::size_t probes) {
  return Planter(guest, limits, levels, seed).plant(probes);
}

}  // namespace quintet::page_table::mmu
