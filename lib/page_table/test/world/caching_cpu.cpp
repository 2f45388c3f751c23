// SPDX-License-Identifier: MIT
#include "page_table/test/world/caching_cpu.hpp"

namespace quintet::page_table::world {

namespace {
constexpr std::uint64_t kAddressBits = 0x000F'FFFF'FFFF'F000;
}

CachingCpu::CachingCpu(const TracedMemory& memory, std::uint64_t root, int levels,
                       std::vector<std::uint64_t> probes)
    : memory_(&memory),
      root_(root),
      levels_(levels),
      probes_(std::move(probes)),
      state_(probes_.size()) {
  look();
}

std::uint64_t CachingCpu::entry_for(std::uint64_t table, std::uint64_t va, int level) const {
  return memory_->peek(table + ((va >> (12 + 9 * (level - 1))) & 511) * 8);
}

void CachingCpu::look() {
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    ProbeState& state = state_[i];
    state.tables[levels_].clear();
    if (root_ != 0) state.tables[levels_].insert(root_);
    for (int level = levels_; level >= 1; --level) {
      for (const std::uint64_t table : state.tables[level]) {
        if (level < levels_) walkable_.insert(table);
        const std::uint64_t entry = entry_for(table, probes_[i], level);
        if (!is_present(entry)) continue;
        if (is_leaf(entry, level)) {
          state.tlb.emplace(entry, level);
        } else {
          state.tables[level - 1].insert(entry & kAddressBits);
        }
      }
    }
  }
}

void CachingCpu::flush(std::span<const StaleRange<std::uint64_t>> ranges, bool everything) {
  walkable_.clear();
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    state_[i].tables.clear();
    std::erase_if(state_[i].tlb, [&](const std::pair<std::uint64_t, int>& held) {
      const std::uint64_t size = bytes_per_entry(held.second);
      const std::uint64_t base = probes_[i] & ~(size - 1);
      for (const auto& range : ranges) {  // one INVLPG drops the whole page, whatever its size
        const std::uint64_t first = range.va.value;
        if (base <= first + (range.bytes - 1) && first <= base + (size - 1)) return true;
      }
      return everything;
    });
  }
  look();
}

CachingCpu::Outcome CachingCpu::outcome_of(std::uint64_t va, std::uint64_t entry, int level) {
  const spec::Page page = decode(entry, level);
  return {true, page.pa + (va & (page.size - 1)), page.flags & ~spec::kHardwareBits};
}

std::set<CachingCpu::Outcome> CachingCpu::outcomes(std::size_t i) const {
  std::set<Outcome> all;
  for (const auto& [level, tables] : state_[i].tables) {
    for (const std::uint64_t table : tables) {
      const std::uint64_t entry = entry_for(table, probes_[i], level);
      if (!is_present(entry)) {
        all.insert(Outcome{});
      } else if (is_leaf(entry, level)) {
        all.insert(outcome_of(probes_[i], entry, level));
      }  // else: the table below is among those to start from
    }
  }
  return all;
}

CachingCpu::Outcome CachingCpu::memory_says(std::size_t i) const {
  std::uint64_t table = root_;
  for (int level = levels_; level >= 1; --level) {
    const std::uint64_t entry = entry_for(table, probes_[i], level);
    if (!is_present(entry)) return {};
    if (is_leaf(entry, level)) return outcome_of(probes_[i], entry, level);
    table = entry & kAddressBits;
  }
  return {};
}

}  // namespace quintet::page_table::world
