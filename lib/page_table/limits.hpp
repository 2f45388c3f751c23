// SPDX-License-Identifier: MIT
#pragma once

#include "page_table/entry.hpp"
#include "page_table/error.hpp"

// What arguments a table on a given CPU accepts: canonical addresses, pages below MAXPHYADDR,
// flags that the CPU knows. Pure functions of the arguments.
namespace quintet::page_table {

template <class W, int kLevels>
class Limits {
 public:
  using VirtAddr = BasicVirtAddr<W>;
  using PhysAddr = BasicPhysAddr<W>;
  using PageFlags = BasicPageFlags<W>;

  // Requires: 32 <= features.maxphyaddr <= 52.
  explicit constexpr Limits(CpuFeatures features)
      : features_(features),
        last_physical_((1ULL << features.maxphyaddr) - 1),
        bad_base_(~last_physical_ | (kTableBytes - 1)),
        refused_(features.nx ? 0 : flag_bit::kNoExecute) {}

  [[nodiscard]] constexpr const CpuFeatures& features() const { return features_; }

  // True when a 4 KiB page may be put at `va`, given that `va` is canonical: the whole check in
  // one test, for the fast path.
  [[nodiscard]] constexpr bool accepts(VirtAddr va, PhysAddr pa, PageFlags flags) const {
    return bool(((va.value & W(kTableBytes - 1)) | (pa.value & W(bad_base_)) | bad_flags(flags)) ==
                W(0));
  }

  [[nodiscard]] constexpr Result<void> check_flags(PageFlags flags) const {
    if (bool(bad_flags(flags) != W(0))) return std::unexpected(Error::kBadFlags);
    return {};
  }

  // Physical range [pa, pa + bytes), bytes > 0, and the flags of its mapping.
  [[nodiscard]] constexpr Result<void> check_target(PhysAddr pa, W bytes, PageFlags flags) const {
    if (bool(pa.value > W(last_physical_)) || bool(bytes - W(1) > W(last_physical_) - pa.value)) {
      return std::unexpected(Error::kPhysRange);
    }
    return check_flags(flags);
  }

  // One page to be mapped.
  [[nodiscard]] constexpr Result<void> check_page(VirtAddr va, PhysAddr pa, PageSize size,
                                                  PageFlags flags) const {
    if (!is_aligned(va.value | pa.value, page_bytes(size))) {
      return std::unexpected(Error::kMisaligned);
    }
    if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
    if (size == PageSize::k1G && !features_.gib_pages) return std::unexpected(Error::kBadSize);
    return check_target(pa, W(page_bytes(size)), flags);
  }

  // A virtual range must be whole pages within one canonical half.
  [[nodiscard]] constexpr Result<void> check_range(VirtAddr va, W bytes) const {
    if (!is_aligned(va.value | bytes, kTableBytes)) return std::unexpected(Error::kMisaligned);
    if (!is_canonical<kLevels>(va)) return std::unexpected(Error::kNonCanonical);
    const VirtAddr last = va + (bytes - W(1));
    if (bool(bytes == W(0)) || bool(last.value < va.value) || !is_canonical<kLevels>(last) ||
        bool((last.value >> 63) != (va.value >> 63))) {
      return std::unexpected(Error::kBadRange);
    }
    return {};
  }

 private:
  // Not one mask: of flags that the compiler knows nothing is left to test.
  [[nodiscard]] constexpr W bad_flags(PageFlags flags) const {
    return (flags.bits() & W(~flag_bit::kAll)) |
           ((flags.bits() & W(flag_bit::kNoExecute)) & W(refused_));
  }

  CpuFeatures features_;
  std::uint64_t last_physical_;  // 2^MAXPHYADDR - 1
  std::uint64_t bad_base_;       // bits that the base of a 4 KiB page must not have
  std::uint64_t refused_;        // flags that this CPU does not have
};

}  // namespace quintet::page_table
