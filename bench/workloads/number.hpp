// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

// Natural numbers of any length, as a program of the nineties has them: digits of 16 bits in one
// malloc'ed block behind a count of references and a length. Every result is a new block; copies
// share one. They are what cfrac allocates. Threading: one thread.
namespace quintet::workloads {

class Number {
 public:
  explicit Number(std::uint64_t value = 0);
  /// Of decimal digits only.
  [[nodiscard]] static Number parse(const char* decimal);

  Number(const Number& other) : rep_(other.rep_) { ++rep_->references; }
  Number(Number&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  Number& operator=(const Number& other) {
    Number copy(other);
    std::swap(rep_, copy.rep_);
    return *this;
  }
  Number& operator=(Number&& other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~Number() { drop(); }

  [[nodiscard]] bool is_zero() const { return rep_->length == 0; }
  [[nodiscard]] bool is_one() const { return rep_->length == 1 && rep_->digits()[0] == 1; }
  [[nodiscard]] unsigned bits() const;
  /// Of the value alone: the same for equal numbers.
  [[nodiscard]] std::uint64_t hash() const;

  /// Negative, zero or positive, as this is less than, equal to or greater than `other`.
  [[nodiscard]] int compare(const Number& other) const;
  [[nodiscard]] Number plus(const Number& other) const;
  /// Requires: other <= *this.
  [[nodiscard]] Number minus(const Number& other) const;
  [[nodiscard]] Number times(const Number& other) const;
  /// Requires: divisor > 0.
  struct Division;
  [[nodiscard]] Division divide(const Number& divisor) const;
  [[nodiscard]] Number modulo(const Number& divisor) const;
  /// The quotient by a divisor of one digit; `remainder` becomes what is left.
  [[nodiscard]] Number divide_digit(std::uint16_t divisor, std::uint16_t& remainder) const;
  /// Allocates nothing.
  [[nodiscard]] std::uint32_t modulo_digit(std::uint16_t divisor) const;
  /// The value, where it is below 2^32, else the largest word.
  [[nodiscard]] std::uint32_t small_value() const;
  /// The largest number whose square is at most this one.
  [[nodiscard]] Number square_root() const;

 private:
  struct Rep {
    std::uint32_t references;
    std::uint16_t length;    // without leading zeros
    std::uint16_t capacity;  // digits that the block has room for
    [[nodiscard]] std::uint16_t* digits() { return reinterpret_cast<std::uint16_t*>(this + 1); }
    [[nodiscard]] const std::uint16_t* digits() const {
      return reinterpret_cast<const std::uint16_t*>(this + 1);
    }
  };

  explicit Number(Rep* rep) : rep_(rep) {}
  [[nodiscard]] static Rep* reserve(std::uint32_t digits);  // all digits are indeterminate
  void trim();
  void drop();

  Rep* rep_;
};

struct Number::Division {
  Number quotient;
  Number remainder;
};

[[nodiscard]] Number greatest_common_divisor(Number a, Number b);

}  // namespace quintet::workloads
