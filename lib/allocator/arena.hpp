// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "allocator/free_spans.hpp"
#include "allocator/regions.hpp"

// Where spans come from and go to: the units of one NUMA node.
//
// Invariants:
//   I1  each unit that the arena got from the regions belongs to one span, in use, dirty or clean
//   I2  no two neighbours of a chunk are both dirty, or both clean
//   I3  a clean span takes no memory and reads as zero
//   I4  dirty spans stand in the queue by age as well, oldest first
// Freed spans are dirty. They become clean, and give their memory back, when there are too many
// (Policy::retained_units, or half of what is in use) or when they are too old, which is looked at
// when spans come and go.
//
//   All functions: any thread; locks. The system is never asked to decommit under the lock.
namespace quintet::allocator {

// When freed memory goes back to the system.
struct PurgePolicy {
  std::uint64_t retained_bytes = 0;      // kept for reuse, whatever is in use
  std::uint32_t delay_milliseconds = 0;  // and no longer than about that
};

struct ArenaCounts {
  std::uint64_t used_units = 0, dirty_units = 0, clean_units = 0;
  std::uint64_t most_used_units = 0;
  std::uint64_t spans = 0, purges = 0, purged_units = 0;
};

template <class Env>
class Arena {
 public:
  using G = typename Env::G;
  using Os = typename Env::Os;

  // A run of units in use.
  struct Taken {
    Region<Env>* region = nullptr;
    std::uint64_t first = 0;
    bool is_zero = false;
    explicit operator bool() const { return region != nullptr; }
  };

  // So many units, the first at a multiple of `alignment` units; `room` says how many units more
  // would be welcome behind them, left free. Empty: no memory.
  // Requires: units >= 1; alignment is a power of two. O(1), but for the system's part.
  [[nodiscard]] Taken allocate(Os& os, Regions<Env>& regions, std::uint64_t units,
                               std::uint64_t alignment, std::uint64_t room = 0) {
    const std::uint64_t wish = units + (alignment - 1);
    if (wish >= G::kMostUnits) return {};
    if (room >= G::kMostUnits - wish) room = 0;
    const MaybeLocked locked(lock_);
    Span<Env>* span = room == 0 ? nullptr : find(wish + room);
    if (span == nullptr) span = find(wish);
    if (span == nullptr && !extend(os, regions, wish)) return {};
    if (span == nullptr) span = clean_.find(wish);
    if (span == nullptr) return {};
    Region<Env>& region = *regions.region_of(span);
    const bool zero = span->state.load() == SpanState::kClean || Env::has(Fault::kDirtyAsClean);
    const std::uint64_t first = cut(region, span, units, alignment);
    counts_.used_units += units;
    counts_.most_used_units = std::max(counts_.most_used_units, counts_.used_units);
    counts_.spans += 1;
    return {&region, first, zero};
  }

  // Requires: the units are in use, and one span. O(1), but for what is purged.
  void free(Os& os, Regions<Env>& regions, const PurgePolicy& policy, Region<Env>& region,
            std::uint64_t first, std::uint64_t units) {
    {
      const MaybeLocked locked(lock_);
      counts_.used_units -= units;
      insert(region, first, units, SpanState::kDirty, os.milliseconds());
    }
    purge(os, regions, policy, os.milliseconds());
  }

  // Makes the span longer by what follows it, if that is free. O(1).
  [[nodiscard]] bool expand(Region<Env>& region, std::uint64_t first, std::uint64_t units,
                            std::uint64_t wish) {
    const MaybeLocked locked(lock_);
    const std::uint64_t after = first + units;
    if (after >= region.committed()) return false;
    Span<Env>* const span = region.span(after);
    if (span->begins_chunk.load() || !is_free(span) || span->units.load() < wish - units) {
      return false;
    }
    (void)cut(region, span, wish - units, 1);
    mark(region, first, wish, SpanState::kUsed);
    counts_.used_units += wish - units;
    counts_.most_used_units = std::max(counts_.most_used_units, counts_.used_units);
    return true;
  }

  // Gives the end of the span back. Requires: 1 <= wish < units.
  void shrink(Os& os, Regions<Env>& regions, const PurgePolicy& policy, Region<Env>& region,
              std::uint64_t first, std::uint64_t units, std::uint64_t wish) {
    {
      const MaybeLocked locked(lock_);
      mark(region, first, wish, SpanState::kUsed);
    }
    free(os, regions, policy, region, first + wish, units - wish);
  }

  // Makes dirty spans clean as the policy says. O(what is purged).
  void purge(Os& os, Regions<Env>& regions, const PurgePolicy& policy, std::uint32_t now) {
    while (purge_oldest(os, regions, policy, now)) {
    }
  }

  [[nodiscard]] ArenaCounts counts() {
    const MaybeLocked locked(lock_);
    ArenaCounts counts = counts_;
    counts.dirty_units = dirty_.units();
    counts.clean_units = clean_.units();
    return counts;
  }
  [[nodiscard]] Lock<Env>& lock() { return lock_; }
  // Under the lock: f(span) for every free one.
  template <class F>
  void for_each_free(F f) {
    dirty_.for_each(f);
    clean_.for_each(f);
  }

 private:
  // The lock, or its fault.
  class MaybeLocked {
   public:
    explicit MaybeLocked(Lock<Env>& lock) : lock_(lock) {
      if (!Env::has(Fault::kArenaUnlocked)) lock_.lock();
    }
    ~MaybeLocked() {
      if (!Env::has(Fault::kArenaUnlocked)) lock_.unlock();
    }
    MaybeLocked(const MaybeLocked&) = delete;
    MaybeLocked& operator=(const MaybeLocked&) = delete;

   private:
    Lock<Env>& lock_;
  };

  // What may take memory already goes first.
  [[nodiscard]] Span<Env>* find(std::uint64_t units) const {
    Span<Env>* const span = dirty_.find(units);
    return span != nullptr ? span : clean_.find(units);
  }

  [[nodiscard]] static bool is_free(const Span<Env>* span) {
    const SpanState state = span->state.load();
    return state == SpanState::kDirty || state == SpanState::kClean;
  }

  [[nodiscard]] bool extend(Os& os, Regions<Env>& regions, std::uint64_t units) {
    const auto chunk = regions.extend(os, units, this);
    if (chunk.units == 0) return false;
    insert(*chunk.region, chunk.first, chunk.units, SpanState::kClean, 0);
    return true;
  }

  static void mark(Region<Env>& region, std::uint64_t first, std::uint64_t units, SpanState state) {
    for (Span<Env>* const end : {region.span(first), region.span(first + units - 1)}) {
      end->units.store(static_cast<std::uint32_t>(units));
      end->state.store(state);
    }
  }

  // A free span, joined with neighbours of its state (I2). The whole is as old as its longest part.
  void insert(Region<Env>& region, std::uint64_t first, std::uint64_t units, SpanState state,
              std::uint32_t since) {
    const auto joins = [&](const Span<Env>* other) {
      return other->state.load() == state ||
             (Env::has(Fault::kCoalescedAcross) && other->state.load() == SpanState::kUsed);
    };
    if (first > region.first() && !region.span(first)->begins_chunk.load()) {
      const Span<Env>* const before = region.span(first - 1);
      if (joins(before)) {
        const std::uint64_t more = before->units.load();
        Span<Env>* const begin = region.span(first - more);
        if (more > units) since = begin->since.load();
        take_out(begin);
        first -= more;
        units += more;
      }
    }
    if (first + units < region.committed()) {
      Span<Env>* const after = region.span(first + units);
      if (!after->begins_chunk.load() && joins(after)) {
        if (after->units.load() > units) since = after->since.load();
        units += after->units.load();
        take_out(after);
      }
    }
    mark(region, first, units, state);
    put_in(region.span(first), since);
  }

  // Makes a free span used, as far as it is needed. Returns the first unit.
  [[nodiscard]] std::uint64_t cut(Region<Env>& region, Span<Env>* span, std::uint64_t units,
                                  std::uint64_t alignment) {
    const SpanState state = span->state.load();
    const std::uint32_t since = span->since.load();
    const std::uint64_t begin = region.index(span);
    const std::uint64_t end = begin + span->units.load();
    const std::uint64_t first = aligned_unit(region, begin, alignment);
    take_out(span);
    if (first > begin) {
      mark(region, begin, first - begin, state);
      put_in(region.span(begin), since);
    }
    const std::uint64_t rest = first + units - (Env::has(Fault::kSplitShort) ? 1 : 0);
    if (end > rest) {
      mark(region, rest, end - rest, state);
      put_in(region.span(rest), since);
    }
    mark(region, first, units, SpanState::kUsed);
    return first;
  }

  // The first unit from `begin` on whose address is a multiple of so many units.
  [[nodiscard]] static std::uint64_t aligned_unit(Region<Env>& region, std::uint64_t begin,
                                                  std::uint64_t alignment) {
    const auto address = reinterpret_cast<std::uintptr_t>(region.address(begin));
    const std::uintptr_t up = align_up<std::uintptr_t>(address, alignment * G::kUnit);
    return begin + ((up - address) >> Env::kShape.unit_shift);
  }

  void put_in(Span<Env>* span, std::uint32_t since) {
    span->since.store(since);
    if (span->state.load() == SpanState::kClean) {
      clean_.insert(span);
      return;
    }
    dirty_.insert(span);
    Span<Env>* const before = newest_.load();
    span->older.store(before);
    span->newer.store(nullptr);
    (before != nullptr ? before->newer : oldest_).store(span);
    newest_.store(span);
  }
  void take_out(Span<Env>* span) {
    if (span->state.load() == SpanState::kClean) {
      clean_.remove(span);
      return;
    }
    if (span->state.load() != SpanState::kDirty) return;
    dirty_.remove(span);
    Span<Env>* const before = span->older.load();
    Span<Env>* const after = span->newer.load();
    (before != nullptr ? before->newer : oldest_).store(after);
    (after != nullptr ? after->older : newest_).store(before);
  }

  // False: nothing is due, or the system refuses.
  [[nodiscard]] bool purge_oldest(Os& os, Regions<Env>& regions, const PurgePolicy& policy,
                                  std::uint32_t now) {
    Region<Env>* region = nullptr;
    std::uint64_t first = 0, units = 0;
    {
      const MaybeLocked locked(lock_);
      Span<Env>* const span = oldest_.load();
      if (span == nullptr || !is_due(span, policy, now)) return false;
      region = regions.region_of(span);
      first = region->index(span);
      units = span->units.load();
      take_out(span);
      mark(*region, first, units, SpanState::kUsed);
    }
    const bool done = os.decommit(region->address(first), units * G::kUnit);
    if (done) region->drop_states(os, first, units);
    const MaybeLocked locked(lock_);
    insert(*region, first, units, done ? SpanState::kClean : SpanState::kDirty, now);
    counts_.purges += 1;
    counts_.purged_units += done ? units : 0;
    return done;
  }
  [[nodiscard]] bool is_due(const Span<Env>* span, const PurgePolicy& policy,
                            std::uint32_t now) const {
    const std::uint64_t most = std::max(policy.retained_bytes / G::kUnit, counts_.used_units / 2);
    return dirty_.units() > most || age(now, span) >= policy.delay_milliseconds;
  }

  // The clock wraps; a span that became free after it was read has no age.
  [[nodiscard]] static std::uint32_t age(std::uint32_t now, const Span<Env>* span) {
    const std::uint32_t age = now - span->since.load();
    return age < (1U << 31) ? age : 0;
  }

  Lock<Env> lock_;
  FreeSpans<Env> dirty_;
  FreeSpans<Env> clean_;
  typename Env::template Plain<Span<Env>*> oldest_;
  typename Env::template Plain<Span<Env>*> newest_;
  ArenaCounts counts_;
};

}  // namespace quintet::allocator
