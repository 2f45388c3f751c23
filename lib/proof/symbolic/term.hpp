// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

// Terms of the solver behind symbolic words: what the types in word.hpp and num.hpp are made of.
//
// A term belongs to the solver context of the obligation that runs on this thread (path.hpp) and
// lives as long. Equal terms are one object, so `==` on handles is syntactic equality. Users of
// the kit never see a term: its comparisons and shifts would be whatever the solver thinks, while
// words have the meaning of C++. Threading: one thread per context.
namespace quintet::proof {

// Null stands for "no term": a value that is known is kept as a number.
struct Term {
  void* handle = nullptr;
  [[nodiscard]] explicit operator bool() const { return handle != nullptr; }
  friend bool operator==(const Term&, const Term&) = default;
};

// Sorts: bit vectors of 1 to 64 bits, mathematical integers, truth values.
struct Sort {
  enum class Kind : std::uint8_t { kBits, kInteger, kTruth } kind = Kind::kTruth;
  unsigned width = 0;
};
[[nodiscard]] constexpr Sort bits(unsigned width) { return {Sort::Kind::kBits, width}; }
[[nodiscard]] constexpr Sort integer() { return {Sort::Kind::kInteger, 0}; }
[[nodiscard]] constexpr Sort truth() { return {Sort::Kind::kTruth, 0}; }

enum class Op : std::uint8_t {
  // bit vectors of one width; comparisons, division and right shift are unsigned
  kAdd,
  kSub,
  kMul,
  kDiv,
  kRem,
  kAnd,
  kOr,
  kXor,
  kNot,
  kShl,
  kShr,
  kLess,
  kLessEqual,
  kConcat,  // high, low
  // integers
  kIntAdd,
  kIntSub,
  kIntMul,
  kIntDiv,
  kIntRem,
  kIntLess,
  kIntLessEqual,
  // truth values
  kBoth,
  kEither,
  kNegate,
  // any sort
  kEqual,
  kSelect,  // condition, then, else
};

[[nodiscard]] Term literal(Sort sort, std::uint64_t value);
[[nodiscard]] Term make(Op op, std::initializer_list<Term> operands);
// Bits [low, low + width) of a bit vector.
[[nodiscard]] Term extract(Term word, unsigned low, unsigned width);
// A constant of which nothing is known; the same name gives the same constant.
[[nodiscard]] Term unknown(Sort sort, const std::string& name);
}  // namespace quintet::proof
