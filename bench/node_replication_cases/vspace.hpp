// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "page_table/frame_arena.hpp"
#include "page_table/page_table.hpp"

// The paper's replicated structure: a four-level x86-64 page table whose whole range is mapped
// with 4 KiB pages. A write gives a page that is mapped another frame; a read resolves an address.
//
// The library has no such write: map() refuses a page that is mapped, and unmap() with map() walks
// twice and counts twice. So it is made of what the library shows of a table, its root, its memory
// and the encoding of entries: a walk, and a store of the leaf. It adds and removes no entry, so
// the library's invariants hold. Reads are the library's resolve().
// Threading: one writer, or any number of readers; through the accesses of SharedFrameArena both
// at once, and several writers, are fine as well (what `lockfree` does).
namespace quintet::bench::node_replication_cases {

class VSpace {
 public:
  struct WriteOp {
    std::uint64_t va;
    std::uint64_t pa;
  };

  // Maps [0, bytes), each page to the frame of its own number.
  explicit VSpace(std::uint64_t bytes) : arena_(open(bytes)), table_(make(arena_)) {
    const auto mapped =
        table_.map_range(page_table::VirtAddr(0), page_table::PhysAddr(0), bytes, kFlags);
    if (!mapped) throw std::runtime_error(page_table::to_string(mapped.error()));
  }
  VSpace(const VSpace&) = delete;
  VSpace& operator=(const VSpace&) = delete;

  // Whether `op.va` is within a table. Requires: it is mapped, if so.
  bool apply(const WriteOp& op) {
    const page_table::PhysAddr slot = leaf_of(op.va);
    if (slot.is_null()) return false;
    arena_.write(slot, Entry::leaf(1, page_table::PhysAddr(op.pa), kFlags).bits);
    return true;
  }
  void prefetch(const WriteOp& op) const { arena_.prefetch(arena_.locate(leaf_of(op.va))); }

  // The physical address that `va` translates to, or 0.
  [[nodiscard]] std::uint64_t resolve(std::uint64_t va) const {
    const auto found = table_.resolve(page_table::VirtAddr(va));
    return found ? found->physical().value : 0;
  }

 private:
  using Arena = page_table::SharedFrameArena;
  using Table = page_table::PageTable<Arena>;
  using Entry = page_table::Entry;
  static constexpr page_table::PageFlags kFlags = page_table::PageFlags().user().writable();

  static Arena open(std::uint64_t bytes) {
    const std::uint64_t tables = bytes / page_table::kTableBytes / 512;
    auto arena = Arena::create({.bytes = (tables + tables / 512 + 64) * page_table::kTableBytes});
    if (!arena) throw std::runtime_error(arena.error().message());
    return std::move(*arena);
  }
  static Table make(Arena& arena) {
    auto table = Table::create(arena);
    if (!table) throw std::runtime_error(page_table::to_string(table.error()));
    return std::move(*table);
  }

  // Where the leaf of `va` is; null if an upper level ends before.
  [[nodiscard]] page_table::PhysAddr leaf_of(std::uint64_t address) const {
    const page_table::VirtAddr va(address);
    page_table::PhysAddr table = table_.root();
    for (int level = Table::kLevels; level > 1; --level) {
      const Entry entry(arena_.read(page_table::entry_address(table, va, level)));
      if (!entry.present()) [[unlikely]]
        return {};
      table = entry.table();
    }
    return page_table::entry_address(table, va, 1);
  }

  Arena arena_;
  Table table_;
};

}  // namespace quintet::bench::node_replication_cases
