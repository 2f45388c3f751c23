// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <cstdint>
#include <ctime>

// SIGINT and SIGTERM, which end a run early: the first one is to be noticed by the thread that
// leads it, the second one ends the program at once, also where that thread waits for something.
// Made before any other thread, by one thread.
namespace quintet::ironkv::app {

class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }

  // Waits for a while, and returns whether there was a signal, now or earlier.
  bool wait_ms(std::uint32_t ms) {
    const timespec most{.tv_sec = ms / 1000, .tv_nsec = static_cast<long>(ms % 1000) * 1'000'000};
    if (sigtimedwait(&set_, nullptr, &most) <= 0) return has_come_;
    if (!has_come_) pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);  // the next one ends the program
    has_come_ = true;
    return true;
  }

 private:
  sigset_t set_{};
  bool has_come_ = false;
};

}  // namespace quintet::ironkv::app
