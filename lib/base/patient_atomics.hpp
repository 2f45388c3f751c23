// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "base/atomics.hpp"

// StdAtomics for waits that may be long: await() spins for as long as a cache line travels a few
// times, then lets other threads run, and after a while sleeps for a moment at a time. So whoever
// is waited for gets a processor even if there are more threads than processors.
namespace quintet {

// How a wait becomes more patient with each look.
class Patience {
 public:
  static constexpr unsigned kSpins = 64;    // about 1.5 us of pauses
  static constexpr unsigned kYields = 256;  // 100 us, if nobody takes the processor
  // Where threads outnumber processors: what is waited for may need this one. Case
  // node_replication/oversubscribed, max_us.
  static constexpr unsigned kSpinsInACrowd = 4;

  // Between two looks. Whoever can sleep where it is woken does that instead from is_long() on.
  void pause() {
    if (looks_ < spins_) {
      StdAtomics::pause();
    } else if (!is_long()) {
      yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    ++looks_;
  }
  [[nodiscard]] bool is_long() const { return looks_ >= spins_ + kYields; }

 private:
  using Clock = std::chrono::steady_clock;
  // Another thread had the processor meanwhile: twice as long as a switch there and back.
  static constexpr std::chrono::microseconds kLongYield{5};

  static void yield() {
    const auto before = Clock::now();
    std::this_thread::yield();
    in_a_crowd_ = Clock::now() - before > kLongYield;
  }

  static inline thread_local bool in_a_crowd_ = false;
  unsigned spins_ = in_a_crowd_ ? kSpinsInACrowd : kSpins;
  unsigned looks_ = 0;
};

struct PatientAtomics : StdAtomics {
  template <class Cell, class Predicate>
  static auto await(const Cell& cell, std::memory_order order, Predicate predicate) {
    auto value = cell.load(order);
    for (Patience patience; !predicate(value); value = cell.load(order)) patience.pause();
    return value;
  }
};

static_assert(Atomics<PatientAtomics>);

}  // namespace quintet
