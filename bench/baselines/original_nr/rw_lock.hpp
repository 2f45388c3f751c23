// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "baselines/original_nr/traits.hpp"
#include "baselines/original_nr/waiting.hpp"

// The distributed reader-writer lock around each replica: a flag of the writer and a counter for
// each reader, on lines of their own. Upstream's orders are kept, which are enough on x86 only.
// Threading: a reader uses its own index.
namespace quintet::baselines {

template <class Env, class Traits>
class OriginalRwLock {
 public:
  explicit OriginalRwLock(OriginalWaiting<Env> waiting) : waiting_(waiting) {
    Env::name(writer_, "rwlock.writer");
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      Env::name(readers_[i].count, "rwlock.reader", i);
    }
  }

  void lock_shared(std::size_t thread) {
    auto& count = readers_[thread].count;
    for (;;) {
      if constexpr (Traits::kReaderByCas) {
        Count seen = count.load(Traits::kRelaxed);
        if (!count.compare_exchange_strong(seen, static_cast<Count>(seen + 1), Traits::kAcquire,
                                           Traits::kAcquire)) {
          continue;
        }
      } else {
        waiting_.template until<true>(writer_, Traits::kRelaxed, [](bool held) { return !held; });
        count.fetch_add(1, Traits::kAcquire);
      }
      if (!writer_.load(Traits::kRelaxed)) return;
      count.fetch_sub(1, Traits::kRelease);
      waiting_.turn();
    }
  }
  void unlock_shared(std::size_t thread) { readers_[thread].count.fetch_sub(1, Traits::kRelease); }

  // `threads`: how many readers there can be.
  void lock(std::size_t threads) {
    bool held = false;
    while (!writer_.compare_exchange_weak(held, true, Traits::kAcquire, Traits::kAcquire)) {
      held = false;
      waiting_.turn();
    }
    for (std::size_t i = 0; i < threads; ++i) {
      waiting_.template until<true>(readers_[i].count, Traits::kRelaxed,
                                    [](Count count) { return count == 0; });
    }
  }
  void unlock() {
    if constexpr (Traits::kUnlocksByCas) {
      bool held = true;
      writer_.compare_exchange_strong(held, false, Traits::kAcquire, Traits::kAcquire);
    } else {
      writer_.store(false, Traits::kRelease);
    }
  }

 private:
  using Count = typename Traits::ReaderCount;
  struct alignas(kNrPadding) Reader {
    typename Env::template atomic<Count> count{0};
  };

  OriginalWaiting<Env> waiting_;
  alignas(kNrPadding) typename Env::template atomic<bool> writer_{false};
  std::array<Reader, Traits::kThreads> readers_{};
};

}  // namespace quintet::baselines
