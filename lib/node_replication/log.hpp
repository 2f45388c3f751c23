// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/align.hpp"
#include "base/assert.hpp"
#include "node_replication/env.hpp"
#include "node_replication/options.hpp"
#include "node_replication/small_locks.hpp"

// The shared log: a ring of lines that hold operations, in the order in which every replica applies
// them. Indices grow for ever; index i lies in line i mod N. A line is published by its sequence
// word, i + 1: so a reader of index i needs to know nothing else, and what the line held a lap ago
// is not mistaken for it.
//
// Invariants (their names: test/README.md):
//   C1  head <= ltail of every replica <= tail <= head + N
//   C4  the sequence word of index i holds i + 1 from its publication until N indices later
//   C5  the lines of a reservation belong to who reserved them, until published
//
//   reserve, write           the combiner of a replica; several at a time
//   consume                  the combiner of a replica; several at a time, also with write
//   advance_head             anybody
namespace quintet::node_replication {

// How far they were when the owner of this has looked.
struct LogSeen {
  LogIndex head = 0;
  LogIndex tail = 0;
};

template <class Op, Environment Env, Fault kFault = Fault::kNone>
class Log {
 private:
  struct Header {
    std::uint32_t replica = 0;
    std::uint32_t count = 0;
  };
  struct Words {  // of a line, beside its operations
    typename Env::template atomic<LogIndex> sequence{0};
    typename Env::template plain<Header> header;
    [[no_unique_address]] typename Env::template plain<Touch> touch;
  };
  static constexpr std::size_t kWordBytes = 16;  // of StdEnv; the layout is the same everywhere
  static constexpr std::size_t kOpsAt = align_up<std::size_t>(kWordBytes, alignof(Op));

 public:
  static constexpr std::size_t kOpsPerLine =
      std::max<std::size_t>(1, (std::max(kCacheLineBytes, kOpsAt) - kOpsAt) / sizeof(Op));
  static constexpr bool kDestroys = !std::is_trivially_destructible_v<Op>;

  Log() {
    Env::name(tail_, "tail");
    Env::name(head_, "head");
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() {
    if (lines_ == nullptr) return;
    if constexpr (kDestroys) {
      destroy(head_.load(std::memory_order_relaxed), tail_.load(std::memory_order_relaxed));
    }
    std::destroy_n(lines_, size());
    memory_->deallocate(lines_, size() * sizeof(Line), alignof(Line));
  }

  // Takes the memory for the lines; until then the log is not used. Throws what `memory` throws.
  // Requires: 2 <= lines <= 2^32, once.
  void open(std::size_t lines, std::pmr::memory_resource& memory) {
    const std::size_t size = std::bit_ceil(lines);
    memory_ = &memory;
    lines_ = static_cast<Line*>(memory.allocate(size * sizeof(Line), alignof(Line)));
    mask_ = size - 1;
    for (std::size_t i = 0; i < size; ++i) {
      std::construct_at(lines_ + i);
      Env::name(lines_[i].words.sequence, "sequence", i);
    }
  }
  [[nodiscard]] bool is_open() const { return lines_ != nullptr; }
  [[nodiscard]] std::size_t size() const { return mask_ + 1; }
  [[nodiscard]] static std::size_t lines_for(std::size_t ops) {
    return (ops + kOpsPerLine - 1) / kOpsPerLine;
  }

  [[nodiscard]] LogIndex tail() const { return tail_.load(std::memory_order_relaxed); }
  // Needs no order for its own sake: head is only compared.
  [[nodiscard]] LogIndex head() const { return head_.load(std::memory_order_relaxed); }

  // Reserves `lines` in a row, or nothing if there is no room. `seen` is the caller's memory of the
  // log's words: head is read once a lap, and tail not before the attempt to raise it, since a
  // line that others write comes sooner once, for writing, than twice. Lock-free: tries again only
  // if somebody else has reserved.
  [[nodiscard]] std::optional<LogIndex> reserve(std::size_t lines, LogSeen& seen) {
    do {
      if (!has_room(seen.tail, lines, seen.head)) {
        // acquire: pairs with advance_head(), so that no reader is left in the lines behind it.
        seen.head = head_.load(std::memory_order_acquire);
        if (!has_room(seen.tail, lines, seen.head)) return std::nullopt;
      }
      // relaxed: what the lines hold travels with their sequence words.
    } while (!tail_.compare_exchange_weak(seen.tail, seen.tail + lines, std::memory_order_relaxed,
                                          std::memory_order_relaxed));
    seen.tail += lines;
    return seen.tail - lines;
  }
  // The smallest ltail with which so many lines can be reserved.
  [[nodiscard]] LogIndex needed_for(std::size_t lines) const {
    const LogIndex end = tail() + lines;
    return end > size() ? end - size() : 0;
  }

  // Writes and publishes a reserved line. `next()` gives the operations in order, to be moved.
  // noexcept: a reserved line that is never published would stop all replicas.
  template <class Next>
  void write(LogIndex index, ReplicaId replica, std::size_t count,
             Next&& next) noexcept(!Env::kStops) {
    Line& line = at(index);
    if (kFault == Fault::kPublishedBeforeWritten) publish(line, index);
    line.words.touch.store({});
    line.words.header.store({static_cast<std::uint32_t>(replica), std::uint32_t(count)});
    for (std::size_t i = 0; i < count; ++i) std::construct_at(line.op(i), std::move(next()));
    if (kFault != Fault::kPublishedBeforeWritten) publish(line, index);
  }

  // Whether the line has been published, be it that it was reused since. relaxed: consuming it
  // acquires.
  [[nodiscard]] bool is_published(LogIndex index) const {
    return at(index).words.sequence.load(std::memory_order_relaxed) > index;
  }
  // Gives the operations of a published line in order; waits for its publication.
  template <class Visit>
  void consume(LogIndex index, Visit visit) const {
    const Line& line = at(index);
    Env::prefetch(at(index + kAhead).words.sequence);
    if (kFault != Fault::kUnpublishedApplied) {
      // acquire: pairs with publish(). Whoever has reserved the line waits for nothing before that.
      Env::await(line.words.sequence, std::memory_order_acquire,
                 [index](LogIndex sequence) { return sequence == index + 1; });
    }
    static_cast<void>(line.words.touch.load());
    const Header header = line.words.header.load();
    for (std::size_t i = 0; i < header.count; ++i) visit(*line.op(i));
  }

  // Nothing below `least` is needed any more. `least()` is the smallest ltail.
  template <class Least>
  void advance_head(Least least) {
    if constexpr (kDestroys) collecting_.lock();
    const LogIndex end = least();
    LogIndex begin = head();
    if constexpr (kDestroys) {
      if (begin < end) {
        destroy(begin, kFault == Fault::kDestroyedTooEarly ? std::min(end + 1, tail()) : end);
      }
    }
    constexpr auto kOrder =
        kFault == Fault::kHeadNotReleased ? std::memory_order_relaxed : std::memory_order_release;
    // release: pairs with reserve(). It stands for all ltails that `least` has acquired.
    while (begin < end &&
           !head_.compare_exchange_weak(begin, end, kOrder, std::memory_order_relaxed)) {
    }
    if constexpr (kDestroys) collecting_.unlock();
  }

 private:
  struct Line {
    alignas(std::max(kCacheLineBytes, alignof(Op))) Words words;
    alignas(Op) std::byte ops[kOpsPerLine * sizeof(Op)];

    [[nodiscard]] Op* op(std::size_t i) {
      return std::launder(reinterpret_cast<Op*>(ops) + i);  // NOLINT(*-reinterpret-cast)
    }
    [[nodiscard]] const Op* op(std::size_t i) const {
      return std::launder(reinterpret_cast<const Op*>(ops) + i);  // NOLINT(*-reinterpret-cast)
    }
  };
  static constexpr LogIndex kAhead = 4;  // a line from another core takes as long as four applied

  [[nodiscard]] Line& at(LogIndex index) { return lines_[index & mask_]; }
  [[nodiscard]] const Line& at(LogIndex index) const { return lines_[index & mask_]; }

  [[nodiscard]] bool has_room(LogIndex index, std::size_t lines, LogIndex head) const {
    return index + lines <= head + size() + (kFault == Fault::kRoomOffByOne ? 1 : 0);
  }
  void publish(Line& line, LogIndex index) {
    line.words.sequence.store(index + 1, std::memory_order_release);
  }
  void destroy(LogIndex begin, LogIndex end) {
    for (LogIndex index = begin; index < end; ++index) {
      Line& line = at(index);
      line.words.touch.store({});
      std::destroy_n(line.op(0), line.words.header.load().count);
    }
  }

  // Each on a line of its own: combiners write them at different times.
  alignas(kCacheLineBytes) typename Env::template atomic<LogIndex> tail_{0};
  alignas(kCacheLineBytes) typename Env::template atomic<LogIndex> head_{0};
  SmallMutex<Env> collecting_{"collecting"};  // who destroys operations
  alignas(kCacheLineBytes) Line* lines_ = nullptr;
  std::size_t mask_ = 0;
  std::pmr::memory_resource* memory_ = nullptr;
};

}  // namespace quintet::node_replication
