// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "base/align.hpp"
#include "node_replication/env.hpp"
#include "node_replication/options.hpp"

// The lock of a replica's combiner: who holds it applies everybody's requests. One word: held,
// wanted, and a count that changes whenever someone who waits should look again.
//
// Invariants:
//   I1  `wanted` is set by a thread that found the lock held, and cleared by the holder only, which
//       then looks at all posted requests before it gives the lock up
//   I2  so whoever posted a request and then got false from lock_or_want() is served by the holder,
//       or by somebody to whom the holder passes the lock
//
//   try_lock, lock_or_want, look, await_change: any thread without this lock.
//   unlock_unless_wanted, clear_wanted, unlock, unlock_alone: the holder.
namespace quintet::node_replication {

template <Environment Env, Fault kFault = Fault::kNone>
class CombinerLock {
 public:
  using Word = std::uint64_t;

  CombinerLock() { Env::name(word_, "lock"); }

  [[nodiscard]] static bool is_held(Word word) { return (word & kHeld) != 0; }
  // seq_cst as in try_lock().
  [[nodiscard]] Word look() const { return word_.load(std::memory_order_seq_cst); }

  [[nodiscard]] bool try_lock() {
    Word word = word_.load(std::memory_order_relaxed);
    // acquire: pairs with unlocking, so that what was done under the lock is seen. seq_cst: the
    // holder looks next how many sessions there are (Replica::attach).
    return !is_held(word) &&
           word_.compare_exchange_strong(word, word | kHeld, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
  }

  // True: locked. False: somebody holds it, and will look at what the caller has posted (I2).
  // The word is read after the request was posted, and the holder looks at requests after it has
  // cleared `wanted`; all four are seq_cst, so one of the two sees the other.
  [[nodiscard]] bool lock_or_want() {
    Word word = word_.load(std::memory_order_seq_cst);
    for (;;) {
      if (is_held(word) && (word & kWanted) != 0) return false;
      const bool held = is_held(word);
      const Word wish = word | (held ? kWanted : kHeld);
      // acquire as in try_lock(), release for the request that was posted.
      if (word_.compare_exchange_weak(word, wish, std::memory_order_seq_cst,
                                      std::memory_order_seq_cst)) {
        return !held;
      }
    }
  }

  // Waits until the holder of `seen` has gone, or has looked at everything again.
  void await_change(Word seen) const {
    Env::await(word_, std::memory_order_acquire,
               [seen](Word word) { return !is_held(word) || (word ^ seen) >= kOne; });
  }

  // False: wanted, and still locked.
  [[nodiscard]] bool unlock_unless_wanted() {
    Word word = word_.load(std::memory_order_relaxed);
    if (kFault != Fault::kWantedIgnored && (word & kWanted) != 0) return false;
    return word_.compare_exchange_strong(word, next(word), kRelease, std::memory_order_relaxed) ||
           (kFault == Fault::kWantedIgnored && (unlock(), true));
  }
  // Requires: wanted. Clears it and counts: 2 + 2 carries into the count.
  void clear_wanted() { word_.fetch_add(kWanted, std::memory_order_seq_cst); }
  // Whatever is wanted.
  void unlock() {
    Word word = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(word, next(word), kRelease, std::memory_order_relaxed)) {
    }
  }
  // Requires: nobody else calls lock_or_want().
  void unlock_alone() { word_.store(next(word_.load(std::memory_order_relaxed)), kRelease); }

 private:
  static constexpr Word kHeld = 1;
  static constexpr Word kWanted = 2;
  static constexpr Word kOne = 4;
  static constexpr std::memory_order kRelease =
      kFault == Fault::kLockNotReleased ? std::memory_order_relaxed : std::memory_order_release;

  [[nodiscard]] static Word next(Word word) { return (word & ~(kHeld | kWanted)) + kOne; }

  typename Env::template atomic<Word> word_{0};
};

}  // namespace quintet::node_replication
