// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <memory>

#include "baselines/nros_vspace.hpp"
#include "baselines/table_source.hpp"
#include "baselines/verified_page_table.hpp"
#include "page_table/address.hpp"

// The rivals behind the interface that the workloads use. Rights are those of the paper's
// workload: read-write user for NrOS, user, writable and executable for the verified table.
namespace quintet::bench {

class Nros {
 public:
  explicit Nros(std::uint64_t /*tables*/) {}
  [[gnu::always_inline]] bool map(std::uint64_t va) { return space_.map(va, 0, 4096, kRights); }
  [[gnu::always_inline]] bool unmap(std::uint64_t va) { return space_.unmap(va); }
  [[gnu::always_inline]] bool resolve(std::uint64_t va) { return space_.resolve(va) == 0; }
  bool map_large(std::uint64_t va, page_table::PageSize size) {
    return space_.map(va, 0, page_table::page_bytes(size), kRights);
  }
  bool map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes) {
    return space_.map(va, pa, bytes, kRights);
  }
  // It has no range form of these: its user loops.
  bool unmap_range(std::uint64_t va, std::uint64_t bytes) {
    bool ok = true;
    for (std::uint64_t at = 0; at < bytes; at += 4096) ok = space_.unmap(va + at) && ok;
    return ok;
  }
  bool protect_range(std::uint64_t va, std::uint64_t bytes, bool writable) {
    const auto rights = writable ? kRights : baselines::MapRights::kReadUser;
    bool ok = true;
    for (std::uint64_t at = 0; at < bytes; at += 4096) {
      ok = space_.update_rights(va + at, rights).has_value() && ok;
    }
    return ok;
  }

 private:
  static constexpr auto kRights = baselines::MapRights::kReadWriteUser;
  baselines::NrosVSpace space_;
};

// `Source` as in baselines/table_source.hpp: FreshNoFree is the original's allocator hook, which
// never frees; ZeroAndFree is for workloads that use memory again.
template <class Source, bool kReclaim = true>
class Verified {
 public:
  explicit Verified(std::uint64_t /*tables*/) {}
  [[gnu::always_inline]] bool map(std::uint64_t va) { return map_bytes(va, 4096); }
  [[gnu::always_inline]] bool unmap(std::uint64_t va) {
    if constexpr (kReclaim) {
      return table_.unmap(va) == baselines::UnmapResult::kOk;
    } else {
      return table_.unmap_noreclaim(va) == baselines::UnmapResult::kOk;
    }
  }
  [[gnu::always_inline]] bool resolve(std::uint64_t va) {
    const auto found = table_.resolve(va);
    return found && found->frame.base == 0;
  }
  bool map_large(std::uint64_t va, page_table::PageSize size) {
    return map_bytes(va, page_table::page_bytes(size));
  }

 private:
  bool map_bytes(std::uint64_t va, std::uint64_t bytes) {
    return table_.map_frame(va, {.base = 0,
                                 .size = bytes,
                                 .writable = true,
                                 .supervisor = false,
                                 .disable_execute = false}) == baselines::MapResult::kOk;
  }
  baselines::VerifiedPageTable<Source> table_;
};

}  // namespace quintet::bench
