// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "proof/symbolic/boolean.hpp"

// Unsigned machine words as mathematical integers that owe "no overflow".
//
// For arithmetic on sizes and positions, where wrapping is always a mistake and where sums,
// products and remainders are far easier for a solver as integers than as bits. Each operation
// adds a goal: the result fits 64 bits, a difference is not negative, a divisor is not 0.
// There are no bit operations; use Word for those. Threading: as Paths (path.hpp).
namespace quintet::proof {

class Num {
 public:
  static constexpr std::uint64_t kMax = ~std::uint64_t{0};

  Num() = default;
  template <std::integral I>
  explicit Num(I value) : known_(static_cast<std::uint64_t>(value)) {}
  // Requires: 0 <= `term` <= kMax on every path.
  explicit Num(Term term) : term_(term) {}

  [[nodiscard]] bool is_known() const { return !term_; }
  // Requires: is_known().
  [[nodiscard]] std::uint64_t known() const { return known_; }
  [[nodiscard]] Term term() const { return term_ ? term_ : literal(integer(), known_); }

  // Only for known numbers: where a program needs a number, a symbolic one is none.
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  explicit operator I() const {
    if (!is_known()) not_a_number();
    return static_cast<I>(known_);
  }

  friend Num operator+(const Num& a, const Num& b) {
    std::uint64_t sum = 0;
    if (are_known(a, b) && !__builtin_add_overflow(a.known_, b.known_, &sum)) return Num(sum);
    if (a.is_zero()) return b;
    if (b.is_zero()) return a;
    return checked("no overflow in a sum", Op::kIntAdd, a, b);
  }
  friend Num operator-(const Num& a, const Num& b) {
    if (are_known(a, b) && a.known_ >= b.known_) return Num(a.known_ - b.known_);
    if (b.is_zero()) return a;
    return checked("no difference below zero", Op::kIntSub, a, b);
  }
  friend Num operator*(const Num& a, const Num& b) {
    std::uint64_t product = 0;
    if (are_known(a, b) && !__builtin_mul_overflow(a.known_, b.known_, &product)) {
      return Num(product);
    }
    return checked("no overflow in a product", Op::kIntMul, a, b);
  }
  friend Num operator/(const Num& a, const Num& b) {
    require_divisor(b);
    if (are_known(a, b)) return Num(a.known_ / b.known_);
    return Num(make(Op::kIntDiv, {a.term(), b.term()}));
  }
  friend Num operator%(const Num& a, const Num& b) {
    require_divisor(b);
    if (are_known(a, b)) return Num(a.known_ % b.known_);
    return Num(make(Op::kIntRem, {a.term(), b.term()}));
  }

  friend Boolean operator==(const Num& a, const Num& b) {
    if (are_known(a, b)) return a.known_ == b.known_;
    if (a.term_ == b.term_) return true;
    return Boolean(make(Op::kEqual, {a.term(), b.term()}));
  }
  friend Boolean operator<(const Num& a, const Num& b) {
    if (are_known(a, b)) return a.known_ < b.known_;
    if (a.term_ == b.term_ || b.is_zero()) return false;
    return Boolean(make(Op::kIntLess, {a.term(), b.term()}));
  }
  friend Boolean operator!=(const Num& a, const Num& b) { return !(a == b); }
  friend Boolean operator>(const Num& a, const Num& b) { return b < a; }
  friend Boolean operator<=(const Num& a, const Num& b) { return !(b < a); }
  friend Boolean operator>=(const Num& a, const Num& b) { return !(a < b); }

  Num& operator+=(const Num& b) { return *this = *this + b; }
  Num& operator-=(const Num& b) { return *this = *this - b; }

 private:
  [[nodiscard]] bool is_zero() const { return is_known() && known_ == 0; }
  static bool are_known(const Num& a, const Num& b) { return a.is_known() && b.is_known(); }

  static Num checked(const char* goal, Op op, const Num& a, const Num& b) {
    Paths::current().use_integers();
    const Term result = make(op, {a.term(), b.term()});
    const Boolean fits(make(Op::kIntLessEqual, {result, literal(integer(), kMax)}));
    const Boolean counts(make(Op::kIntLessEqual, {literal(integer(), 0), result}));
    prove(goal, op == Op::kIntSub ? counts : fits);
    assume(fits & counts);
    return Num(result);
  }
  static void require_divisor(const Num& b) {
    prove("no division by zero", b != Num(0));
    assume(b != Num(0));
  }

  std::uint64_t known_ = 0;
  Term term_;
};

// `condition ? a : b` without a fork.
[[nodiscard]] inline Num select(const Boolean& condition, const Num& a, const Num& b) {
  if (condition.is_known()) return condition.known() ? a : b;
  return Num(make(Op::kSelect, {condition.term(), a.term(), b.term()}));
}

template <>
[[nodiscard]] inline Num any(const std::string& name) {
  Paths::current().use_integers();
  const Term term = unknown(integer(), name);
  const Num number(term);
  assume(Boolean(make(Op::kIntLessEqual, {literal(integer(), 0), term})));
  assume(number <= Num(Num::kMax));
  Paths::current().note(name + " =", {term});
  return number;
}

}  // namespace quintet::proof
