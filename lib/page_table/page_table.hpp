// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "page_table/tree.hpp"

// A 4- or 5-level x86-64 page table over any physical memory.
//
// Pages of 4 KiB, 2 MiB and 1 GiB; single pages here and in single.hpp, attributes in protect.hpp,
// ranges in range.hpp, batches in batch.hpp, split and merge in reshape.hpp, iteration and checks
// in visit.hpp: all included at the end.
//
// Guarantees of every operation: an error leaves the tables bit for bit unchanged, running out of
// frames at any step included. A change to one page takes effect by exactly one 8-byte store, so a
// walk that runs beside it sees the old or the new translation and nothing else.
// Invariants: tree.hpp, I1 to I6; `check_invariants()` verifies them.
// Threading: one owner at a time for everything that is not const. `const` members may run beside
// the owner when the memory's loads and stores are atomic; where tables are reclaimed, the
// invalidation must also wait for such readers in `flush()`.
// Source: SOSP'24 paper, section 4.2.3 (map_frame, unmap, resolve); Intel SDM vol. 3A, chapter 4.
namespace quintet::page_table {

template <class W>
struct BasicMapRequest {
  BasicVirtAddr<W> va;
  BasicPhysAddr<W> pa;
  BasicPageFlags<W> flags;
};
template <class W>
struct BasicRun;
struct Stats;
template <class W>
struct BasicViolation;

template <PhysicalMemory Memory, class Inv = NoInvalidation, Policy kPolicy = kDefaultPolicy>
class PageTable : public TableTree<Memory, Inv, kPolicy> {
  using Tree = TableTree<Memory, Inv, kPolicy>;
  using typename Tree::Place;
  using typename Tree::Stop;

 public:
  using typename Tree::Entry;
  using typename Tree::Location;
  using typename Tree::Mapping;
  using typename Tree::PageFlags;
  using typename Tree::PhysAddr;
  using typename Tree::VirtAddr;
  using typename Tree::Word;
  using MapRequest = BasicMapRequest<Word>;
  using Run = BasicRun<Word>;
  using Violation = BasicViolation<Word>;
  using Tree::kLevels;

  // An empty table in `memory`, which must outlive it. Takes one frame for the root.
  // Errors: kOutOfFrames; kPhysRange when maxphyaddr is not within 32 to 52.
  [[nodiscard]] static Result<PageTable> create(Memory& memory, CpuFeatures features = {},
                                                Inv inv = {}) {
    if (features.maxphyaddr < 32 || features.maxphyaddr > 52) {
      return std::unexpected(Error::kPhysRange);
    }
    const PhysAddr root = memory.allocate();
    if (root.is_null()) return std::unexpected(Error::kOutOfFrames);
    return PageTable(memory, root, features, std::move(inv));
  }
  PageTable(PageTable&&) noexcept = default;
  ~PageTable() = default;  // unmaps everything, flushes, and gives every frame back

  // ---- one page -----------------------------------------------------------------------------

  // Maps the page of `size` at `va` to `pa`.
  // Requires: nothing; every argument is checked.
  // Guarantees: on success exactly this mapping is added. O(levels); takes at most levels - 1
  // frames, all of them before the first store.
  // Errors: kMisaligned, kNonCanonical, kPhysRange, kBadSize, kBadFlags, kOverlap, kOutOfFrames.
  [[nodiscard, gnu::always_inline]] Result<void> map(VirtAddr va, PhysAddr pa, PageSize size,
                                                     PageFlags flags) {
    if (size == PageSize::k4K && this->limits_.accepts(va, pa, flags)) [[likely]] {
      if constexpr (!kPolicy.walk_cache) {
        return map_walk(va, Tree::make_leaf(1, pa, flags));
      } else if (this->cache_.covers(va) || this->enter(va)) [[likely]] {
        return map_visited(va, pa, flags);
      } else {
        return map_from_root(va, Tree::make_leaf(1, pa, flags));
      }
    }
    return map_checked(va, pa, size, flags);
  }

  // Removes the mapping whose base is `va` and returns it. Emptied tables are reclaimed in O(1)
  // each when the policy counts entries.
  // Errors: kMisaligned (not a multiple of 4 KiB), kNonCanonical, kNotMapped, kNotBase.
  [[nodiscard, gnu::always_inline]] Result<Mapping> unmap(VirtAddr va) {
    if constexpr (kPolicy.walk_cache) {
      if (is_aligned(va.value, kTableBytes) && (this->cache_.covers(va) || this->enter(va)))
          [[likely]] {
        return unmap_visited(va);
      }
      return unmap_from_root(va);
    }
    return unmap_walk(va);
  }

  // Gives the mapping whose base is `va` the attributes `flags` and returns the mapping as it
  // was. Accessed and dirty are kept when set.
  // Errors: kMisaligned, kNonCanonical, kBadFlags, kNotMapped, kNotBase.
  [[nodiscard]] Result<Mapping> protect(VirtAddr va, PageFlags flags);

  // The mapping whose page contains `va`, any byte of it. The first form uses and refreshes the
  // walk cache and belongs to the owner; the const form only reads.
  // Errors: kNonCanonical, kNotMapped.
  [[nodiscard, gnu::always_inline]] Result<Mapping> resolve(VirtAddr va) {
    if constexpr (kPolicy.walk_cache) {
      if (this->cache_.covers(va) || this->enter(va) || enter_from_root(va)) [[likely]] {
        return resolve_visited(va);
      }
    }
    return std::as_const(*this).resolve(va);
  }
  [[nodiscard]] Result<Mapping> resolve(VirtAddr va) const;

  // Reads the accessed or dirty bit of the page that contains `va` and clears it. The translation
  // becomes stale, because a CPU that holds it would not set the bit again.
  // Errors: kNonCanonical, kNotMapped.
  [[nodiscard]] Result<bool> test_and_clear_accessed(VirtAddr va) {
    return test_and_clear(va, flag_bit::kAccessed);
  }
  [[nodiscard]] Result<bool> test_and_clear_dirty(VirtAddr va) {
    return test_and_clear(va, flag_bit::kDirty);
  }

  // ---- ranges (range.hpp) ---------------------------------------------------------------------

  // Maps [va, va + bytes) to [pa, pa + bytes) with the largest pages up to `largest` that
  // alignment and CPU allow (and that no empty table left over under Counter::kNone occupies).
  // All or nothing. O(tables touched + entries written).
  // Errors: as map, and kBadRange.
  [[nodiscard]] Result<void> map_range(VirtAddr va, PhysAddr pa, Word bytes, PageFlags flags,
                                       PageSize largest = PageSize::k4K);
  // Unmaps whatever is mapped in [va, va + bytes); holes are fine. Returns the bytes unmapped.
  // Tables that the range covers whole are detached by one store.
  // Errors: kMisaligned, kNonCanonical, kBadRange, kStraddles.
  [[nodiscard]] Result<Word> unmap_range(VirtAddr va, Word bytes);
  // Gives every mapping in the range the attributes `flags`; holes are fine. Returns the bytes
  // that are mapped there. Errors: as unmap_range, and kBadFlags.
  [[nodiscard]] Result<Word> protect_range(VirtAddr va, Word bytes, PageFlags flags);

  // ---- batches of 4 KiB pages at arbitrary addresses (batch.hpp) -------------------------------

  // As single operations in order, but all or nothing, and with the cache misses of a group of
  // requests overlapped. A refused batch may show its mappings for a moment before they are undone.
  [[nodiscard]] BatchResult<void> map_batch(std::span<const MapRequest> requests);
  // Requires: `removed` has room for one mapping per address.
  [[nodiscard]] BatchResult<void> unmap_batch(std::span<const VirtAddr> addresses,
                                              std::span<Mapping> removed);
  // `found[i]` becomes the outcome for `addresses[i]`. Requires: equal lengths.
  void resolve_batch(std::span<const VirtAddr> addresses, std::span<Result<Mapping>> found) const;

  // ---- page sizes (reshape.hpp) ----------------------------------------------------------------

  // Replaces the 2 MiB or 1 GiB page that contains `va` by 512 pages of the next smaller size that
  // translate alike. Errors: kNonCanonical, kNotMapped, kBadSize (a 4 KiB page), kOutOfFrames.
  [[nodiscard]] Result<void> split(VirtAddr va);
  // Replaces the 512 pages that make up the page of `size` at `va` by that one page. They must be
  // contiguous in physical memory and equal in flags; accessed and dirty are united. Flushes, even
  // where invalidation is deferred.
  // Errors: kMisaligned, kNonCanonical, kBadSize, kNotMapped, kNotMergeable.
  [[nodiscard]] Result<void> merge(VirtAddr va, PageSize size);

  // ---- looking at the whole (visit.hpp) --------------------------------------------------------

  // Calls `visitor(Run)` for every run of adjacent pages, in ascending order, that are contiguous
  // in physical memory and equal in size and flags, within [va, va + bytes).
  // Errors: kMisaligned, kNonCanonical, kBadRange.
  template <class Visitor>
  [[nodiscard]] Result<void> for_each(VirtAddr va, Word bytes, Visitor visitor) const;
  template <class Visitor>
  void for_each(Visitor visitor) const;
  // Tables per level and pages per size. O(tables + pages).
  [[nodiscard]] Stats stats() const;
  // Calls `report(Violation)` for each violation of I1 to I4 and I6; returns true when there is
  // none. O(tables), and allocates.
  template <class Report>
  bool check_invariants(Report report) const;
  [[nodiscard]] bool check_invariants() const {
    return check_invariants([](const Violation&) {});
  }

 private:
  PageTable(Memory& memory, PhysAddr root, CpuFeatures features, Inv inv)
      : Tree(memory, root, features, std::move(inv)) {}

  // ---- in the level-1 table that the walk cache holds ------------------------------------------
  [[nodiscard]] Result<void> map_visited(VirtAddr va, PhysAddr pa, PageFlags flags) {
    const Location slot = this->cache_.entry(va);
    if (kPolicy.fault != Fault::kOverwritePresent && this->read(slot).present()) [[unlikely]]
      return std::unexpected(Error::kOverlap);
    this->write(slot, Tree::make_leaf(1, pa, flags));
    this->add_population(this->visited(), Word(1));
    return {};
  }
  [[nodiscard]] Result<Mapping> unmap_visited(VirtAddr va) {
    const Location slot = this->cache_.entry(va);
    const Entry leaf = this->read(slot);
    if (!leaf.present()) [[unlikely]]
      return std::unexpected(Error::kNotMapped);
    const Mapping removed(va, this->take_leaf(slot, leaf), 1);
    this->stale(va, Word(kTableBytes), PageSize::k4K);
    this->uncount(va, 1, this->visited());
    this->finish();
    return removed;
  }
  [[nodiscard]] Result<Mapping> resolve_visited(VirtAddr va) const {
    const Entry entry = this->read(this->cache_.entry(va));
    if (!entry.present()) [[unlikely]]
      return std::unexpected(Error::kNotMapped);
    return Mapping(va, entry, 1);
  }
  [[nodiscard]] Result<Mapping> unmap_in(Place place, VirtAddr va) {
    const PhysAddr slot = entry_address(place.table, va, 1);
    const Stop leaf{slot, this->read(slot), 1, place};
    if (!leaf.entry.present()) [[unlikely]]
      return std::unexpected(Error::kNotMapped);
    return remove(va, leaf);
  }
  // Clears a leaf whose page has base `va`.
  Mapping remove(VirtAddr va, const Stop& leaf) {
    const Mapping removed(va, this->take_leaf(leaf.slot, leaf.entry), leaf.level);
    this->stale(va, Word(level_bytes(leaf.level)), removed.size());
    this->uncount(va, leaf.level, leaf.place);
    this->finish();
    return removed;
  }

  // single.hpp: from the root
  [[gnu::noinline]] Result<void> map_from_root(VirtAddr va, Entry leaf);
  Result<void> map_walk(VirtAddr va, Entry leaf);
  [[gnu::noinline]] Result<void> map_checked(VirtAddr va, PhysAddr pa, PageSize size,
                                             PageFlags flags);
  template <int kLeaf>
  Result<void> insert(VirtAddr va, Entry leaf);
  [[gnu::noinline]] Result<void> replace_empty(VirtAddr va, Entry leaf, int level, PhysAddr slot,
                                               Entry old);
  [[nodiscard]] bool has_leaf(PhysAddr table, int level) const;
  Result<Mapping> unmap_walk(VirtAddr va);
  [[gnu::noinline]] Result<Mapping> unmap_from_root(VirtAddr va);
  [[gnu::noinline]] bool enter_from_root(VirtAddr va);
  [[nodiscard]] Result<void> check_base(VirtAddr va, const Stop& stop) const;

  // protect.hpp
  Result<bool> test_and_clear(VirtAddr va, std::uint64_t bit);
  Mapping change_flags(VirtAddr va, const Stop& leaf, PageFlags flags);

  // range.hpp
  struct Span;
  struct Removed;
  [[nodiscard]] bool large_leaf_fits(int level, const Span& span, Word chunk) const;
  [[nodiscard]] Word tables_for(int level, Span span) const;
  [[nodiscard]] Result<Word> plan(PhysAddr table, int level, Span span) const;
  template <class Slot>
  [[nodiscard]] bool all_absent(Slot slot, Word count) const;
  template <class Slot>
  void store_run(Slot slot, Entry first, Word pages);
  [[nodiscard]] Result<void> map_run_visited(VirtAddr va, Entry first, Word pages);
  [[nodiscard]] bool reserve(Word frames);
  [[nodiscard]] PhysAddr take_reserved(bool overwrite);
  Word map_into(PhysAddr table, int level, Span span, bool linked);
  [[nodiscard]] bool cuts_large_page(VirtAddr va) const;
  [[nodiscard]] Result<void> check_cuts(VirtAddr va, Word bytes) const;
  Removed unmap_from(PhysAddr table, int level, VirtAddr va, Word bytes);
  Word detach(Place place, int level);
  Word protect_in(PhysAddr table, int level, VirtAddr va, Word bytes, PageFlags flags);

  // batch.hpp
  static constexpr std::size_t kGroup = 16;  // requests whose misses overlap
  struct Group;
  using LeafPlace = typename Tree::template BasicPlace<Location>;
  [[nodiscard]] LeafPlace place_of(const Group& group, std::size_t i) const;
  template <class AddressOf, class Usable>
  void find_slots(AddressOf address_of, Usable usable, std::size_t count, Group& group) const;
  BatchResult<void> map_all(std::span<const MapRequest> requests);
  void settle(VirtAddr va, bool keep);
  void put_back(const Mapping& mapping);
  void reclaim_if_empty(VirtAddr va);

  // reshape.hpp
  [[nodiscard]] Result<PageFlags> merged_flags(PhysAddr table, int level) const;
  void unite_late_bits(PhysAddr child, PhysAddr slot);

  // visit.hpp
  template <class Visitor>
  void visit(PhysAddr table, int level, VirtAddr va, Word bytes, Visitor& visitor) const;
  template <class Report>
  bool check_table(Place place, int level, std::vector<Word>& seen, Report& report) const;

  PhysAddr reserved_{};  // frames taken ahead by a range operation, chained as retired ones are
};

}  // namespace quintet::page_table

#include "page_table/batch.hpp"    // IWYU pragma: export
#include "page_table/protect.hpp"  // IWYU pragma: export
#include "page_table/range.hpp"    // IWYU pragma: export
#include "page_table/reshape.hpp"  // IWYU pragma: export
#include "page_table/single.hpp"   // IWYU pragma: export
#include "page_table/visit.hpp"    // IWYU pragma: export
