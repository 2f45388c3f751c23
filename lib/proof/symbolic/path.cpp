// SPDX-License-Identifier: MIT
#include "proof/symbolic/path.hpp"

#include <array>
#include <chrono>
#include <exception>
#include <utility>

#include "proof/broken_check.hpp"
#include "proof/symbolic/solver.hpp"
#include "proof/symbolic/z3_context.hpp"

namespace quintet::proof {
namespace {

thread_local Paths* current_paths = nullptr;

// How a path ends before its function does.
struct Impossible {};  // its assumptions cannot hold together
struct Finished {};    // the verdict is known

std::string quoted(std::string_view what, std::string_view name) {
  return std::string(what).append(" `").append(name).append("`");
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kProved:
      return "proved";
    case Verdict::kRefuted:
      return "refuted";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kVacuous:
      return "vacuous";
  }
  return "";
}

// What is remembered of this path, and the models at hand.
struct Paths::State {
  struct Note {
    std::string text;
    std::vector<Term> terms;
  };
  // Models found at a fork, one for each possible side: each satisfies the path up to there.
  struct Fork {
    std::array<Z3_model, 2> models{};
  };
  explicit State(const Limits& limits) : solver(limits.query_ms, limits.count_smt_bytes) {}

  [[nodiscard]] bool witnesses(Term condition) const {
    return solver.holds_in(witness, z3(condition));
  }

  Solver solver;
  std::vector<Note> notes;     // of this path
  std::vector<Fork> forks;     // by position on the trail
  Z3_model witness = nullptr;  // satisfies the path so far, or null when none is at hand
};

Paths::Paths(Limits limits) : limits_(limits), state_(new State(limits)) {
  outer_ = std::exchange(current_paths, this);
}
Paths::~Paths() { current_paths = outer_; }

Paths& Paths::current() {
  QT_REQUIRE(current_paths != nullptr, "symbolic values exist only within an obligation");
  return *current_paths;
}
void* Paths::context() const { return state_->solver.context(); }

// ---- all paths ---------------------------------------------------------------------------------

Findings Paths::explore(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  try {
    do {
      if (findings_.paths == limits_.paths) gave_up("too many paths");
      run_once(body);
      ++findings_.paths;
    } while (trail_.advance());
    judge_goals();
  } catch (const Finished&) {
    ++findings_.paths;
  } catch (const std::exception& thrown) {
    ++findings_.paths;
    findings_.verdict = Verdict::kUnknown;
    findings_.detail = std::string("the function threw: ") + thrown.what();
  }
  const Solver::Effort& effort = state_->solver.effort();
  findings_.queries = effort.queries;
  findings_.rounds = effort.rounds;
  findings_.smt_bytes = effort.smt_bytes;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  findings_.seconds = seconds.count() - effort.printing_seconds;
  return findings_;
}

// Every goal holds on every path: unless none gets there.
void Paths::judge_goals() {
  if (findings_.goals.empty()) {
    findings_.verdict = Verdict::kVacuous;
    findings_.detail = "no execution reaches any goal";
  }
  for (const auto& [name, goal] : findings_.goals) {
    if (goal.reached) continue;
    if (goal.undecided) return undecided(quoted("whether an execution reaches the goal", name));
    findings_.verdict = Verdict::kVacuous;
    findings_.detail = quoted("no execution reaches the goal", name);
  }
}

void Paths::run_once(const std::function<void()>& body) {
  state_->solver.begin_path();
  state_->notes.clear();
  state_->witness = nullptr;
  claims_.clear();
  try {
    const CheckHandler handler(&refute_check);
    body();
  } catch (const Impossible&) {
    // Nothing is claimed of executions that cannot happen.
  }
  settle();
}

// A model of the path and something more is one of the path.
Answer Paths::ask(Term extra) {
  const Answer answer = state_->solver.check(z3(extra));
  if (answer == Answer::kSat && state_->witness == nullptr) {
    state_->witness = state_->solver.model();
  }
  return answer;
}

Term Paths::apply(std::string_view name, Sort result, Term argument) {
  return term(state_->solver.apply(name, result, z3(argument)));
}
void Paths::use_integers() { state_->solver.use_integers(); }

// The number of the next decision on this path. One too many ends the obligation.
std::size_t Paths::next_decision() {
  const std::size_t at = trail_.position();
  if (at >= limits_.decisions) {
    gave_up("a path with more than " + std::to_string(limits_.decisions) +
            " decisions: a loop without a bound? (--decisions allows more)");
  }
  return at;
}

bool Paths::fork(Term condition) {
  State& s = *state_;
  const std::size_t at = next_decision();
  const Term negated = make(Op::kNegate, {condition});
  // Option 0 is the true side.
  const std::size_t side = trail_.decide([&] {
    s.forks.resize(at + 1);
    std::array<Z3_model, 2>& models = s.forks[at].models;
    models = {};
    std::uint64_t possible = 0;
    for (std::size_t option = 0; option < 2; ++option) {
      const Term wanted = option == 0 ? condition : negated;
      if (s.witnesses(wanted)) {
        models[option] = s.witness;
      } else {
        const Answer answer = ask(wanted);
        if (answer == Answer::kUnknown) too_hard("whether a side of a condition is possible");
        if (answer == Answer::kUnsat) continue;
        models[option] = s.solver.model();
      }
      possible |= 1ULL << option;
    }
    if (possible == 0) abandon();
    return possible;
  });
  s.solver.add(z3(side == 0 ? condition : negated));
  s.witness = at < s.forks.size() ? s.forks[at].models[side] : nullptr;
  return side == 0;
}

std::size_t Paths::choose(std::size_t options) {
  state_->forks.resize(std::max(state_->forks.size(), next_decision() + 1));
  return trail_.choose(options);
}

void Paths::assume(Term condition) {
  settle();
  State& s = *state_;
  s.solver.add(z3(condition));
  if (!s.witnesses(condition)) s.witness = nullptr;
}

void Paths::abandon() {
  settle();
  throw Impossible{};
}

// ---- goals -------------------------------------------------------------------------------------

Goal& Paths::goal(std::string_view name) {
  Goal& goal = findings_.goals[std::string(name)];
  if (goal.name.empty()) goal.name = name;
  return goal;
}

void Paths::prove(std::string_view name, Term conclusion, Term when) {
  Goal& claimed = goal(name);
  if (!claimed.reached) {
    const Answer answer = can_be(when);
    claimed.reached = answer == Answer::kSat;
    claimed.undecided |= answer == Answer::kUnknown;
  }
  if (!conclusion) return static_cast<void>(++claimed.times);
  claims_.emplace_back(&claimed, conclusion);
}

void Paths::mention(std::string_view name) { static_cast<void>(goal(name)); }

// One query for all claims: what they share, the path and the memory, dominates its cost.
void Paths::settle() {
  if (claims_.empty()) return;
  const auto claims = std::exchange(claims_, {});
  Term all = claims.front().second;
  for (std::size_t i = 1; i < claims.size(); ++i) {
    if (claims[i].second != all) all = make(Op::kBoth, {all, claims[i].second});
  }
  const Answer answer = ask(make(Op::kNegate, {all}));
  for (const auto& [goal, conclusion] : claims) {
    if (answer == Answer::kSat &&
        !state_->solver.holds_in(state_->solver.model(), z3(conclusion))) {
      refuted(goal->name);
    }
    // Together they were too hard: one by one they may not be.
    if (answer == Answer::kUnknown) {
      const Answer alone = ask(make(Op::kNegate, {conclusion}));
      if (alone == Answer::kSat) refuted(goal->name);
      if (alone == Answer::kUnknown) too_hard(quoted("the goal", goal->name));
    }
    ++goal->times;
  }
  QT_REQUIRE(answer != Answer::kSat, "a counterexample that refutes no claim");
}

// Whether this path can be executed so that `condition` is true: what a goal's vacuity twin asks.
Answer Paths::can_be(Term condition) {
  if (!condition && state_->witness != nullptr) return Answer::kSat;
  const Term wanted = condition ? condition : literal(truth(), 1);
  return state_->witnesses(wanted) ? Answer::kSat : ask(wanted);
}

void Paths::refuted(std::string_view name) {
  State& s = *state_;
  findings_.verdict = Verdict::kRefuted;
  findings_.detail = quoted("goal", name).append(" fails:");
  for (const State::Note& note : s.notes) {
    findings_.detail.append("\n  ").append(note.text);
    for (const Term& each : note.terms)
      findings_.detail.append(" ").append(s.solver.text(s.solver.model(), z3(each)));
  }
  throw Finished{};
}

// A QT_CHECK of the function fails on this path. Within a destructor that runs
// for another exception none can be thrown, and the process ends with the check's message.
void Paths::refute_check(const BrokenCheck& broken) {
  if (std::uncaught_exceptions() > 0) return;
  const std::string goal = to_string(broken);
  Paths& paths = current();
  paths.settle();
  const Answer possible = paths.ask(literal(truth(), 1));
  if (possible == Answer::kUnsat) throw Impossible{};
  if (possible == Answer::kUnknown) paths.too_hard(quoted("the goal", goal));
  paths.refuted(goal);
}

void Paths::gave_up(std::string_view what) {
  findings_.verdict = Verdict::kUnknown;
  findings_.detail = std::string("the prover gave up on ").append(what);
  throw Finished{};
}

// The solver does not say: it had too little time, or is not made for such terms.
void Paths::undecided(std::string_view what) {
  findings_.verdict = Verdict::kUnknown;
  findings_.detail = std::string("the solver gave up on ").append(what);
  findings_.detail.append(" (--query-seconds gives it more time)");
}
void Paths::too_hard(std::string_view what) {
  undecided(what);
  throw Finished{};
}

void Paths::note(std::string text, std::vector<Term> terms) {
  state_->notes.push_back({std::move(text), std::move(terms)});
}

}  // namespace quintet::proof
