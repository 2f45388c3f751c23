// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proof/choose.hpp"
#include "proof/explore/memory.hpp"
#include "proof/explore/strategy.hpp"

// Depth-first search through all executions, or through one of each kind of those that differ in
// the order of independent steps only.
//
// Two decisions a step, both on the trail: whose step, and which store it reads. Sleep sets: what
// has been explored at a step stays out of the executions that begin with another thread there,
// until something dependent happens. Source sets: a step begins with one thread, and others are
// added when an execution shows a race, that is two dependent steps whose order could be reversed:
// then one of the threads that can begin the reversed execution. A bound on preemptions does
// without either, because a pruned execution may be the one with fewer preemptions.
// Threading: one thread.
namespace quintet::proof::explore {

enum class Reduction : std::uint8_t {
  kNone,        // every interleaving
  kSleepSets,   // every kind of execution; others begin, and are given up
  kSourceSets,  // sleep sets, and few of those others begin
};

class Search final : public Strategy {
 public:
  Search(Model model, Reduction reduction, std::optional<unsigned> preemptions)
      : model_(model),
        reduction_(preemptions ? Reduction::kNone : reduction),
        preemptions_(preemptions) {}

  void begin() override { depth_ = 0; }
  std::optional<Choice> choose(const Situation& situation) override;
  void happened(const Event& event) override { frames_[depth_++].event = event; }
  void end(const Situation& situation) override;
  bool advance() override;

 private:
  // One step of the present execution, and what has been explored instead of it.
  struct Frame {
    std::array<std::uint64_t, kThreadSlots> readable{};  // options of each thread before the step
    std::array<std::uint64_t, kThreadSlots> asleep{};    // of these, what need not be explored
    ThreadSet asked = 0;       // threads that were explored here or will be
    std::size_t decision = 0;  // number on the trail of the choice of the thread
    unsigned preemptions = 0;  // before the step
    ThreadId thread = kMain;   // the present choice
    Event event{};             // what came of it
    Clock clock{};             // steps of each thread ordered before its end

    [[nodiscard]] std::uint64_t awake(ThreadId t) const { return readable[t] & ~asleep[t]; }
  };

  // The later step of a race; without an event, the step of a thread that waits to the end.
  struct Late {
    ThreadId thread;
    LocationId location;
    const Event* event;
    Clock before;  // steps ordered before it in its own thread
  };

  bool push(const Situation& situation);
  [[nodiscard]] ThreadSet candidates(const Frame& frame, ThreadId last) const;
  ThreadId choose_thread(ThreadSet allowed, ThreadId last);
  // Orders step `at` among those before it and asks for the reversal of its races.
  void order(std::size_t at);
  void reverse_wait(ThreadId thread, const Operation& waits);
  void reverse(std::size_t first, std::size_t end, const Late& late);
  [[nodiscard]] ThreadSet initials(std::size_t first, std::size_t end, const Late& late) const;
  [[nodiscard]] bool precedes(std::size_t step, const Clock& clock) const {
    const Frame& frame = frames_[step];
    return clock[frame.thread] >= frame.clock[frame.thread];
  }

  Model model_;
  Reduction reduction_;
  std::optional<unsigned> preemptions_;
  Trail trail_;
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;    // steps made in this execution
  std::size_t changed_ = 0;  // the first step that differs from the last execution
};

}  // namespace quintet::proof::explore
