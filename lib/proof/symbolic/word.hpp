// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "proof/symbolic/boolean.hpp"
#include "proof/symbolic/fields.hpp"

// Machine words of which only assumptions are known.
//
// `Word<64>` stands in for `std::uint64_t` in a template: arithmetic is unsigned and wraps as in
// C++; what C++ leaves undefined (a shift by the width, a division by zero) becomes a goal of its
// own. Values that are known stay numbers, and bits that are only moved stay fields (fields.hpp),
// so that most of a core's index arithmetic never reaches the solver. Threading: as Paths.
namespace quintet::proof {

template <unsigned kWidth>
class Word {
  static_assert(kWidth >= 1 && kWidth <= 64);

 public:
  static constexpr std::uint64_t kMask = ~std::uint64_t{0} >> (64 - kWidth);

  Word() = default;
  template <std::integral I>
  explicit Word(I value) : form_(static_cast<std::uint64_t>(value) & kMask) {}
  explicit Word(Term term) : form_(term, kWidth) {}
  explicit Word(Fields form) : form_(std::move(form)) {}

  [[nodiscard]] bool is_known() const { return form_.is_known(); }
  // Requires: is_known().
  [[nodiscard]] std::uint64_t known() const { return form_.ones(); }
  [[nodiscard]] const Fields& form() const { return form_; }
  [[nodiscard]] Term term() const { return form_.term(kWidth); }

  // Only for known words: where a program needs a number, a symbolic word has none.
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  explicit operator I() const {
    if (!is_known()) not_a_number();
    return static_cast<I>(known());
  }
  // Zeros are added on the left, or bits cut off there.
  template <unsigned kOther>
    requires(kOther != kWidth)
  explicit operator Word<kOther>() const {
    return Word<kOther>(form_.masked(Word<kOther>::kMask));
  }

  friend Word operator&(const Word& a, const Word& b) {
    if (b.is_known()) return Word(a.form_.masked(b.known()));
    if (a.is_known()) return Word(b.form_.masked(a.known()));
    if (a.form_ == b.form_) return a;
    return Word(make(Op::kAnd, {a.term(), b.term()}))
        .among(a.form_.may_be_set() & b.form_.may_be_set());
  }
  friend Word operator|(const Word& a, const Word& b) {
    if (a.form_ == b.form_) return a;
    const std::uint64_t both = a.form_.may_be_set() & b.form_.may_be_set();
    if ((both & ~(a.form_.ones() | b.form_.ones())) == 0) return Word(a.form_.joined(b.form_));
    return Word(make(Op::kOr, {a.term(), b.term()}))
        .among(a.form_.may_be_set() | b.form_.may_be_set());
  }
  friend Word operator^(const Word& a, const Word& b) {
    if (a.is_known() && b.is_known()) return Word(a.known() ^ b.known());
    if (a.form_ == b.form_) return Word(0);
    return Word(make(Op::kXor, {a.term(), b.term()}))
        .among(a.form_.may_be_set() | b.form_.may_be_set());
  }
  friend Word operator~(const Word& a) {
    return a.is_known() ? Word(~a.known()) : Word(make(Op::kNot, {a.term()}));
  }
  friend Word operator+(const Word& a, const Word& b) {
    if (a.is_known() && b.is_known()) return Word(a.known() + b.known());
    if ((a.form_.may_be_set() & b.form_.may_be_set()) == 0) return a | b;  // no carry
    return Word(make(Op::kAdd, {a.term(), b.term()}));
  }
  friend Word operator-(const Word& a, const Word& b) {
    if (a.is_known() && b.is_known()) return Word(a.known() - b.known());
    if (b.is_known() && b.known() == 0) return a;
    if (a.form_ == b.form_) return Word(0);
    return Word(make(Op::kSub, {a.term(), b.term()}));
  }
  friend Word operator*(const Word& a, const Word& b) {
    if (a.is_known() && b.is_known()) return Word(a.known() * b.known());
    if (b.is_known() && std::has_single_bit(b.known())) return a << std::countr_zero(b.known());
    if (a.is_known() && std::has_single_bit(a.known())) return b << std::countr_zero(a.known());
    return Word(make(Op::kMul, {a.term(), b.term()}));
  }
  friend Word operator/(const Word& a, const Word& b) {
    require_divisor(b);
    if (a.is_known() && b.is_known()) return Word(a.known() / b.known());
    return Word(make(Op::kDiv, {a.term(), b.term()}));
  }
  friend Word operator%(const Word& a, const Word& b) {
    require_divisor(b);
    if (a.is_known() && b.is_known()) return Word(a.known() % b.known());
    return Word(make(Op::kRem, {a.term(), b.term()}));
  }

  // Shifts by a number, and by a word.
  friend Word operator<<(const Word& a, unsigned count) {
    require_shift(count);
    return Word(a.form_.shifted_left(count, kWidth));
  }
  friend Word operator>>(const Word& a, unsigned count) {
    require_shift(count);
    return Word(a.form_.shifted_right(count));
  }
  friend Word operator<<(const Word& a, int count) { return a << static_cast<unsigned>(count); }
  friend Word operator>>(const Word& a, int count) { return a >> static_cast<unsigned>(count); }
  friend Word operator<<(const Word& a, const Word& count) {
    if (count.is_known()) return a << static_cast<unsigned>(count.known());
    prove(kShiftGoal, count < Word(kWidth));
    return Word(make(Op::kShl, {a.term(), count.term()}));
  }
  friend Word operator>>(const Word& a, const Word& count) {
    if (count.is_known()) return a >> static_cast<unsigned>(count.known());
    prove(kShiftGoal, count < Word(kWidth));
    return Word(make(Op::kShr, {a.term(), count.term()}));
  }

  friend Boolean operator==(const Word& a, const Word& b) {
    const std::uint64_t differ = a.form_.may_differ(b.form_, kWidth);
    if (differ == 0) return true;
    const std::uint64_t zeros = ~a.form_.may_be_set() & b.form_.ones();
    if (((~b.form_.may_be_set() & a.form_.ones()) | zeros) != 0) return false;
    // Only the bits in question are compared.
    const unsigned low = static_cast<unsigned>(std::countr_zero(differ));
    const unsigned width = 64 - static_cast<unsigned>(std::countl_zero(differ)) - low;
    const Term one = a.form_.masked(differ).shifted_right(low).term(width);
    const Term two = b.form_.masked(differ).shifted_right(low).term(width);
    return Boolean(make(Op::kEqual, {one, two}));
  }
  friend Boolean operator<(const Word& a, const Word& b) {
    if (a.is_known() && b.is_known()) return a.known() < b.known();
    if (a.form_ == b.form_ || (b.is_known() && b.known() == 0)) return false;
    if (a.form_.may_be_set() < b.form_.ones()) return true;  // at most that, at least this
    if (b.form_.may_be_set() <= a.form_.ones()) return false;
    return Boolean(make(Op::kLess, {a.term(), b.term()}));
  }
  friend Boolean operator!=(const Word& a, const Word& b) { return !(a == b); }
  friend Boolean operator>(const Word& a, const Word& b) { return b < a; }
  friend Boolean operator<=(const Word& a, const Word& b) { return !(b < a); }
  friend Boolean operator>=(const Word& a, const Word& b) { return !(a < b); }

  Word& operator+=(const Word& b) { return *this = *this + b; }
  Word& operator-=(const Word& b) { return *this = *this - b; }
  Word& operator&=(const Word& b) { return *this = *this & b; }
  Word& operator|=(const Word& b) { return *this = *this | b; }
  Word& operator<<=(unsigned count) { return *this = *this << count; }
  Word& operator>>=(unsigned count) { return *this = *this >> count; }

 private:
  static constexpr const char* kShiftGoal = "no shift by the width or more";
  static void require_divisor(const Word& b) {
    prove("no division by zero", b != Word(0));
    assume(b != Word(0));
  }
  // C++ does not say what such a shift gives: the execution cannot go on.
  static void require_shift(unsigned count) {
    if (count < kWidth) return;
    prove(kShiftGoal, false);
    assume(false);
  }

  // The same word, of which it is known that only bits of `mask` may be set.
  [[nodiscard]] Word among(std::uint64_t mask) const { return Word(form_.masked(mask)); }

  Fields form_;
};

// `condition ? a : b` without a fork.
template <unsigned kWidth>
[[nodiscard]] Word<kWidth> select(const Boolean& condition, const Word<kWidth>& a,
                                  const Word<kWidth>& b) {
  if (condition.is_known()) return condition.known() ? a : b;
  const std::uint64_t differ = a.form().may_differ(b.form(), kWidth);
  if (differ == 0) return a;
  // What both have in common stays as it is.
  const Word<kWidth> chosen(make(Op::kSelect, {condition.term(), a.term(), b.term()}));
  const std::uint64_t open = differ & (a.form().may_be_set() | b.form().may_be_set());
  return Word<kWidth>(chosen.form().masked(open).joined(a.form().masked(~differ)));
}
[[nodiscard]] inline Boolean select(const Boolean& condition, const Boolean& a, const Boolean& b) {
  return (condition & a) | ((!condition) & b);
}

// Number of bits needed to write `word`; 0 for 0 (base/bits.hpp): a selection for each halving.
template <unsigned kWidth>
[[nodiscard]] Word<kWidth> bit_width(const Word<kWidth>& word) {
  static_assert(std::has_single_bit(kWidth));
  Word<kWidth> rest = word;
  Word<kWidth> width(0);
  for (unsigned step = kWidth / 2; step > 0; step /= 2) {
    const Word<kWidth> high = rest >> step;
    const Boolean has_high = high != Word<kWidth>(0);
    width += select(has_high, Word<kWidth>(step), Word<kWidth>(0));
    rest = select(has_high, high, rest);
  }
  return width + rest;
}

namespace internal {
template <unsigned kWidth>
Word<kWidth> any_word(const std::string& name) {
  const Term term = unknown(bits(kWidth), name);
  Paths::current().note(name + " =", {term});
  return Word<kWidth>(term);
}
}  // namespace internal
template <>
[[nodiscard]] inline Word<64> any(const std::string& name) {
  return internal::any_word<64>(name);
}
template <>
[[nodiscard]] inline Word<32> any(const std::string& name) {
  return internal::any_word<32>(name);
}
template <>
[[nodiscard]] inline Word<16> any(const std::string& name) {
  return internal::any_word<16>(name);
}
template <>
[[nodiscard]] inline Word<8> any(const std::string& name) {
  return internal::any_word<8>(name);
}

}  // namespace quintet::proof
