// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "proof/explore/fiber.hpp"
#include "proof/explore/memory.hpp"
#include "proof/explore/strategy.hpp"

// One execution of a program after another: its threads as fibers, which stop before each
// operation on a shared cell until the strategy lets them make it.
//
// What a thread does between two operations belongs to the first. The program itself, before its
// threads start and after they have ended, is not interleaved with anything. An execution that
// fails or is given up is unwound: each thread goes on alone to its end, or to where it would wait
// or seems to run for ever; there its operations throw Stopped, and last join() does so in the
// program. Threading: one thread; Execution::current() is the one that runs on it.
namespace quintet::proof::explore {

enum class FailureKind : std::uint8_t {
  kNone,
  kCheck,           // a check of the program, or a QT_CHECK of what it runs, does not hold
  kException,       // one that no code catches
  kDataRace,        // plain accesses that nothing orders, one of them a store
  kUnfinishedCell,  // a cell is used by a thread that cannot know of its making
  kDeadlock,        // threads wait and nobody can go on
  kLivelock,        // the step limit: loops that need not end, or a limit that is too low
  kBadToken,        // a replay that does not fit the program
};

struct Failure {
  FailureKind kind = FailureKind::kNone;
  std::string text;
};

// How an execution was left; thrown through the program.
struct Stopped {};

class Execution {
 public:
  using Body = std::function<void()>;

  Execution(Model model, std::size_t step_limit) : memory_(model), step_limit_(step_limit) {}

  // Runs `program` once under `strategy`, which begin() has prepared. With `trace`, says there
  // what happens, a line a step.
  void run(const Body& program, Strategy& strategy, std::vector<std::string>* trace = nullptr);
  // About the last run.
  [[nodiscard]] const Failure& failure() const { return failure_; }
  [[nodiscard]] bool given_up() const { return given_up_; }
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }

  // The execution that the caller is part of. Requires: there is one.
  static Execution& current();
  // The thread whose code is running.
  [[nodiscard]] ThreadId running() const { return running_; }

  // For the program.
  void spawn(std::string name, Body body);
  void join();
  void check(bool holds, const std::string& text) {
    if (!holds) fail(FailureKind::kCheck, text);
  }
  // Ends the execution: by an exception, unless one is under way.
  void fail(FailureKind kind, const std::string& text);

  // For the cells.
  LocationId create(std::uint64_t value, bool is_pointer);
  void name(LocationId location, const char* text, std::optional<std::size_t> index);
  Outcome perform(const Operation& operation);
  void plain_access(LocationId location, bool stores, std::uint64_t value);

 private:
  struct Thread {
    std::string name;
    Body body;
    std::unique_ptr<Fiber> fiber;  // kept for the next execution
    Operation pending;
    Outcome outcome;
    bool waiting = false;  // before `pending`
  };
  struct Cell {
    const char* name = nullptr;
    std::optional<std::size_t> index;
    bool is_pointer = false;
  };

  void reset();
  void resume(ThreadId thread);
  void until_stopped(const std::string& who, const Body& body);
  [[nodiscard]] Situation situation() const;
  bool step();  // false: nobody can go on, or nobody shall
  Outcome apply(ThreadId thread, const Operation& operation, std::uint32_t age);
  Outcome run_out(const Operation& operation);
  Outcome perform_alone(const Operation& operation);
  void record_blocked(const Situation& situation);
  void record(FailureKind kind, const std::string& text);
  void unwind();
  static void broken_check(const BrokenCheck& broken);

  // trace.cpp
  [[nodiscard]] std::string cell_text(LocationId location) const;
  [[nodiscard]] std::string value_text(LocationId location, std::uint64_t value);
  [[nodiscard]] std::string event_text(const Event& event);
  [[nodiscard]] std::string waiting_text(ThreadId thread) const;
  void say(ThreadId thread, const std::string& text);

  Memory memory_;
  std::size_t step_limit_;
  Strategy* strategy_ = nullptr;
  std::vector<std::string>* trace_ = nullptr;
  std::vector<Thread> threads_{1};  // [kMain] is the program
  ThreadId spawned_ = 0;
  ThreadId running_ = kMain;
  ThreadId last_ = kMain;
  std::size_t run_out_ = 0;  // steps since a thread was told to end
  bool stopping_ = false;
  bool given_up_ = false;
  bool joined_ = false;
  Failure failure_;
  std::vector<Event> events_;
  std::vector<Cell> cells_;
  std::vector<std::uint64_t> pointers_;  // in order of their first mention
};

}  // namespace quintet::proof::explore
