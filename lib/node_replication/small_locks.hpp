// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "node_replication/env.hpp"

// What is locked seldom or for a moment: a mutex, and places that are taken and given back.
// Threading: any.
namespace quintet::node_replication {

// A mutex for short work; usable with std::lock_guard.
template <Environment Env>
class SmallMutex {
 public:
  explicit SmallMutex(const char* name) { Env::name(held_, name); }

  void lock() {
    // acquire: pairs with unlock().
    while (held_.exchange(1, std::memory_order_acquire) != 0) {
      Env::await(held_, std::memory_order_relaxed, [](std::uint32_t held) { return held == 0; });
    }
  }
  void unlock() { held_.store(0, std::memory_order_release); }

 private:
  typename Env::template atomic<std::uint32_t> held_{0};
};

// So many places, the lowest free one first.
template <Environment Env>
class Places {
 public:
  explicit Places(std::size_t count)
      : count_(count),
        taken_(std::make_unique<typename Env::template atomic<std::uint32_t>[]>(count)) {}

  [[nodiscard]] std::size_t count() const { return count_; }
  // Taken places are below this. seq_cst: whoever looks here has before, and whoever takes a place
  // will afterwards, set a word that the other looks at (ReaderWriterLock).
  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_seq_cst); }

  // Nothing: all are taken. O(count).
  [[nodiscard]] std::optional<std::size_t> take() {
    for (std::size_t i = 0; i < count_; ++i) {
      std::uint32_t free = 0;
      // acquire: pairs with give_back(), for what lies at the place.
      if (!taken_[i].compare_exchange_strong(free, 1, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
        continue;
      }
      std::size_t used = used_.load(std::memory_order_relaxed);
      while (used <= i && !used_.compare_exchange_weak(used, i + 1, std::memory_order_seq_cst,
                                                       std::memory_order_relaxed)) {
      }
      return i;
    }
    return std::nullopt;
  }
  void give_back(std::size_t place) { taken_[place].store(0, std::memory_order_release); }

 private:
  std::size_t count_;
  std::unique_ptr<typename Env::template atomic<std::uint32_t>[]> taken_;
  typename Env::template atomic<std::size_t> used_{0};
};

}  // namespace quintet::node_replication
