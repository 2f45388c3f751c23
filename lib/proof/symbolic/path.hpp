// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "proof/choose.hpp"
#include "proof/symbolic/term.hpp"

// Symbolic execution of one function: all its paths, one after another.
//
// A condition that is not known forks: the function is executed again along each side that the
// solver finds possible. On every path the goals met are proved from the assumptions made and the
// sides taken. Each goal has a vacuity twin, the same goal with the conclusion `false`, which must
// be refuted on some path: else nothing was shown. QT_CHECK and QT_ASSERT in the function are
// claims as well, without a twin.
// Source: King, "Symbolic execution and program testing", 1976; the re-execution by choices is
// choose.hpp's. Threading: one explorer per thread; words find it through a thread-local pointer.
namespace quintet::proof {

enum class Verdict : std::uint8_t {
  kProved,   // on every path, for all values, and not vacuously
  kRefuted,  // with a counterexample
  kUnknown,  // the solver gave up or ran out of time
  kVacuous,  // proved, but no execution gets there
};
[[nodiscard]] const char* to_string(Verdict verdict);

struct Limits {
  unsigned query_ms = 60'000;       // per query of the solver
  std::uint64_t paths = 1'000'000;  // per obligation; more of them is kUnknown
  std::uint64_t decisions = 500;    // on one path; more of them, as in an endless loop, is kUnknown
  bool count_smt_bytes = false;     // prints every query, which costs more than easy queries do
};

// What is known of one goal: a named claim, met on any number of paths.
struct Goal {
  std::string name;
  std::uint64_t times = 0;  // how often it was met and proved
  bool reached = false;     // its vacuity twin was refuted
  bool undecided = false;   // the solver gave up on its vacuity twin somewhere
};

// The sum of all paths.
struct Findings {
  Verdict verdict = Verdict::kProved;
  std::string detail;  // for a verdict other than kProved: which goal, and the counterexample
  std::map<std::string, Goal, std::less<>> goals;
  std::uint64_t queries = 0;
  std::uint64_t rounds = 0;  // of the solver: queries, and repetitions to learn of functions
  std::uint64_t paths = 0;
  std::uint64_t smt_bytes = 0;  // if Limits::count_smt_bytes
  double seconds = 0;           // without the printing that counts bytes
};

enum class Answer : std::uint8_t;  // solver.hpp

class Paths {
 public:
  explicit Paths(Limits limits = {});
  ~Paths();
  Paths(const Paths&) = delete;
  Paths& operator=(const Paths&) = delete;

  // Executes `body` along all its paths. Requires: `body` depends on nothing but its choices.
  Findings explore(const std::function<void()>& body);

  // Of the exploration that runs on this thread. QT_REQUIRE fails when there is none.
  [[nodiscard]] static Paths& current();

  // ---- for the types of words -----------------------------------------------------------------
  [[nodiscard]] bool fork(Term condition);
  void assume(Term condition);
  // A condition known not to hold: this path is impossible.
  [[noreturn]] void abandon();
  // The claim `goal`; a null conclusion is one known to hold. Its vacuity twin is that this path,
  // and `when`, can be true. Claims are gathered, and proved together before the next assumption or
  // at the end of the path.
  void prove(std::string_view goal, Term conclusion, Term when = {});
  // The claim is met, but does not apply: it still has to be reached somewhere.
  void mention(std::string_view goal);
  [[nodiscard]] std::size_t choose(std::size_t options);
  // Adds a line to the counterexample: `text` and the values of the terms there.
  void note(std::string text, std::vector<Term> terms);
  // The value of an unknown function `name` at `argument`.
  [[nodiscard]] Term apply(std::string_view name, Sort result, Term argument);
  // Terms may be of mathematical integers from here on.
  void use_integers();
  [[nodiscard]] void* context() const;

 private:
  struct State;
  [[nodiscard]] Answer ask(Term extra);
  void run_once(const std::function<void()>& body);
  [[nodiscard]] std::size_t next_decision();
  void settle();
  void judge_goals();
  [[nodiscard]] Goal& goal(std::string_view name);
  [[nodiscard]] Answer can_be(Term condition);
  [[noreturn]] void refuted(std::string_view goal);
  static void refute_check(const BrokenCheck& broken);
  [[noreturn]] void gave_up(std::string_view what);
  [[noreturn]] void too_hard(std::string_view what);
  void undecided(std::string_view what);

  Limits limits_;
  std::unique_ptr<State> state_;
  Trail trail_;
  std::vector<std::pair<Goal*, Term>> claims_;  // gathered, not yet proved
  Findings findings_;
  Paths* outer_ = nullptr;
};

}  // namespace quintet::proof
