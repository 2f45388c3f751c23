// SPDX-License-Identifier: MIT
#include "proof/symbolic/solver.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "base/assert.hpp"
#include "proof/symbolic/z3_context.hpp"

namespace quintet::proof {
namespace {

// A mistake in building a term is a mistake in this kit. Whatever stops the solver itself, time
// and memory included, is its answer "unknown".
void on_error(Z3_context context, Z3_error_code code) {
  const bool stopped = code == Z3_EXCEPTION || code == Z3_MEMOUT_FAIL;
  QT_REQUIRE(code == Z3_OK || stopped, Z3_get_error_msg(context, code));
}

// Bit-blasting for each query. Looking for subsumed clauses costs more than it saves here.
Z3_solver solver_of_bits(Z3_context context) {
  Z3_tactic plain = Z3_mk_tactic(context, "qfbv");
  Z3_tactic_inc_ref(context, plain);
  Z3_params params = Z3_mk_params(context);
  Z3_params_inc_ref(context, params);
  Z3_params_set_bool(context, params, Z3_mk_string_symbol(context, "subsumption"), false);
  Z3_tactic tuned = Z3_tactic_using_params(context, plain, params);
  Z3_tactic_inc_ref(context, tuned);
  Z3_solver solver = Z3_mk_solver_from_tactic(context, tuned);
  Z3_params_dec_ref(context, params);
  return solver;
}

}  // namespace

Solver::Solver(unsigned query_ms, bool count_smt_bytes) : count_smt_bytes_(count_smt_bytes) {
  Z3_config config = Z3_mk_config();
  context_ = Z3_mk_context(config);
  Z3_del_config(config);
  Z3_set_error_handler(context_, on_error);
  bits_ = own(solver_of_bits(context_), query_ms);
  general_ = own(Z3_mk_solver(context_), query_ms);
}
Solver::~Solver() {
  for (Z3_solver solver : {bits_, general_}) Z3_solver_dec_ref(context_, solver);
  Z3_del_context(context_);
}

// At once after it is made: the context drops what nobody holds when it makes the next object.
Z3_solver Solver::own(Z3_solver solver, unsigned query_ms) const {
  Z3_solver_inc_ref(context_, solver);
  Z3_params params = Z3_mk_params(context_);
  Z3_params_inc_ref(context_, params);
  Z3_params_set_uint(context_, params, Z3_mk_string_symbol(context_, "timeout"), query_ms);
  Z3_solver_set_params(context_, solver, params);
  Z3_params_dec_ref(context_, params);
  return solver;
}

void Solver::begin_path() {
  ++path_number_;
  path_.clear();
  for (auto& [name, function] : functions_) function.used.clear();
}

// ---- queries -----------------------------------------------------------------------------------

void Solver::put(Z3_solver solver, Z3_ast extra) {
  Z3_solver_reset(context_, solver);
  for (Z3_ast condition : path_) Z3_solver_assert(context_, solver, condition);
  for (const auto& [a, b] : lemmas_) {
    if (a->path != path_number_ || b->path != path_number_) continue;
    Z3_ast equal = Z3_mk_eq(context_, a->argument, b->argument);
    Z3_ast alike = Z3_mk_eq(context_, a->result, b->result);
    Z3_solver_assert(context_, solver, Z3_mk_implies(context_, equal, alike));
  }
  Z3_solver_assert(context_, solver, extra);
}

Answer Solver::check(Z3_ast extra) {
  Z3_solver solver = integers_ ? general_ : bits_;
  ++effort_.queries;
  while (true) {
    ++effort_.rounds;
    put(solver, extra);
    if (count_smt_bytes_) count_bytes(solver);
    const Z3_lbool answer = Z3_solver_check(context_, solver);
    if (answer == Z3_L_FALSE) return Answer::kUnsat;
    if (answer == Z3_L_UNDEF) return Answer::kUnknown;
    model_ = Z3_solver_get_model(context_, solver);
    Z3_model_inc_ref(context_, model_);
    const auto lemmas = violated(model_);
    if (lemmas.empty()) return Answer::kSat;
    lemmas_.insert(lemmas_.end(), lemmas.begin(), lemmas.end());
  }
}

void Solver::count_bytes(Z3_solver solver) {
  const auto start = std::chrono::steady_clock::now();
  effort_.smt_bytes += std::strlen(Z3_solver_to_string(context_, solver));
  effort_.printing_seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// ---- functions ---------------------------------------------------------------------------------

Z3_ast Solver::apply(std::string_view name, Sort result, Z3_ast argument) {
  Function& function = functions_[std::string(name)];
  Application& application = function.applications[argument];
  if (application.result == nullptr) {
    const std::string constant =
        std::string(name) + "#" + std::to_string(function.applications.size());
    application = {argument, z3(unknown(result, constant)), 0};
  }
  if (application.path != path_number_) {
    application.path = path_number_;
    function.used.push_back(&application);
  }
  return application.result;
}

std::vector<Solver::Lemma> Solver::violated(Z3_model model) const {
  std::vector<Lemma> found;
  for (const auto& [name, function] : functions_) {
    std::map<Z3_ast, const Application*> by_argument;
    for (const Application* each : function.used) {
      const auto [at, is_new] = by_argument.emplace(value(model, each->argument), each);
      if (!is_new && value(model, each->result) != value(model, at->second->result)) {
        found.emplace_back(at->second, each);
      }
    }
  }
  return found;
}

// ---- models ------------------------------------------------------------------------------------

// What the model leaves open gets an arbitrary value.
Z3_ast Solver::value(Z3_model model, Z3_ast ast) const {
  Z3_ast result = nullptr;
  return Z3_model_eval(context_, model, ast, true, &result) ? result : nullptr;
}

bool Solver::holds_in(Z3_model model, Z3_ast condition) const {
  if (model == nullptr) return false;
  Z3_ast result = value(model, condition);
  return result != nullptr && Z3_get_bool_value(context_, result) == Z3_L_TRUE &&
         violated(model).empty();
}

std::string Solver::text(Z3_model model, Z3_ast ast) const {
  Z3_ast result = value(model, ast);
  if (result == nullptr) return "?";
  std::uint64_t number = 0;
  const bool is_numeral = Z3_get_ast_kind(context_, result) == Z3_NUMERAL_AST;
  if (is_numeral && Z3_get_numeral_uint64(context_, result, &number)) {
    std::array<char, 24> digits{};
    std::snprintf(digits.data(), digits.size(), "0x%llx", static_cast<unsigned long long>(number));
    return digits.data();
  }
  return Z3_ast_to_string(context_, result);
}

}  // namespace quintet::proof
