// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <utility>

// An address space: a page table of any kind as a structure that can be replicated. Made for
// page_table::PageTable of this suite, which each NUMA node then walks in its own memory.
//
// Requires of Table: the types VirtAddr, PhysAddr, PageFlags and Mapping; `map(va, pa, size,
// flags)`, `unmap(va)`, `protect(va, flags)` and `resolve(va) const`, which answer std::expected
// with one error type that has kNotMapped; and no operation throws. What an operation answers may
// depend on the operations so far only. So the frames of the replicas must be alike: a table that
// runs out of frames on one replica and not on another breaks them apart. Give all replicas windows
// of the same size, each for its table alone. Threading: none of its own.
namespace quintet::node_replication {

template <class Table>
class VSpace {
 public:
  using VirtAddr = typename Table::VirtAddr;
  using PhysAddr = typename Table::PhysAddr;
  using PageFlags = typename Table::PageFlags;
  using Mapping = typename Table::Mapping;
  using PageSize = decltype(std::declval<const Mapping&>().size());
  using Response = decltype(std::declval<Table&>().unmap(std::declval<VirtAddr>()));
  using Error = typename Response::error_type;

  enum class Kind : std::uint8_t { kMap, kRemap, kUnmap, kProtect };
  struct WriteOp {
    VirtAddr va{};
    PhysAddr pa{};
    PageFlags flags{};
    PageSize size{};
    Kind kind = Kind::kMap;
  };
  // Maps a page; what is mapped there already is an error. Answers an empty Mapping.
  [[nodiscard]] static WriteOp map(VirtAddr va, PhysAddr pa, PageSize size, PageFlags flags) {
    return {va, pa, flags, size, Kind::kMap};
  }
  // Maps a page in place of the page whose base is `va`, if there is one. Answers that page, or an
  // empty Mapping. An error leaves everything as it was.
  [[nodiscard]] static WriteOp remap(VirtAddr va, PhysAddr pa, PageSize size, PageFlags flags) {
    return {va, pa, flags, size, Kind::kRemap};
  }
  // Answers the mapping that is gone.
  [[nodiscard]] static WriteOp unmap(VirtAddr va) {
    return {va, PhysAddr{}, PageFlags{}, PageSize{}, Kind::kUnmap};
  }
  // Answers the mapping as it was.
  [[nodiscard]] static WriteOp protect(VirtAddr va, PageFlags flags) {
    return {va, PhysAddr{}, flags, PageSize{}, Kind::kProtect};
  }

  // `memory` is what the table's frames lie in, if it should live exactly as long as the table.
  explicit VSpace(Table table, std::shared_ptr<void> memory = nullptr)
      : memory_(std::move(memory)), table_(std::move(table)) {}

  Response apply(const WriteOp& op) noexcept {
    switch (op.kind) {
      case Kind::kMap:
        return map_now(op);
      case Kind::kRemap:
        return remap_now(op);
      case Kind::kUnmap:
        return table_.unmap(op.va);
      case Kind::kProtect:
        return table_.protect(op.va, op.flags);
    }
    return std::unexpected(Error::kNotMapped);  // no such kind
  }

  // The mapping whose page contains `va`. Reads run side by side on one replica, so this is the
  // form of resolve() that changes nothing.
  [[nodiscard]] auto resolve(VirtAddr va) const { return table_.resolve(va); }
  // For everything else that a read may ask.
  [[nodiscard]] const Table& table() const { return table_; }

 private:
  Response map_now(const WriteOp& op) {
    const auto mapped = table_.map(op.va, op.pa, op.size, op.flags);
    if (!mapped) return std::unexpected(mapped.error());
    return Mapping{};
  }
  Response remap_now(const WriteOp& op) {
    const Response old = table_.unmap(op.va);
    if (!old) return old.error() == Error::kNotMapped ? map_now(op) : old;
    const auto mapped = table_.map(op.va, op.pa, op.size, op.flags);
    if (mapped) return old;
    // Its frames were there a moment ago.
    static_cast<void>(table_.map(op.va, old->physical(), old->size(), old->flags()));
    return std::unexpected(mapped.error());
  }

  std::shared_ptr<void> memory_;  // outlives the table
  Table table_;
};

}  // namespace quintet::node_replication
