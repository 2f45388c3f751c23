// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>

#include "page_table/frame_arena.hpp"
#include "page_table/page_table.hpp"

// Our page table behind the interface that the workloads use (workloads.hpp). Every member is one
// call of the library; flags are those of the paper's workload: user, writable, executable. The
// members of one operation are inlined for every implementation alike, so that none pays for the
// interface (always_inline: the compiler's own choice differs from case to case).
namespace quintet::bench {

template <page_table::Policy kPolicy = page_table::kDefaultPolicy,
          platform::Backing kBacking = platform::Backing::kTransparentHuge>
class Quintet {
 public:
  using Arena = page_table::FrameArena;
  using Table = page_table::PageTable<Arena, page_table::NoInvalidation, kPolicy>;
  static constexpr std::size_t kBatch = 16;

  // Room for `tables` tables; their memory is committed at first touch.
  explicit Quintet(std::uint64_t tables)
      : arena_(open({.bytes = (tables + 64) * page_table::kTableBytes,
                     .backing = kBacking,
                     .metadata = kPolicy.counter == page_table::Counter::kBeside})),
        table_(must(Table::create(arena_))) {}

  [[gnu::always_inline]] bool map(std::uint64_t va) {
    return table_.map(VirtAddr(va), PhysAddr(0), page_table::PageSize::k4K, kFlags).has_value();
  }
  [[gnu::always_inline]] bool unmap(std::uint64_t va) {
    return table_.unmap(VirtAddr(va)).has_value();
  }
  // The physical address must be the one that was mapped.
  [[gnu::always_inline]] bool resolve(std::uint64_t va) {
    const auto found = table_.resolve(VirtAddr(va));
    return found && found->physical() == PhysAddr(0);
  }
  bool map_large(std::uint64_t va, page_table::PageSize size) {
    return table_.map(VirtAddr(va), PhysAddr(0), size, kFlags).has_value();
  }
  bool map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes) {
    return table_.map_range(VirtAddr(va), PhysAddr(pa), bytes, kFlags).has_value();
  }
  bool unmap_range(std::uint64_t va, std::uint64_t bytes) {
    const auto removed = table_.unmap_range(VirtAddr(va), bytes);
    return removed && *removed == bytes;
  }
  bool protect_range(std::uint64_t va, std::uint64_t bytes, bool writable) {
    const auto changed = table_.protect_range(VirtAddr(va), bytes, kFlags.writable(writable));
    return changed && *changed == bytes;
  }
  bool split(std::uint64_t va) { return table_.split(VirtAddr(va)).has_value(); }
  bool merge(std::uint64_t va, page_table::PageSize size) {
    return table_.merge(VirtAddr(va), size).has_value();
  }

  // `pages`: page numbers, at most kBatch.
  bool map_batch(std::span<const std::uint32_t> pages) {
    std::array<typename Table::MapRequest, kBatch> requests;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      requests[i] = {VirtAddr(std::uint64_t{pages[i]} << 12), PhysAddr(0), kFlags};
    }
    return table_.map_batch(std::span(requests).first(pages.size())).has_value();
  }
  bool unmap_batch(std::span<const std::uint32_t> pages) {
    std::array<page_table::Mapping, kBatch> removed;
    return table_.unmap_batch(addresses(pages), removed).has_value();
  }
  bool resolve_batch(std::span<const std::uint32_t> pages) {
    std::array<page_table::Result<page_table::Mapping>, kBatch> found;
    table_.resolve_batch(addresses(pages), std::span(found).first(pages.size()));
    bool ok = true;
    for (std::size_t i = 0; i < pages.size(); ++i) ok = ok && found[i].has_value();
    return ok;
  }

 private:
  using VirtAddr = page_table::VirtAddr;
  using PhysAddr = page_table::PhysAddr;
  static constexpr page_table::PageFlags kFlags =
      page_table::PageFlags().user().writable().executable();

  static Arena open(const Arena::Options& options) {
    auto arena = Arena::create(options);
    if (!arena) throw std::runtime_error(arena.error().message());
    return std::move(*arena);
  }
  static Table must(page_table::Result<Table> table) {
    if (!table) throw std::runtime_error(page_table::to_string(table.error()));
    return std::move(*table);
  }
  std::span<const VirtAddr> addresses(std::span<const std::uint32_t> pages) {
    for (std::size_t i = 0; i < pages.size(); ++i) {
      batch_[i] = VirtAddr(std::uint64_t{pages[i]} << 12);
    }
    return std::span(batch_).first(pages.size());
  }

  Arena arena_;
  Table table_;
  std::array<VirtAddr, kBatch> batch_{};
};

}  // namespace quintet::bench
