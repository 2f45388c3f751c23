// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "node_replication/env.hpp"
#include "node_replication/options.hpp"

// A distributed reader-writer lock: each reader has a word of its own, on a line of its own, and
// the writer a flag. Each sets its own, then looks at the other's; both are seq_cst, so at least
// one of them sees the other, and the reader gives way. Readers share nothing that is written.
//
// Invariants (L1 to L5 as a protocol: spec/reader_writer_protocol.hpp):
//   L2  after begin_writing() no reader is between begin_reading() and end_reading(), and none gets
//       there until end_writing()
//
//   begin_reading, end_reading   any thread, each with its own word
//   begin_writing, end_writing   one thread at a time
namespace quintet::node_replication {

template <Environment Env, Fault kFault = Fault::kNone>
class ReaderWriterLock {
 public:
  using Word = typename Env::template atomic<std::uint32_t>;

  ReaderWriterLock() { Env::name(writing_, "writing"); }

  void begin_reading(Word& mine) const {
    for (;;) {
      mine.exchange(1, kReaderFence);
      if (writing_.load(kReaderFence) == 0) return;
      mine.store(0, std::memory_order_release);
      Env::await(writing_, std::memory_order_relaxed,
                 [](std::uint32_t writing) { return writing == 0; });
    }
  }
  // release: pairs with begin_writing(), so that what was read is not changed meanwhile.
  static void end_reading(Word& mine) { mine.store(0, std::memory_order_release); }

  // Returns when all readers have left. `words()` says how many there are, and is asked after the
  // flag is set; `word(i)` is the i-th.
  template <class Words, class WordOf>
  void begin_writing(Words words, WordOf word) {
    writing_.exchange(1, kWriterFence);
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
  void end_writing() { writing_.store(0, std::memory_order_release); }

 private:
  static constexpr auto kReaderFence =
      kFault == Fault::kReaderNotFenced ? std::memory_order_acquire : std::memory_order_seq_cst;
  static constexpr auto kWriterFence =
      kFault == Fault::kWriterNotFenced ? std::memory_order_release : std::memory_order_seq_cst;
  static constexpr auto kWriterLook =
      kFault == Fault::kWriterNotFenced ? std::memory_order_acquire : std::memory_order_seq_cst;

  Word writing_{0};
};

}  // namespace quintet::node_replication
