// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "page_table/test/world/tables.hpp"

// A processor that remembers everything it may: at every moment it holds each partial walk (paging-
// structure cache) and each translation (TLB) that any walk since the last flush could have left
// there, and it goes on walking from them. A flush empties what the manual says it empties: the
// named translations, and all partial walks. Looks at a fixed set of probe addresses.
// Source: Intel SDM vol. 3A, section 4.10.
namespace quintet::page_table::world {

class CachingCpu {
 public:
  // What a walk for a probe can end in: a translation, or a fault when `present` is false.
  // Accessed and dirty are not part of it.
  struct Outcome {
    bool present = false;
    std::uint64_t pa = 0, flags = 0;
    friend auto operator<=>(const Outcome&, const Outcome&) = default;
  };

  CachingCpu(const TracedMemory& memory, std::uint64_t root, int levels,
             std::vector<std::uint64_t> probes);

  // Walks from the root and from all that is cached, in the memory as it is now.
  void look();
  // Loads another CR3: no walk starts at the root any more, what is cached stays.
  void leave() { root_ = 0; }
  void flush(std::span<const StaleRange<std::uint64_t>> ranges, bool everything);

  [[nodiscard]] const std::vector<std::uint64_t>& probes() const { return probes_; }
  // Whether a walk may still read this table.
  [[nodiscard]] bool may_walk(std::uint64_t frame) const { return walkable_.contains(frame); }
  // All that a walk for probe `i` can end in now, cached partial walks included.
  [[nodiscard]] std::set<Outcome> outcomes(std::size_t i) const;
  // The same without any cache: what memory says.
  [[nodiscard]] Outcome memory_says(std::size_t i) const;
  // Leaf entries with their levels that the TLB may hold for probe `i`.
  [[nodiscard]] const std::set<std::pair<std::uint64_t, int>>& tlb(std::size_t i) const {
    return state_[i].tlb;
  }
  [[nodiscard]] static Outcome outcome_of(std::uint64_t va, std::uint64_t entry, int level);

 private:
  struct ProbeState {
    std::map<int, std::set<std::uint64_t>> tables;  // by level: tables that a walk may start from
    std::set<std::pair<std::uint64_t, int>> tlb;
  };
  [[nodiscard]] std::uint64_t entry_for(std::uint64_t table, std::uint64_t va, int level) const;

  const TracedMemory* memory_;
  std::uint64_t root_;
  int levels_;
  std::vector<std::uint64_t> probes_;
  std::vector<ProbeState> state_;
  std::set<std::uint64_t> walkable_;
};

}  // namespace quintet::page_table::world
