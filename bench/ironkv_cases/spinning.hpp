// SPDX-License-Identifier: MIT
#pragma once

#include <sched.h>

// The kernel pauses real-time threads that never sleep, for 50 ms of each second (sched(7)), and
// benchmarks run as such where neighbours disturb. So who spins is an ordinary thread meanwhile.
namespace quintet::bench::ironkv_cases {

class WhileSpinning {
 public:
  // The calling thread, and those that it makes.
  explicit WhileSpinning(bool spins) {
    if (!spins || ::sched_getparam(0, &before_) != 0) return;
    policy_ = ::sched_getscheduler(0);
    const sched_param ordinary{};
    ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
  }
  ~WhileSpinning() {
    if (policy_ > 0) ::sched_setscheduler(0, policy_, &before_);
  }
  WhileSpinning(const WhileSpinning&) = delete;
  WhileSpinning& operator=(const WhileSpinning&) = delete;

 private:
  int policy_ = SCHED_OTHER;
  sched_param before_{};
};

}  // namespace quintet::bench::ironkv_cases
