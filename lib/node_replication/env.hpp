// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <semaphore>

#include "base/asymmetric_fence.hpp"
#include "base/atomics.hpp"
#include "base/patient_atomics.hpp"

// The world of node replication: the cells that threads share, and how they wait for each other.
// StdEnv is that of real threads; checks run the same code in the interleaving explorer and in the
// simulator of a large machine.
namespace quintet::node_replication {

// A cell without content, beside memory that is no cell itself: load() says that the memory is read
// and store() that it is written, so that the explorer finds races on it. Nothing in programs.
struct Touch {};

// Beyond Atomics:
//   Parker                            where one thread sleeps
//   await(cell, order, holds, parker) as await(cell, order, holds), but may sleep in the parker
//   wake(parker)                      after the cell was changed: ends that sleep
//   prefetch(cell)                    a hint that its line is read soon
//   light_fence(), heavy_fence(), has_heavy_fence()   those of base/asymmetric_fence.hpp
//   kCalmReads                        reads of one session without a write before the reader lock
//                                     is opened
//   kPatience                         pauses before a writer asks the holder of a lock to serve it
//   kTurns                            so often it waits that long where few write
//   is_few(sessions)                  so few that they are better off one after the other
//   kStops                            an access may throw, which ends the thread's part (checks)
//   kWitness                          requests record versions (Session::last_version)
template <class E>
concept Environment = Atomics<E> && std::default_initializable<typename E::Parker> &&
                      requires(typename E::template atomic<std::uint32_t>& cell,
                               typename E::Parker& parker, bool (*holds)(std::uint32_t)) {
                        {
                          E::await(cell, std::memory_order_acquire, holds, parker)
                        } -> std::same_as<std::uint32_t>;
                        E::wake(parker);
                        E::prefetch(cell);
                        E::light_fence();
                        E::heavy_fence();
                        { E::has_heavy_fence() } -> std::same_as<bool>;
                        { E::kCalmReads } -> std::convertible_to<int>;
                        { E::kPatience } -> std::convertible_to<int>;
                        { E::kTurns } -> std::convertible_to<int>;
                        { E::is_few(std::size_t{1}) } -> std::same_as<bool>;
                        { E::kStops } -> std::convertible_to<bool>;
                        { E::kWitness } -> std::convertible_to<bool>;
                      };

struct StdEnv : PatientAtomics {
  static constexpr int kPatience = 64;  // 1.5 us. Case node_replication/mix, writes:100
  static constexpr int kTurns = 8;
  // With three, combining is better if they also read (bench/simulation, 10% writes).
  static bool is_few(std::size_t sessions) { return sessions <= 2; }
  // What they could have saved, 2 ns each, is three times what closing costs.
  static constexpr int kCalmReads = 1 << 14;
  static constexpr bool kStops = false;
  static constexpr bool kWitness = false;

  template <class Cell>
  static void prefetch(const Cell& cell) {
    __builtin_prefetch(&cell);
  }
  static void light_fence() { quintet::light_fence(); }
  static void heavy_fence() { quintet::heavy_fence(); }
  static bool has_heavy_fence() { return quintet::has_heavy_fence(); }

  class Parker {
   private:
    friend struct StdEnv;
    std::atomic<bool> asleep_{false};
    std::binary_semaphore wake_ups_{0};  // 1 only between wake() and the end of that sleep
  };

  using PatientAtomics::await;

  // A waker that looks just before the sleeper says that it sleeps misses it; so a sleep is short,
  // and a missed wake-up costs a millisecond. In return wakers need no fence.
  template <class Cell, class Predicate>
  static auto await(const Cell& cell, std::memory_order order, Predicate predicate,
                    Parker& parker) {
    constexpr std::chrono::milliseconds kLongestSleep(1);
    auto value = cell.load(order);
    for (Patience patience; !predicate(value); value = cell.load(order)) {
      if (!patience.is_long()) {
        patience.pause();
        continue;
      }
      parker.asleep_.store(true, std::memory_order_seq_cst);
      const bool woken =
          !predicate(cell.load(order)) && parker.wake_ups_.try_acquire_for(kLongestSleep);
      // Whoever has taken the word back releases, or has done so.
      if (!parker.asleep_.exchange(false, std::memory_order_acquire) && !woken) {
        parker.wake_ups_.acquire();
      }
    }
    return value;
  }
  static void wake(Parker& parker) {
    if (parker.asleep_.load(std::memory_order_relaxed) &&
        parker.asleep_.exchange(false, std::memory_order_release)) {
      parker.wake_ups_.release();
    }
  }
};

static_assert(Environment<StdEnv>);

}  // namespace quintet::node_replication
