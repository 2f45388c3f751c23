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

  // Between two looks. Whoever can sleep where it is woken does that instead from is_long() on.
  void pause() {
    if (looks_ < kSpins) {
      StdAtomics::pause();
    } else if (!is_long()) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    ++looks_;
  }
  [[nodiscard]] bool is_long() const { return looks_ >= kSpins + kYields; }

 private:
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
