// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "baselines/original_nr/traits.hpp"
#include "baselines/original_nr/waiting.hpp"

// The log that the replicas share: a ring of entries with ever growing indices. The alive bit of
// an entry says whether it is written in this lap, and changes its meaning with each lap.
//
// head <= every applied[r] <= completed <= tail. Threading: append() and execute() of a replica are
// called by whoever holds its combiner lock and its data lock. Who appends to a full log executes
// what is new until somebody else has moved the head, and so for ever if a replica is idle.
namespace quintet::baselines {

// So that entries which share a line always share it with the same ones.
template <class T>
struct OnLine {
  using value_type = T;  // NOLINT(readability-identifier-naming): as in std
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{kNrPadding}));
  }
  void deallocate(T* first, std::size_t) { ::operator delete(first, std::align_val_t{kNrPadding}); }
  friend bool operator==(OnLine, OnLine) { return true; }
};

template <class Op, class Env, class Traits>
class OriginalLog {
 public:
  // Requires: `entries` is a power of two, at least twice the margin.
  OriginalLog(std::size_t replicas, std::uint64_t entries, OriginalWaiting<Env> waiting)
      : waiting_(waiting),
        replicas_(replicas),
        entries_(entries),
        ring_(entries),
        applied_(std::make_unique<Applied[]>(replicas)) {
    Env::name(tail_, "log.tail");
    Env::name(head_, "log.head");
    Env::name(completed_, "log.completed");
    for (std::size_t r = 0; r < replicas; ++r) Env::name(applied_[r].below, "log.applied", r);
    for (std::uint64_t i = 0; i < entries; ++i) Env::name(ring_[i].alive, "log.entry");
  }

  // `apply(op, replica)` is called for each entry that the replica has not applied.
  template <class Apply>
  void append(std::span<const Op> ops, std::uint32_t replica, Apply&& apply) {
    for (;;) {
      std::uint64_t tail = tail_.load(Traits::kRelaxed);
      const std::uint64_t head = head_.load(Traits::kRelaxed);
      if (tail > head + entries_ - Traits::kGcMargin) {
        execute(replica, apply);
        waiting_.turn();
        continue;
      }
      const bool advances = tail + ops.size() > head + entries_ - Traits::kGcMargin;
      if (!tail_.compare_exchange_weak(tail, tail + ops.size(), Traits::kAcqRel,
                                       Traits::kAcquire)) {
        continue;
      }
      write(ops, replica, tail);
      if (advances) advance_head(replica, apply);
      return;
    }
  }

  template <class Apply>
  void execute(std::uint32_t replica, Apply&& apply) {
    Applied& mine = applied_[replica];
    const std::uint64_t from = mine.below.load(Traits::kRelaxed);
    const std::uint64_t to = tail_.load(Traits::kRelaxed);
    if (from == to) return;
    for (std::uint64_t i = from; i != to; ++i) {
      Entry& entry = ring_[slot_of(i)];
      const bool published = Traits::kMask ? mine.mask : parity(i);
      waiting_.template until<true>(entry.alive, Traits::kAcquire,
                                    [published](bool alive) { return alive == published; });
      static_cast<void>(entry.touch.load());
      const Op op = *entry.op;  // a copy for each replica
      apply(op, entry.replica);
      if constexpr (Traits::kMask) {
        if (slot_of(i) == entries_ - 1) mine.mask = !mine.mask;
      }
    }
    raise_completed(to);
    mine.below.store(to, Traits::kRelease);
  }

  [[nodiscard]] std::uint64_t completed() const { return completed_.load(Traits::kAcquire); }
  [[nodiscard]] bool is_synced(std::uint32_t replica, std::uint64_t completed) const {
    return applied_[replica].below.load(Traits::kAcquire) >= completed;
  }

 private:
  template <class V>
  using Atomic = typename Env::template atomic<V>;
  struct alignas(Traits::kEntryAlign) Entry {
    std::optional<Op> op;  // stays until it is overwritten
    std::uint32_t replica = 0;
    Atomic<bool> alive{false};
    typename Env::template plain<Touch> touch;
  };
  struct alignas(kNrPadding) Applied {
    Atomic<std::uint64_t> below{0};
    alignas(kNrPadding) bool mask = true;  // the combiner's: how entries of its lap are alive
  };

  [[nodiscard]] std::uint64_t slot_of(std::uint64_t index) const {
    if constexpr (Traits::kMask) return index & (entries_ - 1);
    if constexpr (requires { Env::divide(); }) Env::divide();  // simulated
    return index % entries_;
  }
  [[nodiscard]] bool parity(std::uint64_t index) const { return index / entries_ % 2 == 0; }

  void write(std::span<const Op> ops, std::uint32_t replica, std::uint64_t at) {
    bool mask = applied_[replica].mask;
    for (const Op& op : ops) {
      Entry& entry = ring_[slot_of(at)];
      if constexpr (Traits::kMask) {
        if (entry.alive.load(Traits::kRelaxed) == mask) mask = !mask;
      } else {
        mask = parity(at);
      }
      entry.touch.store({});
      entry.op = op;
      entry.replica = replica;
      entry.alive.store(mask, Traits::kRelease);
      ++at;
    }
  }

  // What a fetch_max is on x86: it writes even if nothing changes.
  void raise_completed(std::uint64_t to) {
    std::uint64_t seen = completed_.load(Traits::kRelaxed);
    while (!completed_.compare_exchange_strong(seen, std::max(seen, to), Traits::kAcqRel,
                                               Traits::kRelaxed)) {
    }
  }

  // Anybody's: two may do it at once and the head go backwards, which is safe.
  template <class Apply>
  void advance_head(std::uint32_t replica, Apply&& apply) {
    for (;;) {
      const std::uint64_t head = head_.load(Traits::kRelaxed);
      const std::uint64_t tail = tail_.load(Traits::kRelaxed);
      std::uint64_t least = applied_[0].below.load(Traits::kAcquire);
      for (std::size_t r = 1; r < replicas_; ++r) {
        least = std::min(least, applied_[r].below.load(Traits::kAcquire));
      }
      if (least != head) {
        head_.store(least, Traits::kRelease);
        if (tail < least + entries_ - Traits::kGcMargin) return;
      }
      execute(replica, apply);
      waiting_.turn();
    }
  }

  OriginalWaiting<Env> waiting_;
  std::size_t replicas_;
  std::uint64_t entries_;
  std::vector<Entry, OnLine<Entry>> ring_;
  std::unique_ptr<Applied[]> applied_;
  alignas(kNrPadding) Atomic<std::uint64_t> head_{0};
  alignas(kNrPadding) Atomic<std::uint64_t> tail_{0};
  alignas(kNrPadding) Atomic<std::uint64_t> completed_{0};
};

}  // namespace quintet::baselines
