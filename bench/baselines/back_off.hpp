// SPDX-License-Identifier: MIT
#pragma once

#include <thread>

// How the rivals that we write wait: spinning, and giving the core away now and then, so that they
// stay usable with more threads than cores.
namespace quintet::baselines {

class BackOff {
 public:
  void wait() noexcept {
    if (++looks_ % kLooksPerYield == 0) {
      std::this_thread::yield();
      return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

 private:
  static constexpr unsigned kLooksPerYield = 64;
  unsigned looks_ = 0;
};

}  // namespace quintet::baselines
