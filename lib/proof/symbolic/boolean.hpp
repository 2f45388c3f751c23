// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proof/symbolic/path.hpp"
#include "proof/symbolic/term.hpp"

// Truth values of which only assumptions are known, and what is claimed of them.
//
// A `Boolean` in a condition forks the execution: the function is run again along each side that
// is possible. Threading: as Paths (path.hpp).
namespace quintet::proof {

class Boolean {
 public:
  constexpr Boolean() = default;                    // false
  constexpr Boolean(bool known) : known_(known) {}  // NOLINT: as transparent as a bool
  explicit Boolean(Term term) : term_(term) {}

  // Which it is on this path: forks where both are possible.
  explicit operator bool() const { return is_known() ? known_ : Paths::current().fork(term_); }

  [[nodiscard]] bool is_known() const { return !term_; }
  // Requires: is_known().
  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] Term term() const { return term_ ? term_ : literal(truth(), known_ ? 1 : 0); }

  friend Boolean operator!(const Boolean& a) {
    return a.is_known() ? Boolean(!a.known_) : Boolean(make(Op::kNegate, {a.term_}));
  }
  // Both sides are evaluated and nothing forks. (`&&` and `||` fork, as in the code they check.)
  friend Boolean operator&(const Boolean& a, const Boolean& b) {
    if (a.is_known()) return a.known_ ? b : a;
    if (b.is_known()) return b.known_ ? a : b;
    return Boolean(make(Op::kBoth, {a.term_, b.term_}));
  }
  friend Boolean operator|(const Boolean& a, const Boolean& b) {
    if (a.is_known()) return a.known_ ? a : b;
    if (b.is_known()) return b.known_ ? b : a;
    return Boolean(make(Op::kEither, {a.term_, b.term_}));
  }
  friend Boolean operator==(const Boolean& a, const Boolean& b) {
    if (a.is_known()) return a.known_ ? b : !b;
    if (b.is_known()) return b.known_ ? a : !a;
    return a.term_ == b.term_ ? Boolean(true) : Boolean(make(Op::kEqual, {a.term_, b.term_}));
  }

 private:
  bool known_ = false;
  Term term_;
};

[[nodiscard]] inline Boolean implies(const Boolean& a, const Boolean& b) { return (!a) | b; }

// ---- claims -------------------------------------------------------------------------------------

inline void assume(const Boolean& condition) {
  if (!condition.is_known()) return Paths::current().assume(condition.term());
  if (!condition.known()) Paths::current().abandon();
}
// The claim `goal` holds here for all values. It must be reached on some path.
inline void prove(std::string_view goal, const Boolean& conclusion) {
  const bool holds = conclusion.is_known() && conclusion.known();
  Paths::current().prove(goal, holds ? Term{} : conclusion.term());
}
// The claim `goal`: whenever `condition` holds, `conclusion` does. Somewhere the condition can
// hold.
inline void prove_if(std::string_view goal, const Boolean& condition, const Boolean& conclusion) {
  if (condition.is_known()) {
    return condition.known() ? prove(goal, conclusion) : Paths::current().mention(goal);
  }
  const Boolean claim = implies(condition, conclusion);
  const bool holds = claim.is_known() && claim.known();
  Paths::current().prove(goal, holds ? Term{} : claim.term(), condition.term());
}
// One of 0 .. options - 1, each on paths of its own.
[[nodiscard]] inline std::size_t choose(std::size_t options) {
  return Paths::current().choose(options);
}

// ---- values of which nothing is known -----------------------------------------------------------

// `any<Word<64>>("va")`: every value at once. The name shows in counterexamples; the same name
// within one execution is the same value.
template <class T>
[[nodiscard]] T any(const std::string& name) = delete;

template <>
[[nodiscard]] inline Boolean any(const std::string& name) {
  const Term term = unknown(truth(), name);
  Paths::current().note(name + " =", {term});
  return Boolean(term);
}

// Ends the obligation as unknown: a program wants a number where there is none.
[[noreturn]] inline void not_a_number() {
  throw std::invalid_argument(
      "a symbolic word is used as a number, as an index or a bound: let the code take words there "
      "(WordArray for arrays)");
}

namespace internal {
template <class Value>
Term shown(const Value& value) {
  if constexpr (std::integral<Value>) {
    return literal(bits(64), static_cast<std::uint64_t>(value));
  } else {
    return value.term();
  }
}
}  // namespace internal

// A line in the counterexample: `text`, and the values of `words` there, or of plain numbers.
template <class... Words>
void note(std::string text, const Words&... words) {
  Paths::current().note(std::move(text), {internal::shown(words)...});
}

}  // namespace quintet::proof
