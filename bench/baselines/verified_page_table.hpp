// SPDX-License-Identifier: MIT
#pragma once

// VerifiedPageTable: the rival with the algorithm of the paper's verified page table (SOSP'24,
// section 4.2.3), in C++. Written from a description of the original, not from its text.
//
// Reproduced: one recursive call per level, the index by division by the level's entry size; the
// overlap check that never looks below an entry of the wanted size (a table is never empty); and
// unmap's reclamation, which at every level on the way up scans the child table from index 0 for
// its first present entry, whether or not anything below was emptied. The root is never freed.
// Entries: a table is present, writable and user, all restriction is in the leaf; a removed entry
// is 0. Tables come from `Source` (table_source.hpp).
// Division: unmap takes the entry size from a layer table at run time, so its divisions are real.
// map, unmap_noreclaim and resolve recurse in tail position and have the level as a compile-time
// constant, as an unrolled recursion has: the original's times have no room for four divisions in
// the last two (they would cost 3 times as much), and map with them is 1.6 times the NrOS map,
// where 0.8 to 1.4 was measured for the original. unmap in descending order fits only with them.
// Deviates: tables() is counted, the preconditions are asserted in debug builds, and the destructor
// gives the tables back.
// Invariant (without unmap_noreclaim): no table but the root is empty. Not thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "baselines/table_source.hpp"
#include "baselines/x86_bits.hpp"

namespace quintet::baselines {

/// What a virtual range maps to. `size` is 4 KiB, 2 MiB or 1 GiB; `base` is aligned to it.
struct Frame {
  std::uint64_t base;
  std::uint64_t size;
  bool writable;
  bool supervisor;
  bool disable_execute;

  friend bool operator==(const Frame&, const Frame&) = default;
};

struct Resolved {
  std::uint64_t va;  // the mapping's own base
  Frame frame;
};

enum class MapResult : std::uint8_t { kOk, kOverlap };
enum class UnmapResult : std::uint8_t { kOk, kNoSuchMapping };

template <class Source>
class VerifiedPageTable {
 public:
  /// Makes the empty root. Throws std::bad_alloc when memory is out, as does every map.
  VerifiedPageTable();
  ~VerifiedPageTable();
  VerifiedPageTable(const VerifiedPageTable&) = delete;
  VerifiedPageTable& operator=(const VerifiedPageTable&) = delete;

  /// Adds exactly one mapping, or reports that it would overlap and changes nothing. Requires `va`
  /// aligned to the frame's size and va + size < 2^48. O(levels).
  MapResult map_frame(std::uint64_t va, const Frame& frame);

  /// Removes the mapping whose base is `va`, and each table that this empties. Requires `va` 4
  /// KiB-aligned and < 2^48. O(512 * levels).
  UnmapResult unmap(std::uint64_t va);

  /// As unmap, but emptied tables stay linked (after which map may report an overlap for a huge
  /// page over one). O(levels).
  UnmapResult unmap_noreclaim(std::uint64_t va);

  /// The mapping that contains `va`. Requires va < 2^48. O(levels).
  [[nodiscard]] std::optional<Resolved> resolve(std::uint64_t va) const;

  /// Tables in use, the root included.
  [[nodiscard]] std::size_t tables() const noexcept { return tables_; }

  /// The root table: 512 entries as the hardware reads them.
  [[nodiscard]] const std::uint64_t* root() const noexcept { return x86::table_at(root_); }

 private:
  static constexpr std::size_t kLevels = 4;
  struct Layer {
    std::uint64_t entry_size;
    std::uint64_t entries;
  };
  using Layers = std::array<Layer, kLevels>;
  static Layers x86_layers();

  template <std::size_t Level>
  MapResult map_at(std::uint64_t table, std::uint64_t base, std::uint64_t va, const Frame& frame);
  UnmapResult unmap_at(std::size_t level, std::uint64_t table, std::uint64_t base,
                       std::uint64_t va);
  template <std::size_t Level>
  static UnmapResult unmap_noreclaim_at(std::uint64_t table, std::uint64_t base, std::uint64_t va);
  template <std::size_t Level>
  static std::optional<Resolved> resolve_at(std::uint64_t table, std::uint64_t base,
                                            std::uint64_t va);
  [[nodiscard]] bool is_empty(std::size_t level, std::uint64_t table) const;
  void release_below(std::size_t level, std::uint64_t table);
  std::uint64_t new_table();
  void free_table(std::uint64_t table);

  Source source_;
  Layers layers_ = x86_layers();  // a member, so that the compiler does not know the divisors
  std::size_t tables_ = 0;
  std::uint64_t root_;
};

extern template class VerifiedPageTable<FreshNoFree>;
extern template class VerifiedPageTable<ZeroAndFree>;

}  // namespace quintet::baselines
