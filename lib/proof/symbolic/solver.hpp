// SPDX-License-Identifier: MIT
#pragma once

#include <z3.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proof/symbolic/term.hpp"

// One context of the solver Z3, and how the queries of an obligation are put to it.
//
// Every query stands alone: this path's conditions and one more are turned into clauses and given
// to a SAT solver, which beats an incremental solver on bit vectors by far. Functions are not left
// to the solver: an application is a constant of its own, and that equal arguments give equal
// results is told where a model violates it (lemmas on demand), once for all later queries.
// Terms and models live as long as the context. Threading: one thread.
namespace quintet::proof {

enum class Answer : std::uint8_t { kSat, kUnsat, kUnknown };

class Solver {
 public:
  struct Effort {
    std::uint64_t queries = 0;
    std::uint64_t rounds = 0;     // queries, and their repetitions to learn of functions
    std::uint64_t smt_bytes = 0;  // of the queries as SMT-LIB text, if asked for
    double printing_seconds = 0;  // what that took
  };

  Solver(unsigned query_ms, bool count_smt_bytes);
  ~Solver();
  Solver(const Solver&) = delete;
  Solver& operator=(const Solver&) = delete;

  [[nodiscard]] Z3_context context() const { return context_; }
  [[nodiscard]] const Effort& effort() const { return effort_; }
  // From here on terms may be of mathematical integers: takes a solver that knows them.
  void use_integers() { integers_ = true; }

  // A path begins: no conditions, no applications.
  void begin_path();
  void add(Z3_ast condition) { path_.push_back(condition); }
  // Whether the path's conditions and `extra` can be true together; if so, model() says how.
  [[nodiscard]] Answer check(Z3_ast extra);
  [[nodiscard]] Z3_model model() const { return model_; }

  // The value of the unknown function `name` at `argument`.
  [[nodiscard]] Z3_ast apply(std::string_view name, Sort result, Z3_ast argument);

  // Whether `condition` is true in `model` (null: no) and functions are functions there.
  [[nodiscard]] bool holds_in(Z3_model model, Z3_ast condition) const;
  // The value of `ast` in `model`, as people write it.
  [[nodiscard]] std::string text(Z3_model model, Z3_ast ast) const;

 private:
  struct Application {
    Z3_ast argument = nullptr;
    Z3_ast result = nullptr;
    std::uint64_t path = 0;  // the last one that it was used on
  };
  struct Function {
    std::map<Z3_ast, Application> applications;
    std::vector<const Application*> used;  // on this path
  };
  // Two applications of one function: equal arguments, equal results.
  using Lemma = std::pair<const Application*, const Application*>;

  [[nodiscard]] Z3_solver own(Z3_solver solver, unsigned query_ms) const;
  [[nodiscard]] Z3_ast value(Z3_model model, Z3_ast ast) const;
  [[nodiscard]] std::vector<Lemma> violated(Z3_model model) const;
  void put(Z3_solver solver, Z3_ast extra);
  void count_bytes(Z3_solver solver);

  Z3_context context_ = nullptr;
  Z3_solver bits_ = nullptr;
  Z3_solver general_ = nullptr;
  bool integers_ = false;
  bool count_smt_bytes_;
  std::uint64_t path_number_ = 0;
  std::vector<Z3_ast> path_;
  std::map<std::string, Function, std::less<>> functions_;
  std::vector<Lemma> lemmas_;
  Z3_model model_ = nullptr;
  Effort effort_;
};

}  // namespace quintet::proof
