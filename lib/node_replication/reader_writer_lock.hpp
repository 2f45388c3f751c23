// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "node_replication/env.hpp"
#include "node_replication/options.hpp"

// A distributed reader-writer lock: each reader has a word of its own, on a line of its own, and
// the writer one that all readers look at. Each sets its own, then looks at the other's; both are
// seq_cst, so at least one of them sees the other, and the reader gives way. Readers share nothing
// that is written.
//
// While nobody writes the lock may stand open. Then a reader pays for no fence, only for a plain
// store and a look; who writes next closes it, and pays for all by a heavy fence
// (base/asymmetric_fence.hpp). Worth it only after many reads: Calm counts them.
//
// Invariants (L1 to L5 as a protocol: spec/reader_writer_protocol.hpp):
//   L2  after await_readers() no reader is between begin_reading() and end_reading(), and none gets
//       there until end_writing()
//   L6  it does not stand open while a writer is there
//
//   begin_reading, end_reading                any thread, each with its own word
//   close, await_readers, end_writing, open   one thread at a time
namespace quintet::node_replication {

// The writer's word as readers see it: a writer is there, the lock stands open, and how often
// somebody has written.
struct LockState {
  static constexpr std::uint32_t kWriting = 1;
  static constexpr std::uint32_t kOpen = 2;
  static constexpr std::uint32_t kOne = 4;

  [[nodiscard]] bool is_writing() const { return (bits & kWriting) != 0; }
  [[nodiscard]] bool is_open() const { return (bits & kOpen) != 0; }

  std::uint32_t bits = 0;
};

// A reader's count of its reads since somebody wrote.
template <Environment Env>
class Calm {
 public:
  // Of each read while it does not stand open.
  void note(LockState state) {
    reads_ = state.bits == seen_.bits ? reads_ + 1 : 0;
    seen_ = state;
  }
  // Now and then, while it is calm: the lock is worth opening.
  [[nodiscard]] bool is_long() {
    if (reads_ < Env::kCalmReads) return false;
    reads_ = 0;
    return Env::has_heavy_fence();
  }

 private:
  LockState seen_;
  int reads_ = 0;
};

template <Environment Env, Fault kFault = Fault::kNone>
class ReaderWriterLock {
 public:
  using Word = typename Env::template atomic<std::uint32_t>;

  ReaderWriterLock() { Env::name(state_, "writing"); }

  // `open` is called after many reads without a write, and may open().
  template <class Open>
  void begin_reading(Word& mine, Calm<Env>& calm, Open open) const {
    if (begin_reading_open(mine)) [[likely]]
      return;
    if (calm.is_long()) [[unlikely]] {
      open();
      if (begin_reading_open(mine)) return;
    }
    calm.note(begin_reading_closed(mine));
  }
  // release: pairs with await_readers(), so that what was read is not changed meanwhile.
  static void end_reading(Word& mine) { mine.store(0, std::memory_order_release); }

  // A write begins: no reader comes in any more.
  void close() {
    const LockState before{state_.load(std::memory_order_relaxed)};
    constexpr std::uint32_t kKept = kFault == Fault::kLeftOpen ? ~0U : ~LockState::kOpen;
    state_.exchange((before.bits & kKept) | LockState::kWriting, kWriterFence);
    if (before.is_open() && kFault != Fault::kHeavyFenceForgotten) Env::heavy_fence();
  }
  // Returns when all readers have left. `words()` says how many there are; `word(i)` is the i-th.
  // Requires: close().
  template <class Words, class WordOf>
  void await_readers(Words words, WordOf word) const {
    if (kFault == Fault::kReadersNotAwaited) return;
    const std::size_t count = words();
    for (std::size_t i = 0; i < count; ++i) {
      const Word& reading = word(i);
      if (reading.load(kWriterLook) != 0) {
        Env::await(reading, std::memory_order_seq_cst, [](std::uint32_t r) { return r == 0; });
      }
    }
  }
  // release: pairs with begin_reading().
  void end_writing() {
    const std::uint32_t bits = state_.load(std::memory_order_relaxed);
    state_.store((bits & ~LockState::kWriting) + LockState::kOne, std::memory_order_release);
  }
  // Requires: Env::has_heavy_fence().
  void open() {
    const std::uint32_t bits = state_.load(std::memory_order_relaxed);
    state_.store(bits | LockState::kOpen, std::memory_order_release);
  }

 private:
  static constexpr auto kReaderFence =
      kFault == Fault::kReaderNotFenced ? std::memory_order_acquire : std::memory_order_seq_cst;
  static constexpr auto kWriterFence =
      kFault == Fault::kWriterNotFenced ? std::memory_order_release : std::memory_order_seq_cst;
  static constexpr auto kWriterLook =
      kFault == Fault::kWriterNotFenced ? std::memory_order_acquire : std::memory_order_seq_cst;

  // False: it does not stand open, and nothing was done.
  [[nodiscard]] bool begin_reading_open(Word& mine) const {
    if (!LockState{state_.load(std::memory_order_relaxed)}.is_open()) return false;
    mine.store(1, std::memory_order_relaxed);
    Env::light_fence();
    // acquire: pairs with open(), so that what was written before is seen.
    if (LockState{state_.load(std::memory_order_acquire)}.is_open()) return true;
    mine.store(0, std::memory_order_release);
    return false;
  }
  LockState begin_reading_closed(Word& mine) const {
    for (;;) {
      mine.exchange(1, kReaderFence);
      const LockState state{state_.load(kReaderFence)};
      if (!state.is_writing()) [[likely]]
        return state;
      mine.store(0, std::memory_order_release);
      await_no_writer();
    }
  }
  [[gnu::noinline]] void await_no_writer() const {
    Env::await(state_, std::memory_order_relaxed,
               [](std::uint32_t bits) { return !LockState{bits}.is_writing(); });
  }

  Word state_{0};
};

}  // namespace quintet::node_replication
