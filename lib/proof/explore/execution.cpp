// SPDX-License-Identifier: MIT
#include "proof/explore/execution.hpp"

#include <bit>
#include <cstdio>
#include <exception>
#include <utility>

#include "proof/broken_check.hpp"

namespace quintet::proof::explore {
namespace {
constexpr std::size_t kRunOutSteps = 1000;  // enough for what does not run for ever
thread_local Execution* running_execution = nullptr;
}  // namespace

Execution& Execution::current() {
  QT_REQUIRE(running_execution != nullptr,
             "an explored cell or check outside an exploration: make it inside the program");
  return *running_execution;
}

void Execution::reset() {
  threads_[kMain].name = "program";
  memory_.reset();
  spawned_ = 0;
  running_ = last_ = kMain;
  stopping_ = given_up_ = joined_ = false;
  run_out_ = 0;
  failure_ = {};
  events_.clear();
  cells_.clear();
  pointers_.clear();
}

void Execution::run(const Body& program, Strategy& strategy, std::vector<std::string>* trace) {
  reset();
  strategy_ = &strategy;
  trace_ = trace;
  Execution* const outer = std::exchange(running_execution, this);
  until_stopped(threads_[kMain].name, [&] {
    const CheckHandler handler(&broken_check);
    program();
    QT_REQUIRE(joined_ || spawned_ == 0, "a program spawns threads and does not join them");
  });
  running_execution = outer;
}

void Execution::spawn(std::string name, Body body) {
  QT_REQUIRE(running_ == kMain && !joined_,
             "threads are spawned by the program, before its join()");
  QT_REQUIRE(spawned_ < kMaxThreads, "a program has at most 7 threads");
  const ThreadId number = ++spawned_;
  if (threads_.size() <= number) threads_.emplace_back();
  Thread& thread = threads_[number];
  thread.name = std::move(name);
  thread.body = std::move(body);
  thread.waiting = false;
  if (!thread.fiber) thread.fiber = std::make_unique<Fiber>();
}

// Whatever ends `body` early ends the execution: Stopped, or an exception, which is a failure.
void Execution::until_stopped(const std::string& who, const Body& body) {
  try {
    body();
  } catch (const Stopped&) {
    stopping_ = true;
  } catch (const std::exception& thrown) {
    record(FailureKind::kException, who + " throws: " + thrown.what());
  } catch (...) {
    record(FailureKind::kException, who + " throws: what is no std::exception");
  }
}

void Execution::resume(ThreadId thread) {
  running_ = thread;
  threads_[thread].fiber->resume();
  running_ = kMain;
}

void Execution::join() {
  QT_REQUIRE(running_ == kMain && !joined_, "join() is for the program, and once");
  joined_ = true;
  for (ThreadId t = 1; t <= spawned_; ++t) memory_.start(t);
  for (ThreadId t = 1; t <= spawned_ && !stopping_; ++t) {
    threads_[t].fiber->start([this, t] { until_stopped(threads_[t].name, threads_[t].body); });
    resume(t);
  }
  until_stopped("an await", [this] {  // what its predicate throws, or a check in it that breaks
    while (!stopping_ && step()) {
    }
  });
  unwind();
  if (stopping_) throw Stopped{};
  for (ThreadId t = 1; t <= spawned_; ++t) memory_.join(t);
}

void Execution::unwind() {
  if (!stopping_) return;
  for (ThreadId t = 1; t <= spawned_; ++t) {
    if (threads_[t].fiber->done()) continue;
    run_out_ = 0;
    resume(t);
    QT_REQUIRE(threads_[t].fiber->done(), "a thread did not let the explorer's exception pass");
  }
}

Situation Execution::situation() const {
  Situation now;
  now.last = last_;
  for (ThreadId t = 1; t <= spawned_; ++t) {
    if (!threads_[t].waiting) continue;
    now.pending[t] = &threads_[t].pending;
    now.readable[t] = memory_.readable(t, threads_[t].pending);
  }
  return now;
}

bool Execution::step() {
  const Situation now = situation();
  if (now.enabled() == 0) {
    record_blocked(now);
    strategy_->end(now);
    return false;
  }
  if (events_.size() >= step_limit_) {
    record(FailureKind::kLivelock,
           "no end after " + std::to_string(step_limit_) +
               " steps: a loop that need not end, or one that waits without await(), or a limit "
               "that is too low");
    return false;
  }
  const std::optional<Choice> choice = strategy_->choose(now);
  if (!choice) {
    given_up_ = stopping_ = true;
    strategy_->end(now);
    return false;
  }
  Thread& thread = threads_[choice->thread];
  thread.outcome = apply(choice->thread, thread.pending, choice->age);
  thread.waiting = false;
  strategy_->happened(events_.back());
  last_ = choice->thread;
  resume(choice->thread);
  return true;
}

Outcome Execution::apply(ThreadId thread, const Operation& operation, std::uint32_t age) {
  const Outcome outcome = memory_.apply(thread, operation, age);
  const Event event{thread, operation, outcome};
  if (trace_ != nullptr) say(thread, event_text(event));
  if (thread != kMain) events_.push_back(event);
  return outcome;
}

Outcome Execution::perform_alone(const Operation& operation) {
  const std::uint64_t ages = memory_.readable(kMain, operation);
  if (ages == 0) {
    fail(FailureKind::kDeadlock, "the program itself waits for " + cell_text(operation.location));
    return {};
  }
  return apply(kMain, operation, static_cast<std::uint32_t>(std::countr_zero(ages)));
}

Outcome Execution::perform(const Operation& operation) {
  if (!stopping_) {
    const bool located = !operation.is_fence();
    const ThreadId maker =
        located ? memory_.unfinished(running_, operation.location) : Memory::kNobody;
    if (maker != Memory::kNobody) {
      fail(FailureKind::kUnfinishedCell, threads_[running_].name + " uses " +
                                             cell_text(operation.location) + ", which " +
                                             threads_[maker].name + " may still be making");
    }
  }
  if (!stopping_ && running_ == kMain) return perform_alone(operation);
  if (!stopping_) {
    Thread& thread = threads_[running_];
    thread.pending = operation;
    thread.waiting = true;
    thread.fiber->suspend();
    if (!stopping_) return thread.outcome;
  }
  return run_out(operation);
}

// The execution is over, but a thread may be inside a destructor, which no exception may leave. So
// it goes on alone, which is one of the ways in which it might have gone on, until it ends or would
// have to wait.
Outcome Execution::run_out(const Operation& operation) {
  const bool unwinding = std::uncaught_exceptions() > 0;
  const std::uint64_t ages = memory_.readable(running_, operation);
  const bool enough = ages == 0 || ++run_out_ > kRunOutSteps;
  if (enough && !unwinding) throw Stopped{};
  if (ages == 0) return {};
  return memory_.apply(running_, operation, static_cast<std::uint32_t>(std::countr_zero(ages)));
}

LocationId Execution::create(std::uint64_t value, bool is_pointer) {
  cells_.push_back({nullptr, std::nullopt, is_pointer});
  return memory_.create(running_, value);
}

void Execution::name(LocationId location, const char* text, std::optional<std::size_t> index) {
  cells_[location].name = text;
  cells_[location].index = index;
}

void Execution::plain_access(LocationId location, bool stores, std::uint64_t value) {
  if (stopping_) return;
  const ThreadId maker = memory_.unfinished(running_, location);
  const std::string& who = threads_[running_].name;
  const ThreadId other =
      stores ? memory_.plain_store(running_, location) : memory_.plain_load(running_, location);
  if (trace_ != nullptr) {
    say(running_, cell_text(location) + (stores ? " := " : " is ") + value_text(location, value));
  }
  if (maker != Memory::kNobody && maker != running_) {
    fail(FailureKind::kUnfinishedCell, who + " uses " + cell_text(location) + ", which " +
                                           threads_[maker].name + " may still be making");
  }
  if (other != Memory::kNobody) {
    fail(FailureKind::kDataRace, who + (stores ? " stores " : " loads ") + cell_text(location) +
                                     " and nothing orders that after an access by " +
                                     threads_[other].name);
  }
}

void Execution::record_blocked(const Situation& now) {
  std::string text;
  for (ThreadId t = 1; t <= spawned_; ++t) {
    if (now.pending[t] == nullptr) continue;
    text += (text.empty() ? "" : ", ") + waiting_text(t);
  }
  if (!text.empty()) record(FailureKind::kDeadlock, text);
}

void Execution::record(FailureKind kind, const std::string& text) {
  if (!stopping_) failure_ = {kind, text};
  stopping_ = true;
}

// A destructor that runs for another exception cannot throw: there the process ends, after the
// check's message and the failure that came first.
void Execution::broken_check(const BrokenCheck& broken) {
  Execution& execution = current();
  execution.record(FailureKind::kCheck, to_string(broken));
  if (std::uncaught_exceptions() == 0) throw Stopped{};
  std::fprintf(stderr, "an explored program, after: %s\n", execution.failure_.text.c_str());
}

void Execution::fail(FailureKind kind, const std::string& text) {
  record(kind, text);
  if (std::uncaught_exceptions() == 0) throw Stopped{};
}

}  // namespace quintet::proof::explore
