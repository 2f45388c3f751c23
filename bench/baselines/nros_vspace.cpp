// SPDX-License-Identifier: MIT
#include "baselines/nros_vspace.hpp"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "baselines/x86_bits.hpp"

namespace quintet::baselines {
namespace {

using namespace x86;  // NOLINT(google-build-using-namespace): one vocabulary, one file.

constexpr std::uint64_t leaf_bits(MapRights rights) noexcept {
  switch (rights) {
    case MapRights::kReadUser:
      return kPresent | kUser | kNoExecute;
    case MapRights::kReadKernel:
      return kPresent | kNoExecute;
    case MapRights::kReadWriteUser:
      return kPresent | kUser | kWritable | kNoExecute;
    case MapRights::kReadWriteKernel:
      return kPresent | kWritable | kNoExecute;
    case MapRights::kReadExecuteUser:
      return kPresent | kUser;
    case MapRights::kReadExecuteKernel:
      return kPresent;
    case MapRights::kReadWriteExecuteUser:
      return kPresent | kUser | kWritable;
    case MapRights::kReadWriteExecuteKernel:
      return kPresent | kWritable;
    case MapRights::kNone:
      break;
  }
  return 0;
}

/// Writes leaves of `page` bytes from va's slot to the end of `table` or until less than one page
/// of the range is left. Returns the bytes mapped, or the address of the first slot taken.
std::expected<std::uint64_t, VSpaceError> fill(std::uint64_t* table, std::uint64_t page,
                                               std::uint64_t va, std::uint64_t pa,
                                               std::uint64_t bytes, std::uint64_t bits) {
  std::uint64_t mapped = 0;
  for (std::size_t i = index_of(va, page); i < kEntries && bytes - mapped >= page; ++i) {
    if ((table[i] & kPresent) != 0) return std::unexpected(VSpaceError{va + mapped});
    table[i] = ((pa + mapped) & kAddress) | bits;
    mapped += page;
  }
  return mapped;
}

constexpr bool can_promote(std::uint64_t page, std::uint64_t va, std::uint64_t pa,
                           std::uint64_t bytes) noexcept {
  return is_aligned(va, page) && is_aligned(pa, page) && bytes >= page;
}

}  // namespace

NrosVSpace::NrosVSpace() : root_(make_table()) {}

NrosVSpace::~NrosVSpace() {
  for (std::uint64_t* table : tables_) std::free(table);
  malloc_trim(0);
}

std::uint64_t* NrosVSpace::make_table() {
  void* memory = std::aligned_alloc(kTableBytes, kTableBytes);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, kTableBytes);
  auto* table = static_cast<std::uint64_t*>(memory);
  try {
    tables_.push_back(table);
  } catch (...) {
    std::free(table);
    throw;
  }
  return table;
}

std::uint64_t* NrosVSpace::child_or_new(std::uint64_t& entry) {
  if ((entry & kPresent) == 0) entry = reinterpret_cast<std::uint64_t>(make_table()) | kTable;
  return table_at(entry);
}

std::expected<void, VSpaceError> NrosVSpace::map_generic(std::uint64_t va, std::uint64_t pa,
                                                         std::uint64_t bytes, MapRights rights) {
  if (!is_aligned(va | pa | bytes, kSize4K) || rights == MapRights::kNone) {
    return std::unexpected(VSpaceError{va});
  }
  const std::uint64_t bits = leaf_bits(rights);
  std::uint64_t* const pdpt = child_or_new(root_[index_of(va, kSize512G)]);
  std::uint64_t& pdpte = pdpt[index_of(va, kSize1G)];

  std::expected<std::uint64_t, VSpaceError> mapped;
  if ((pdpte & kPresent) == 0 && can_promote(kSize1G, va, pa, bytes)) {
    mapped = fill(pdpt, kSize1G, va, pa, bytes, bits | kHuge);
  } else {
    std::uint64_t* const pd = child_or_new(pdpte);
    if ((pdpte & kHuge) != 0) return std::unexpected(VSpaceError{va});
    std::uint64_t& pde = pd[index_of(va, kSize2M)];
    if ((pde & kPresent) == 0 && can_promote(kSize2M, va, pa, bytes)) {
      mapped = fill(pd, kSize2M, va, pa, bytes, bits | kHuge);
    } else {
      std::uint64_t* const pt = child_or_new(pde);
      if ((pde & kHuge) != 0) return std::unexpected(VSpaceError{va});
      mapped = fill(pt, kSize4K, va, pa, bytes, bits);
    }
  }
  if (!mapped) return std::unexpected(mapped.error());
  if (*mapped == bytes) return {};
  return map_generic(va + *mapped, pa + *mapped, bytes - *mapped, rights);
}

bool NrosVSpace::modify(std::uint64_t va, Change change, MapRights rights, ModifiedLeaf& found) {
  if (!is_aligned(va, kSize4K)) return false;
  const auto apply = [&](std::uint64_t& entry, std::uint64_t page) {
    found = {va & ~(page - 1), entry & kAddress, page, MapRights::kNone};
    const std::uint64_t huge = page == kSize4K ? 0 : kHuge;
    entry = change == Change::kUnmap ? 0 : found.pa | leaf_bits(rights) | huge;
    return true;
  };
  const std::uint64_t pml4e = root_[index_of(va, kSize512G)];
  if ((pml4e & kPresent) == 0) return false;
  std::uint64_t& pdpte = table_at(pml4e)[index_of(va, kSize1G)];
  if ((pdpte & kPresent) == 0) return false;
  if ((pdpte & kHuge) != 0) return apply(pdpte, kSize1G);
  std::uint64_t& pde = table_at(pdpte)[index_of(va, kSize2M)];
  if ((pde & kPresent) == 0) return false;
  if ((pde & kHuge) != 0) return apply(pde, kSize2M);
  std::uint64_t& pte = table_at(pde)[index_of(va, kSize4K)];
  if ((pte & kPresent) == 0) return false;
  return apply(pte, kSize4K);
}

bool NrosVSpace::unmap(std::uint64_t va) {
  ModifiedLeaf found;
  return modify(va, Change::kUnmap, MapRights::kNone, found);
}

std::optional<ModifiedLeaf> NrosVSpace::update_rights(std::uint64_t va, MapRights rights) {
  ModifiedLeaf found;
  if (rights == MapRights::kNone || !modify(va, Change::kRights, rights, found)) {
    return std::nullopt;
  }
  return found;
}

std::uint64_t NrosVSpace::translate(std::uint64_t va) const {
  const std::uint64_t pml4e = root_[index_of(va, kSize512G)];
  if ((pml4e & kPresent) == 0) return kNoTranslation;
  const std::uint64_t pdpte = table_at(pml4e)[index_of(va, kSize1G)];
  if ((pdpte & kPresent) == 0) return kNoTranslation;
  if ((pdpte & kHuge) != 0) return (pdpte & kAddress) + va % kSize1G;
  const std::uint64_t pde = table_at(pdpte)[index_of(va, kSize2M)];
  if ((pde & kPresent) == 0) return kNoTranslation;
  if ((pde & kHuge) != 0) return (pde & kAddress) + va % kSize2M;
  const std::uint64_t pte = table_at(pde)[index_of(va, kSize4K)];
  if ((pte & kPresent) == 0) return kNoTranslation;
  return (pte & kAddress) + va % kSize4K;
}

}  // namespace quintet::baselines
