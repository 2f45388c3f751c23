// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "proof/explore/operation.hpp"

// Who decides what happens next in an execution: a search through all schedules (search.hpp), a
// sample of them, or a schedule that was written down (sampling.hpp).
//
// Threading: one thread.
namespace quintet::proof::explore {

// What could happen next. A thread that has ended has neither an operation nor options; one that
// waits has an operation and no options.
struct Situation {
  std::array<const Operation*, kThreadSlots> pending{};
  std::array<std::uint64_t, kThreadSlots> readable{};  // stores that may be read, by age
  ThreadId last = kMain;                               // who made the last step

  [[nodiscard]] ThreadSet enabled() const {
    ThreadSet threads = 0;
    for (ThreadId t = 0; t < kThreadSlots; ++t) {
      if (readable[t] != 0) threads |= bit(t);
    }
    return threads;
  }
};

// The next operation of this thread, which reads the store of that age (0: the newest).
struct Choice {
  ThreadId thread = kMain;
  std::uint32_t age = 0;
};

// Called in the order begin, (choose, happened)*, end, and again from begin while advance() says
// that there is another execution.
class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  virtual void begin() = 0;
  // Requires: somebody is enabled. Nothing: an execution like this has been seen; give it up.
  virtual std::optional<Choice> choose(const Situation& situation) = 0;
  virtual void happened(const Event& event) = 0;
  // `situation` is the last one: of threads that have ended, are blocked or were given up.
  virtual void end(const Situation& situation) = 0;
  virtual bool advance() = 0;
};

}  // namespace quintet::proof::explore
