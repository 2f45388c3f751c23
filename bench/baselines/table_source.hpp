// SPDX-License-Identifier: MIT
#pragma once

// Where VerifiedPageTable gets its tables: two hooks, a policy each.
//
// FreshNoFree is the hook of the original: 4 KiB-aligned heap blocks that nobody zeroes (it relies
// on memory fresh from the operating system) and that are never freed. A real aligned_alloc would
// break that in any process that has freed memory before, so the blocks come from private anonymous
// mappings in the layout that glibc gives the original: the chunk header in front of an aligned
// block lies on the page before it, so blocks are 8 KiB apart and each costs two page faults. The
// header word is written for that reason. Two things are in the rival's favour: malloc's own path
// and its brk calls (one per 16 tables) are left out; and the table's first word is written as 0,
// because a table whose first touch is a read, as here, would cost a third fault (the kernel's zero
// page, then its copy), where two were measured for the original.
//
// ZeroAndFree is the variant for workloads that reuse memory (churn, sparse, random): the real
// allocator, zeroed on the way out, freed on the way in.
//
// Both return zeroed memory and give everything back when destroyed. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quintet::baselines {

class FreshNoFree {
 public:
  FreshNoFree() = default;
  ~FreshNoFree();
  FreshNoFree(const FreshNoFree&) = delete;
  FreshNoFree& operator=(const FreshNoFree&) = delete;

  /// The address of a zeroed table. Throws std::bad_alloc when memory is out.
  std::uint64_t allocate();
  void release(std::uint64_t /*table*/) noexcept {}

  /// Whether the owner must release what it still holds before this is destroyed.
  static constexpr bool kOwnerReleases = false;

 private:
  void map_region();

  std::vector<std::byte*> regions_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

class ZeroAndFree {
 public:
  ZeroAndFree() = default;
  ~ZeroAndFree();
  ZeroAndFree(const ZeroAndFree&) = delete;
  ZeroAndFree& operator=(const ZeroAndFree&) = delete;

  /// The address of a zeroed table. Throws std::bad_alloc when memory is out.
  std::uint64_t allocate();
  void release(std::uint64_t table) noexcept;

  static constexpr bool kOwnerReleases = true;
};

}  // namespace quintet::baselines
