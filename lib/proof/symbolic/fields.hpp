// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "proof/symbolic/term.hpp"

// A word in normal form: bits known to be 1, fields cut out of terms, and bits known to be 0
// everywhere else.
//
// Masks, constant shifts and sums without a carry only move fields, so what a core does with
// addresses and entries is done here and never reaches the solver. Threading: values.
namespace quintet::proof {

class Fields {
 public:
  // Bits [low, low + width) of the word are bits [from, from + width) of `term`.
  struct Field {
    Term term;
    unsigned low, width, from;
    friend bool operator==(const Field&, const Field&) = default;
  };

  Fields() = default;
  explicit Fields(std::uint64_t ones) : ones_(ones) {}
  Fields(Term term, unsigned width) : fields_{{term, 0, width, 0}} {}

  [[nodiscard]] bool is_known() const { return fields_.empty(); }
  [[nodiscard]] std::uint64_t ones() const { return ones_; }
  [[nodiscard]] std::uint64_t may_be_set() const;
  // The word as one term of `width` bits.
  [[nodiscard]] Term term(unsigned width) const;

  [[nodiscard]] Fields masked(std::uint64_t mask) const;
  [[nodiscard]] Fields shifted_left(unsigned count, unsigned width) const;
  [[nodiscard]] Fields shifted_right(unsigned count) const;
  // The union. Requires: no bit may be set in both, unless it is known to be 1 in one of them.
  [[nodiscard]] Fields joined(const Fields& other) const;
  // Bits in which the two may differ, as far as their forms tell.
  [[nodiscard]] std::uint64_t may_differ(const Fields& other, unsigned width) const;

  friend bool operator==(const Fields&, const Fields&) = default;

 private:
  [[nodiscard]] const Field* field_at(unsigned bit) const;
  void add(Field field);

  std::uint64_t ones_ = 0;
  std::vector<Field> fields_;  // ascending, disjoint, as long as can be
};

}  // namespace quintet::proof
