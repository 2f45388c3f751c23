// SPDX-License-Identifier: MIT
#pragma once

// NrosVSpace: the unverified rival, an address space in the manner of NrOS. Four levels; one map
// call covers any multiple of 4 KiB and promotes to 2 MiB and 1 GiB leaves where both addresses
// allow it. Written from a description of the original, not from its text.
//
// Reproduced: every table is a 4 KiB-aligned heap block (real allocator), zeroed when made, pushed
// to a vector and freed only by the destructor; physical addresses are pointers; an emptied table
// stays linked, and then blocks promotion; a failing map keeps what it mapped so far; unmap clears
// the leaf that contains the address, huge or not; no TLB work.
// Deviates: bad arguments and an occupied slot in a 1 GiB run are errors, where the original
// panics; user rights set U/S and kernel rights clear it, where the original has it the wrong way
// round (no effect on time); the destructor also trims the heap, so that the next instance in the
// process pays the operating system's first touch again, as a fresh process would.
// Invariant: every table entry points to a table in `tables_`. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

namespace quintet::baselines {

enum class MapRights : std::uint8_t {
  kNone,
  kReadUser,
  kReadKernel,
  kReadWriteUser,
  kReadWriteKernel,
  kReadExecuteUser,
  kReadExecuteKernel,
  kReadWriteExecuteUser,
  kReadWriteExecuteKernel,
};

/// Where a map, unmap or modify met a slot that it could not use.
struct VSpaceError {
  std::uint64_t at;
};

/// The leaf that a modify found. The original does not decode the old rights: always kNone.
struct ModifiedLeaf {
  std::uint64_t va;
  std::uint64_t pa;
  std::uint64_t size;
  MapRights old_rights;
};

class NrosVSpace {
 public:
  /// Makes the empty root. Throws std::bad_alloc when memory is out, as does every map.
  NrosVSpace();
  ~NrosVSpace();
  NrosVSpace(const NrosVSpace&) = delete;
  NrosVSpace& operator=(const NrosVSpace&) = delete;

  /// Maps [va, va + bytes) to [pa, pa + bytes) with the largest pages that fit. Requires va + bytes
  /// <= 2^48. Errors: an address that is not 4 KiB-aligned, kNone, or (at the first such address) a
  /// slot that is taken; pages before it stay mapped. O(leaves written + tables made).
  std::expected<void, VSpaceError> map_generic(std::uint64_t va, std::uint64_t pa,
                                               std::uint64_t bytes, MapRights rights);

  /// map_generic, reduced to whether it succeeded.
  bool map(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes, MapRights rights) {
    return map_generic(va, pa, bytes, rights).has_value();
  }

  /// Clears the leaf that contains the 4 KiB-aligned `va`; false if there is none. O(1).
  bool unmap(std::uint64_t va);

  /// Replaces the rights of the leaf that contains `va`; nothing if there is no leaf.
  std::optional<ModifiedLeaf> update_rights(std::uint64_t va, MapRights rights);

  /// The physical address that `va` translates to. O(1).
  [[nodiscard]] std::optional<std::uint64_t> resolve(std::uint64_t va) const {
    const std::uint64_t pa = translate(va);
    return pa == kNoTranslation ? std::nullopt : std::optional(pa);
  }

  /// Tables ever made, the root included: none is freed before the destructor.
  [[nodiscard]] std::size_t tables() const noexcept { return tables_.size(); }

  /// The root table: 512 entries as the hardware reads them.
  [[nodiscard]] const std::uint64_t* root() const noexcept { return root_; }

 private:
  enum class Change : std::uint8_t { kRights, kUnmap };

  static constexpr std::uint64_t kNoTranslation = ~std::uint64_t{0};  // no 52-bit address

  // An optional returned from out of line stalls on g++ (stored by bytes, reloaded as words), so
  // that the walk returns a plain word and resolve wraps it where it is called.
  [[nodiscard]] std::uint64_t translate(std::uint64_t va) const;
  std::uint64_t* make_table();
  std::uint64_t* child_or_new(std::uint64_t& entry);
  // Out of line on every compiler, as LLVM keeps it (the original was compiled by LLVM): unmap is a
  // call of the general operation, which stores its result in memory, where nobody reads it.
  [[gnu::noinline]] bool modify(std::uint64_t va, Change change, MapRights rights,
                                ModifiedLeaf& found);

  std::vector<std::uint64_t*> tables_;
  std::uint64_t* root_;
};

}  // namespace quintet::baselines
