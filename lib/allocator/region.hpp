// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "allocator/lock.hpp"
#include "allocator/slab.hpp"
#include "allocator/span.hpp"

// A region: one reservation of address space, its map, and its tables of slabs and spans.
//
//   | map | slabs | spans | states | nothing | unit k | unit k+1 | ...
//
// Tables and units have the same numbers: unit i is described by entry i of each table. They are
// committed together, from the front on, so that a region costs what is in use of it.
//
// Invariants:
//   I1  units [first, committed) are accessible, and so are their entries; `committed` only grows
//   I2  the map's word of a unit is kNoClass unless a slab or large object starts there that is
//       in use, or (blocks of less than a unit) is a part of it
//
//   map, committed: any thread.  entries of the tables: whoever owns the span.
//   make, grow: under the lock of Regions.
namespace quintet::allocator {

template <class Env>
class Region {
 public:
  using G = typename Env::G;
  using MapCell = typename Env::template Atomic<std::uint32_t>;
  using StateCell = typename Env::template Atomic<std::uint8_t>;

  // Reserves `bytes` and commits nothing. False: there is no such address space.
  [[nodiscard]] bool make(typename Env::Os& os, std::uint64_t bytes) {
    const std::uint64_t units = bytes / G::kUnit;
    const std::uint64_t tables =
        align_up<std::uint64_t>(units * kTableBytes + 4 * G::kPage, G::kUnit);
    std::byte* const base = os.reserve(bytes, G::kUnit);
    if (base == nullptr) return false;
    // One unit is left out between tables and memory, as a guard.
    first_ = tables / G::kUnit + 1;
    units_ = units;
    next_ = first_;
    table_pages_.fill(0);
    map_ = reinterpret_cast<MapCell*>(base);
    std::byte* at = page_after(base + units * sizeof(MapCell));
    slabs_ = reinterpret_cast<Slab<Env>*>(at);
    at = page_after(at + units * sizeof(Slab<Env>));
    spans_ = reinterpret_cast<Span<Env>*>(at);
    at = page_after(at + units * sizeof(Span<Env>));
    states_ = reinterpret_cast<StateCell*>(at);
    base_ = base;
    return true;
  }

  // Commits so many units more for an arena. Returns the first, or 0: not so many left, or no
  // memory.
  [[nodiscard]] std::uint64_t grow(typename Env::Os& os, std::uint64_t units, const void* arena) {
    if (units > units_ - next_) return 0;
    const std::uint64_t from = next_;
    if (!commit_tables(os, from + units)) return 0;
    if (!os.commit(address(from), units * G::kUnit)) return 0;
    make_cells(from, from + units);
    spans_[from].begins_chunk.store(arena != last_arena_);
    last_arena_ = arena;
    next_ = from + units;
    // release: pairs with holds(), for the tables' entries.
    committed_.store(next_, std::memory_order_release);
    return from;
  }

  [[nodiscard]] std::uint64_t left() const { return units_ - next_; }
  [[nodiscard]] std::uint64_t units() const { return units_; }
  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::byte* base() const { return base_; }
  [[nodiscard]] std::uint64_t committed() const {
    return committed_.load(std::memory_order_acquire);
  }
  [[nodiscard]] MapCell* map() const { return map_; }

  // Whether there are entries for this address.
  [[nodiscard]] bool holds(const void* pointer) const { return index(pointer) < committed(); }
  [[nodiscard]] std::uint64_t index(const void* pointer) const {
    return unit_index<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer),
                                     reinterpret_cast<std::uintptr_t>(base()),
                                     Env::kShape.unit_shift);
  }
  [[nodiscard]] std::byte* address(std::uint64_t index) const {
    return base() + (index << Env::kShape.unit_shift);
  }
  [[nodiscard]] Slab<Env>* slab(std::uint64_t index) const { return slabs_ + index; }
  [[nodiscard]] Span<Env>* span(std::uint64_t index) const { return spans_ + index; }
  // Requires: a level of hardening that has states; a block begins there.
  [[nodiscard]] StateCell& state(const std::byte* block) const {
    return states_[static_cast<std::uint64_t>(block - base_) / 16];
  }
  // No block has begun in these units yet.
  void forget_states(std::uint64_t first, std::uint64_t units) {
    if constexpr (kStates != 0) {
      for (std::uint64_t i = first * kStates; i < (first + units) * kStates; ++i) {
        states_[i].store(0, std::memory_order_relaxed);
      }
    }
  }
  // The same, and they take no memory. The units are free.
  void drop_states(typename Env::Os& os, std::uint64_t first, std::uint64_t units) {
    if constexpr (kStates != 0) {
      const auto begin = reinterpret_cast<std::uintptr_t>(states_ + first * kStates);
      const auto from = align_up<std::uintptr_t>(begin, G::kPage);
      const auto to = align_down<std::uintptr_t>(begin + units * kStates, G::kPage);
      if (from < to) (void)os.decommit(reinterpret_cast<std::byte*>(from), to - from);
    }
  }
  [[nodiscard]] bool holds(const Slab<Env>* slab) const {
    return slab >= slabs_ && slab < slabs_ + units_;
  }
  [[nodiscard]] bool holds(const Span<Env>* span) const {
    return span >= spans_ && span < spans_ + units_;
  }
  [[nodiscard]] std::uint64_t index(const Slab<Env>* slab) const {
    return static_cast<std::uint64_t>(slab - slabs_);
  }
  [[nodiscard]] std::uint64_t index(const Span<Env>* span) const {
    return static_cast<std::uint64_t>(span - spans_);
  }

 private:
  // States of blocks (guards.hpp), where a level of hardening has them.
  static constexpr std::uint64_t kStates = Env::at_least(Hardening::kGuarded) ? G::kUnit / 16 : 0;
  static constexpr std::uint64_t kTableBytes =
      sizeof(MapCell) + sizeof(Slab<Env>) + sizeof(Span<Env>) + kStates;

  [[nodiscard]] static std::byte* page_after(std::byte* at) {
    return reinterpret_cast<std::byte*>(
        align_up<std::uintptr_t>(reinterpret_cast<std::uintptr_t>(at), G::kPage));
  }

  // The tables' entries below `units`.
  [[nodiscard]] bool commit_tables(typename Env::Os& os, std::uint64_t units) {
    return commit_table(os, 0, reinterpret_cast<std::byte*>(map_), units * sizeof(MapCell)) &&
           commit_table(os, 1, reinterpret_cast<std::byte*>(slabs_), units * sizeof(Slab<Env>)) &&
           commit_table(os, 2, reinterpret_cast<std::byte*>(spans_), units * sizeof(Span<Env>)) &&
           commit_table(os, 3, reinterpret_cast<std::byte*>(states_), units * kStates);
  }
  [[nodiscard]] bool commit_table(typename Env::Os& os, std::size_t table, std::byte* begin,
                                  std::uint64_t bytes) {
    const std::uint64_t done = table_pages_[table];
    const std::uint64_t wish = (bytes + G::kPage - 1) / G::kPage;
    if (wish <= done) return true;
    if (!os.commit(begin + done * G::kPage, (wish - done) * G::kPage)) return false;
    table_pages_[table] = wish;
    return true;
  }

  void make_cells(std::uint64_t from, std::uint64_t to) {
    if constexpr (!Env::kZeroIsMade) {
      for (std::uint64_t i = from; i < to; ++i) {
        new (map_ + i) MapCell(0);
        new (slabs_ + i) Slab<Env>;
        new (spans_ + i) Span<Env>;
      }
    }
  }

  std::byte* base_ = nullptr;
  typename Env::template Atomic<std::uint64_t> committed_{0};
  std::uint64_t first_ = 0;
  std::uint64_t units_ = 0;
  std::uint64_t next_ = 0;
  const void* last_arena_ = nullptr;
  MapCell* map_ = nullptr;
  Slab<Env>* slabs_ = nullptr;
  Span<Env>* spans_ = nullptr;
  StateCell* states_ = nullptr;
  std::array<std::uint64_t, 4> table_pages_{};
};

}  // namespace quintet::allocator
