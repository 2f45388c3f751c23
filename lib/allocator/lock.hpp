// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "allocator/env.hpp"

// A lock that is made of zeroed memory, so that it works before any constructor has run.
// Held for some hundred instructions; never while the operating system is asked for more than
// address space. Whoever waits long sleeps, if the Atomics' await() does.
// Threading: any; unlock() by the holder.
namespace quintet::allocator {

// `kBroken`: a fault, unlocking without release.
template <class Env, bool kBroken = Env::has(Fault::kLockRelaxed)>
class Lock {
 public:
  void lock() {
    // acquire: pairs with unlock().
    while (held_.exchange(1, std::memory_order_acquire) != 0) {
      Env::A::await(held_, std::memory_order_relaxed, [](std::uint32_t held) { return held == 0; });
    }
  }
  void unlock() { held_.store(0, kBroken ? std::memory_order_relaxed : std::memory_order_release); }

 private:
  typename Env::template Atomic<std::uint32_t> held_{0};
};

template <class L>
class Locked {
 public:
  explicit Locked(L& lock) : lock_(lock) { lock_.lock(); }
  ~Locked() { lock_.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  L& lock_;
};

}  // namespace quintet::allocator
