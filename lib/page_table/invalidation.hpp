// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "page_table/address.hpp"

// What happens to stale translations: TLB entries and cached upper levels of CPUs that may be
// walking the table.
//
// The core reports every translation that a change made stale, and releases an emptied table only
// after `flush()` has returned, because the same flush also empties the paging-structure caches
// (SDM vol. 3A, section 4.10.4). Between the two the table is *retired*. A model says whether the
// core flushes at the end of each operation or waits for the owner to call `PageTable::flush()`.
namespace quintet::page_table {

// stale(va, bytes, size)  translations of pages of `size` in [va, va + bytes) are out of date.
// flush()                 returns when no CPU uses a stale translation or a retired table.
// kNeeded                 false: nobody walks this table; the core skips all of this.
// kDeferred               true: flush() is called by the owner; false: by every operation. Until
//                         the owner flushes, a CPU may still use what was unmapped, and may still
//                         fault on what was mapped anew under a table retired meanwhile.
template <class I, class W>
concept Invalidation = requires(I invalidation, BasicVirtAddr<W> va, W bytes, PageSize size) {
  invalidation.stale(va, bytes, size);
  invalidation.flush();
  { I::kNeeded } -> std::convertible_to<bool>;
  { I::kDeferred } -> std::convertible_to<bool>;
};

// For tables that no CPU walks yet, or whose owner invalidates by other means (the paper's
// figure has no TLB work). Emptied tables are released at once.
struct NoInvalidation {
  static constexpr bool kNeeded = false;
  static constexpr bool kDeferred = false;
  template <class W>
  void stale(BasicVirtAddr<W>, W, PageSize) noexcept {}
  void flush() noexcept {}
};

// A run of stale pages, all of one size.
template <class W>
struct StaleRange {
  BasicVirtAddr<W> va;
  W bytes;
  PageSize size;
};

// Gathers stale ranges and hands them over in one call of
// `flusher(std::span<const StaleRange> ranges, bool everything)`.
//
// `everything` is true when more pages are stale than are worth naming one by one; the flusher
// then drops all translations. `kWhen` chooses who flushes: each operation, or the owner.
// Threading: as the table that uses it.
enum class FlushWhen : std::uint8_t { kEachOperation, kOnRequest };

template <class Flusher, FlushWhen kWhen = FlushWhen::kOnRequest, class W = std::uint64_t>
class GatherInvalidation {
 public:
  static constexpr bool kNeeded = true;
  static constexpr bool kDeferred = kWhen == FlushWhen::kOnRequest;
  // Linux's x86 ceiling: above 33 pages a full flush costs less than single invalidations.
  static constexpr std::uint64_t kMaxPages = 33;
  static constexpr std::size_t kMaxRanges = 16;

  explicit GatherInvalidation(Flusher flusher) : flusher_(std::move(flusher)) {}

  void stale(BasicVirtAddr<W> va, W bytes, PageSize size) {
    pages_ += bytes >> level_shift(leaf_level(size));
    if (pages_ > kMaxPages) everything_ = true;
    if (everything_) return;
    if (count_ > 0 && extends(ranges_[count_ - 1], va, size)) {
      ranges_[count_ - 1].bytes += bytes;
    } else if (count_ < kMaxRanges) {
      ranges_[count_++] = {va, bytes, size};
    } else {
      everything_ = true;
    }
  }

  void flush() {
    if (pages_ == 0) return;
    const std::size_t count = everything_ ? 0 : count_;
    flusher_(std::span<const StaleRange<W>>(ranges_.data(), count), everything_);
    pages_ = 0;
    count_ = 0;
    everything_ = false;
  }

  [[nodiscard]] Flusher& flusher() { return flusher_; }

 private:
  static bool extends(const StaleRange<W>& last, BasicVirtAddr<W> va, PageSize size) {
    return last.size == size && bool(last.va + last.bytes == va);
  }

  Flusher flusher_;
  std::array<StaleRange<W>, kMaxRanges> ranges_{};
  std::size_t count_ = 0;
  W pages_ = 0;
  bool everything_ = false;
};

}  // namespace quintet::page_table
