// SPDX-License-Identifier: MIT
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

// A function with a stack of its own, which stops where it likes and is resumed from there: how
// the explorer runs many threads on one.
//
// The stack is mapped once, with a page below it that faults, and serves one function after
// another. The sanitizers are told of each switch. A function must have ended before the fiber
// goes away. Threading: a fiber stays on the thread that made it.
namespace quintet::proof::explore {

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Gives the fiber a function, which the next resume() enters.
  // Requires: done(); `body` lets no exception out.
  void start(std::function<void()> body);
  // Runs the function until it suspends or returns. Requires: !done(), and called from outside.
  void resume();
  // Back to the resume() that runs this function. Requires: called by the function itself.
  void suspend();
  // True when there is no function, or it has returned.
  [[nodiscard]] bool done() const { return done_; }

 private:
  static void enter(unsigned low, unsigned high);
  void run();
  void leave(bool for_good);

  std::byte* mapping_ = nullptr;
  std::byte* stack_ = nullptr;
  std::function<void()> body_;
  bool done_ = true;
  ucontext_t inside_{};
  ucontext_t outside_{};
  // What the sanitizers want to be told.
  void* inside_shadow_ = nullptr;
  [[maybe_unused]] const void* outside_stack_ = nullptr;
  [[maybe_unused]] std::size_t outside_bytes_ = 0;
  [[maybe_unused]] void* inside_thread_ = nullptr;
  [[maybe_unused]] void* outside_thread_ = nullptr;
};

}  // namespace quintet::proof::explore
