// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proof/explore/atomics.hpp"
#include "proof/explore/search.hpp"

// The interleaving explorer: runs a small concurrent program in every way that its threads and its
// memory allow, or in as many as there is patience for, and shows the first that fails.
//
//   const Report report = explore([](Run& run) {
//     ExploredAtomics::atomic<int> ready(0);
//     ExploredAtomics::plain<int> data(0);
//     run.spawn("writer", [&] { data.store(1); ready.store(1, std::memory_order_release); });
//     run.spawn("reader", [&] {
//       ExploredAtomics::await(ready, std::memory_order_acquire, [](int r) { return r == 1; });
//       run.check(data.load() == 1, "what was announced is there");
//     });
//     run.join();
//   });
//
// Requires: a program is a function of its threads' interleaving and of what they read, makes its
// cells itself, and lets exceptions pass. The result is a function of program and options.
// Threading: one thread. README.md: the models of memory, the reductions, reading a trace.
namespace quintet::proof::explore {

// The program's side of an execution.
class Run {
 public:
  // A thread; all start with join(), knowing what the program has done so far.
  void spawn(std::string name, std::function<void()> body) {
    execution_.spawn(std::move(name), std::move(body));
  }
  // Runs the threads to their ends; after it the program knows what they have done. Once.
  void join() { execution_.join(); }
  // An assertion, of a thread or of the program.
  void check(bool holds, const std::string& what) { execution_.check(holds, what); }

 private:
  friend class Explorer;
  explicit Run(Execution& execution) : execution_(execution) {}
  Execution& execution_;
};

using Program = std::function<void(Run&)>;

struct Options {
  Model model = Model::kViews;
  Reduction reduction = Reduction::kSourceSets;
  // Only schedules that take a thread from its turn, though it could go on, at most so often.
  std::optional<unsigned> preemptions{};
  // Not all schedules, but so many random ones.
  std::uint64_t samples = 0;
  std::uint64_t seed = 1;
  unsigned priority_drops = 3;
  bool keep_going = false;  // beyond the first failure, and count them
  // Limits that keep a search from running on; counts, so that its result does not vary.
  std::uint64_t max_executions = 1'000'000;  // begun
  std::size_t max_steps = 500;               // of one execution
};

// How much of what can happen has been seen.
enum class Reach : std::uint8_t {
  kExhaustive,  // everything
  kBounded,     // everything with so many preemptions
  kSampled,     // so many schedules of that seed
  kCutShort,    // what max_executions allowed
};

struct Report {
  Failure failure;    // kNone: it held
  std::string trace;  // of the failing execution, a line a step
  std::string token;  // for replay()
  Reach reach = Reach::kExhaustive;
  std::uint64_t executions = 0;  // that ran to their end
  std::uint64_t failed = 0;      // of these, failed
  std::uint64_t pruned = 0;      // given up, as others are like them
  std::uint64_t steps = 0;       // operations in all of them
  Options options;

  [[nodiscard]] bool held() const { return failure.kind == FailureKind::kNone; }
  [[nodiscard]] bool exhaustive() const { return held() && reach == Reach::kExhaustive; }
  // One line: verdict, reach and counts.
  [[nodiscard]] std::string summary() const;
};

const char* to_string(FailureKind kind);
const char* to_string(Model model);
// The summary and, if it failed, what and how, and how to see it again.
std::ostream& operator<<(std::ostream& out, const Report& report);

// Shows the first execution that fails.
Report explore(const Program& program, const Options& options = {});

// The execution that a token describes: its trace, and its failure if it fails. kBadToken when the
// program does not do what the token says.
Report replay(const Program& program, std::string_view token);

}  // namespace quintet::proof::explore
