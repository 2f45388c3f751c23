// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "baselines/back_off.hpp"

// A distributed reader-writer lock: readers announce themselves in a line of their own, a writer
// raises one flag and looks through all those lines. Readers do not disturb each other; a writer
// keeps new readers out and waits for those that are in.
// Threading: any; a member number belongs to one thread at a time.
namespace quintet::baselines {

class SlotsRwLock {
 public:
  explicit SlotsRwLock(std::size_t members) : slots_(members) {}

  template <class F>
  decltype(auto) read(std::size_t member, F&& f) {
    std::atomic<bool>& slot = slots_[member].reading;
    // seq_cst here and in write(): of a reader and a writer that meet, one sees the other.
    while (slot.exchange(true, std::memory_order_seq_cst), writing_.load(std::memory_order_seq_cst))
        [[unlikely]] {
      slot.store(false, std::memory_order_release);
      for (BackOff back_off; writing_.load(std::memory_order_relaxed);) back_off.wait();
    }
    const Release leave{slot};
    return std::forward<F>(f)();
  }

  template <class F>
  decltype(auto) write(std::size_t /*member*/, F&& f) {
    for (BackOff back_off; writing_.exchange(true, std::memory_order_seq_cst);) {
      while (writing_.load(std::memory_order_relaxed)) back_off.wait();
    }
    const Release leave{writing_};
    for (Slot& slot : slots_) {
      // acquire: what that reader did is over. seq_cst with the reader's load of the flag.
      for (BackOff back_off; slot.reading.load(std::memory_order_seq_cst);) back_off.wait();
    }
    return std::forward<F>(f)();
  }

 private:
  static constexpr std::size_t kPad = 128;  // a line and the one that is fetched with it
  struct alignas(kPad) Slot {
    std::atomic<bool> reading = false;
  };
  struct Release {
    std::atomic<bool>& flag;
    ~Release() { flag.store(false, std::memory_order_release); }
  };

  alignas(kPad) std::atomic<bool> writing_ = false;
  alignas(kPad) std::vector<Slot> slots_;
};

}  // namespace quintet::baselines
