// SPDX-License-Identifier: MIT
#pragma once

// What a page table means: a map from virtual pages to physical pages. The smallest executable
// model of every operation, written for reading. It knows nothing of tables, entries or frames
// (running out of frames is the one refusal that it cannot foresee), and it shares no code with
// the page table that it judges: every architectural constant stands here as a literal.
//
// Invariant: pages are aligned to their size, lie in one canonical half, and do not overlap.
// Threading: none of its own.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace quintet::page_table::spec {

inline constexpr std::uint64_t kSmall = 0x1000;       // 4 KiB
inline constexpr std::uint64_t kMedium = 0x20'0000;   // 2 MiB
inline constexpr std::uint64_t kLarge = 0x4000'0000;  // 1 GiB

// Attributes of a page are a word in the layout of a 4 KiB entry without address and P.
inline constexpr std::uint64_t kFlagBits = 0xFFF0'0000'0000'0FFE;
inline constexpr std::uint64_t kAccessedBit = 0x20;
inline constexpr std::uint64_t kDirtyBit = 0x40;
inline constexpr std::uint64_t kHardwareBits = kAccessedBit | kDirtyBit;
inline constexpr std::uint64_t kNoExecuteBit = 0x8000'0000'0000'0000;

struct Machine {
  int levels = 4;
  int maxphyaddr = 52;
  bool nx = true;
  bool gib_pages = true;
};

// Why an operation is refused, one bit each. A verdict carries every reason that applies.
enum Reason : std::uint32_t {
  kMisaligned = 1 << 0,
  kNonCanonical = 1 << 1,
  kPhysRange = 1 << 2,
  kBadSize = 1 << 3,
  kBadFlags = 1 << 4,
  kBadRange = 1 << 5,
  kOverlap = 1 << 6,
  kNotMapped = 1 << 7,
  kNotBase = 1 << 8,
  kStraddles = 1 << 9,
  kNotMergeable = 1 << 10,
};
using Reasons = std::uint32_t;

struct Page {
  std::uint64_t pa = 0;
  std::uint64_t size = 0;  // bytes
  std::uint64_t flags = 0;
  friend bool operator==(const Page&, const Page&) = default;
};
struct PlacedPage {
  std::uint64_t va = 0;
  Page page;
  friend bool operator==(const PlacedPage&, const PlacedPage&) = default;
};
// Adjacent pages, contiguous in physical memory and equal in size and flags.
struct PageRun {
  std::uint64_t va = 0, pa = 0, bytes = 0, size = 0, flags = 0;
  friend bool operator==(const PageRun&, const PageRun&) = default;
};
struct BatchRefusal {
  std::size_t index;
  Reasons reasons;
};
template <class T>
using Verdict = std::expected<T, Reasons>;
template <class T>
using BatchVerdict = std::expected<T, BatchRefusal>;

class AddressSpace {
 public:
  explicit AddressSpace(Machine machine = {}) : machine_(machine) {}

  [[nodiscard]] const std::map<std::uint64_t, Page>& pages() const { return pages_; }

  // ---- one page -----------------------------------------------------------------------------
  Verdict<void> map(std::uint64_t va, std::uint64_t pa, std::uint64_t size, std::uint64_t flags) {
    Reasons no = bad_target(pa, size, flags);
    if (va % size != 0 || pa % size != 0) no |= kMisaligned;
    if (!canonical(va)) no |= kNonCanonical;
    if (size == kLarge && !machine_.gib_pages) no |= kBadSize;
    if (va % size == 0 && canonical(va) && touches_any(va, size)) no |= kOverlap;
    if (no != 0) return std::unexpected(no);
    pages_[va] = {pa, size, flags};
    return {};
  }

  Verdict<PlacedPage> unmap(std::uint64_t va) {
    auto base = find_base(va);
    if (!base) return base;
    pages_.erase(va);
    return base;
  }

  // Returns the page as it was. What the hardware has noted in it stays.
  Verdict<PlacedPage> protect(std::uint64_t va, std::uint64_t flags) {
    auto base = find_base(va);
    Reasons no = base ? 0 : base.error();
    if (bad_flags(flags)) no |= kBadFlags;
    if (no != 0) return std::unexpected(no);
    set_flags(pages_[va], flags);
    return base;
  }

  [[nodiscard]] Verdict<PlacedPage> resolve(std::uint64_t va) const {
    if (!canonical(va)) return std::unexpected(kNonCanonical);
    const auto page = containing(va);
    if (page == pages_.end()) return std::unexpected(kNotMapped);
    return PlacedPage{page->first, page->second};
  }

  // `bit` is kAccessedBit or kDirtyBit.
  Verdict<bool> test_and_clear(std::uint64_t va, std::uint64_t bit) {
    const auto found = resolve(va);
    if (!found) return std::unexpected(found.error());
    pages_[found->va].flags &= ~bit;
    return (found->page.flags & bit) != 0;
  }

  // The hardware notes an access in the page that contains `va`, if there is one.
  void touch(std::uint64_t va, std::uint64_t bits) {
    if (const auto found = resolve(va)) pages_[found->va].flags |= bits & kHardwareBits;
  }

  // ---- ranges -------------------------------------------------------------------------------
  Verdict<void> map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes,
                          std::uint64_t flags, std::uint64_t largest) {
    Reasons no = bad_range(va, bytes);
    if (no == 0 && touches_any(va, bytes)) no |= kOverlap;
    if (pa % kSmall != 0) no |= kMisaligned;
    no |= bad_target(pa, bytes, flags);
    if (no != 0) return std::unexpected(no);
    while (bytes != 0) {
      const std::uint64_t size = largest_piece(va | pa, bytes, largest);
      pages_[va] = {pa, size, flags};
      va += size;
      pa += size;
      bytes -= size;
    }
    return {};
  }

  Verdict<std::uint64_t> unmap_range(std::uint64_t va, std::uint64_t bytes) {
    if (const Reasons no = bad_cut(va, bytes)) return std::unexpected(no);
    std::uint64_t gone = 0;
    for (auto page = pages_.lower_bound(va); within(page, va, bytes); page = pages_.erase(page)) {
      gone += page->second.size;
    }
    return gone;
  }

  Verdict<std::uint64_t> protect_range(std::uint64_t va, std::uint64_t bytes, std::uint64_t flags) {
    Reasons no = bad_cut(va, bytes);
    if (bad_flags(flags)) no |= kBadFlags;
    if (no != 0) return std::unexpected(no);
    std::uint64_t changed = 0;
    for (auto page = pages_.lower_bound(va); within(page, va, bytes); ++page) {
      set_flags(page->second, flags);
      changed += page->second.size;
    }
    return changed;
  }

  // ---- batches: one operation after the other, all or nothing -------------------------------
  BatchVerdict<void> map_batch(const std::vector<PlacedPage>& requests) {
    const auto saved = pages_;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto ok = map(requests[i].va, requests[i].page.pa, kSmall, requests[i].page.flags);
      if (ok) continue;
      pages_ = saved;
      return std::unexpected(BatchRefusal{i, ok.error()});
    }
    return {};
  }

  BatchVerdict<std::vector<PlacedPage>> unmap_batch(const std::vector<std::uint64_t>& addresses) {
    const auto saved = pages_;
    std::vector<PlacedPage> removed;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const auto page = unmap(addresses[i]);
      if (page) {
        removed.push_back(*page);
        continue;
      }
      pages_ = saved;
      return std::unexpected(BatchRefusal{i, page.error()});
    }
    return removed;
  }

  // ---- page sizes ---------------------------------------------------------------------------
  Verdict<void> split(std::uint64_t va) {
    const auto found = resolve(va);
    if (!found) return std::unexpected(found.error());
    const auto [pa, size, flags] = found->page;
    if (size == kSmall) return std::unexpected(kBadSize);
    for (std::uint64_t at = 0; at < size; at += size / 512) {
      pages_[found->va + at] = {pa + at, size / 512, flags};
    }
    return {};
  }

  Verdict<void> merge(std::uint64_t va, std::uint64_t size) {
    Reasons no = 0;
    if (size == kSmall || (size == kLarge && !machine_.gib_pages)) no |= kBadSize;
    if (va % size != 0) no |= kMisaligned;
    if (!canonical(va)) no |= kNonCanonical;
    if (no != 0) return std::unexpected(no);
    if (!touches_any(va, size)) return std::unexpected(kNotMapped);
    const auto whole = containing(va);
    if (whole != pages_.end() && whole->second.size == size) return {};  // one page already
    const auto united = merged(va, size);
    if (!united) return std::unexpected(kNotMergeable);
    for (std::uint64_t at = 0; at < size; at += size / 512) pages_.erase(va + at);
    pages_[va] = *united;
    return {};
  }

  // ---- the whole ----------------------------------------------------------------------------
  // The runs of pages that [va, va + bytes) touches, in ascending order; pages are not cut.
  [[nodiscard]] Verdict<std::vector<PageRun>> runs(std::uint64_t va, std::uint64_t bytes) const {
    if (const Reasons no = bad_range(va, bytes)) return std::unexpected(no);
    std::vector<PageRun> all;
    for (const auto& [base, page] : pages_) {
      if (base + (page.size - 1) < va || base > va + (bytes - 1)) continue;
      const bool continues = !all.empty() && all.back().va + all.back().bytes == base &&
                             all.back().pa + all.back().bytes == page.pa &&
                             all.back().size == page.size && all.back().flags == page.flags;
      if (continues) {
        all.back().bytes += page.size;
      } else {
        all.push_back({base, page.pa, page.size, page.size, page.flags});
      }
    }
    return all;
  }

  // Tables that a tree without empty tables needs for these pages, the root included.
  [[nodiscard]] std::size_t tables() const {
    std::set<std::pair<int, std::uint64_t>> needed;  // level, and address bits above its index
    for (const auto& [va, page] : pages_) {
      const int leaf_level = page.size == kLarge ? 3 : page.size == kMedium ? 2 : 1;
      for (int level = leaf_level; level < machine_.levels; ++level) {
        needed.emplace(level, va >> (12 + 9 * level));
      }
    }
    return 1 + needed.size();
  }

 private:
  using Pages = std::map<std::uint64_t, Page>;

  // Bits 63:47 are equal; with five levels bits 63:56.
  [[nodiscard]] bool canonical(std::uint64_t va) const {
    return machine_.levels == 5 ? va < 0x0100'0000'0000'0000 || va >= 0xFF00'0000'0000'0000
                                : va < 0x0000'8000'0000'0000 || va >= 0xFFFF'8000'0000'0000;
  }
  [[nodiscard]] bool bad_flags(std::uint64_t flags) const {
    return (flags & ~kFlagBits) != 0 || (!machine_.nx && (flags & kNoExecuteBit) != 0);
  }
  [[nodiscard]] Reasons bad_target(std::uint64_t pa, std::uint64_t bytes,
                                   std::uint64_t flags) const {
    const std::uint64_t end = std::uint64_t{1} << machine_.maxphyaddr;
    Reasons no = 0;
    if (pa >= end || bytes > end - pa) no |= kPhysRange;
    if (bad_flags(flags)) no |= kBadFlags;
    return no;
  }
  // A range is whole 4 KiB pages within one canonical half.
  [[nodiscard]] Reasons bad_range(std::uint64_t va, std::uint64_t bytes) const {
    const std::uint64_t last = va + bytes - 1;
    Reasons no = 0;
    if (va % kSmall != 0 || bytes % kSmall != 0) no |= kMisaligned;
    if (!canonical(va)) no |= kNonCanonical;
    if (bytes == 0 || last < va) return no | kBadRange;
    if (!canonical(last)) no |= kNonCanonical | kBadRange;
    if ((va >> 63) != (last >> 63)) no |= kBadRange;
    return no;
  }
  [[nodiscard]] Reasons bad_cut(std::uint64_t va, std::uint64_t bytes) const {
    if (const Reasons no = bad_range(va, bytes)) return no;
    return cut_at(va) || cut_at(va + bytes) ? kStraddles : Reasons{0};
  }
  [[nodiscard]] bool cut_at(std::uint64_t va) const {
    const auto page = containing(va);
    return page != pages_.end() && page->first != va;
  }
  // The page that holds byte `va`, or end().
  [[nodiscard]] Pages::const_iterator containing(std::uint64_t va) const {
    auto next = pages_.upper_bound(va);
    if (next == pages_.begin()) return pages_.end();
    --next;
    return va - next->first < next->second.size ? next : pages_.end();
  }
  [[nodiscard]] bool touches_any(std::uint64_t va, std::uint64_t bytes) const {
    if (containing(va) != pages_.end()) return true;
    const auto next = pages_.lower_bound(va);
    return next != pages_.end() && next->first - va < bytes;
  }
  [[nodiscard]] bool within(Pages::const_iterator page, std::uint64_t va,
                            std::uint64_t bytes) const {
    return page != pages_.end() && page->first - va < bytes;
  }
  [[nodiscard]] Verdict<PlacedPage> find_base(std::uint64_t va) const {
    Reasons no = 0;
    if (va % kSmall != 0) no |= kMisaligned;
    const auto found = resolve(va);
    if (!found) {
      no |= found.error();
    } else if (found->va != va) {
      no |= kNotBase;
    }
    if (no != 0) return std::unexpected(no);
    return found;
  }
  static void set_flags(Page& page, std::uint64_t flags) {
    page.flags = flags | (page.flags & kHardwareBits);
  }
  [[nodiscard]] std::uint64_t largest_piece(std::uint64_t both, std::uint64_t bytes,
                                            std::uint64_t largest) const {
    for (const std::uint64_t size : {kLarge, kMedium}) {
      if (size == kLarge && !machine_.gib_pages) continue;
      if (size <= largest && both % size == 0 && bytes >= size) return size;
    }
    return kSmall;
  }
  // The page that the 512 pages at `va` can become, if they can.
  [[nodiscard]] std::expected<Page, Reasons> merged(std::uint64_t va, std::uint64_t size) const {
    const auto first = pages_.find(va);
    if (first == pages_.end() || first->second.pa % size != 0) {
      return std::unexpected(kNotMergeable);
    }
    Page united{first->second.pa, size, first->second.flags};
    for (std::uint64_t at = 0; at < size; at += size / 512) {
      const auto small = pages_.find(va + at);
      if (small == pages_.end() || small->second.size != size / 512 ||
          small->second.pa != united.pa + at ||
          ((small->second.flags ^ united.flags) & ~kHardwareBits) != 0) {
        return std::unexpected(kNotMergeable);
      }
      united.flags |= small->second.flags;
    }
    return united;
  }

  Machine machine_;
  Pages pages_;
};

}  // namespace quintet::page_table::spec
