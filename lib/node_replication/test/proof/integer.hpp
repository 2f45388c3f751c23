// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "proof/symbolic/num.hpp"

// A word for protocols whose numbers only count: a mathematical integer. Unlike Num its sums owe
// nothing, which would be a query each; what enters is below 2^61, since nobody makes so many
// operations, so that sums of a few fit into a machine's word.
namespace quintet::node_replication::proof_world {

class Integer {
 public:
  Integer() = default;
  explicit Integer(std::uint64_t value) : number_(value) {}
  explicit Integer(proof::Num number) : number_(std::move(number)) {}

  [[nodiscard]] proof::Term term() const { return number_.term(); }

  friend Integer operator+(const Integer& a, const Integer& b) {
    return Integer(proof::Num(make(proof::Op::kIntAdd, {a.term(), b.term()})));
  }
  friend Integer operator-(const Integer& a, const Integer& b) {
    return Integer(proof::Num(make(proof::Op::kIntSub, {a.term(), b.term()})));
  }
  friend proof::Boolean operator==(const Integer& a, const Integer& b) {
    return a.number_ == b.number_;
  }
  friend proof::Boolean operator!=(const Integer& a, const Integer& b) { return !(a == b); }
  friend proof::Boolean operator<(const Integer& a, const Integer& b) {
    return a.number_ < b.number_;
  }
  friend proof::Boolean operator>(const Integer& a, const Integer& b) { return b < a; }
  friend proof::Boolean operator<=(const Integer& a, const Integer& b) { return !(b < a); }
  friend proof::Boolean operator>=(const Integer& a, const Integer& b) { return !(a < b); }

 private:
  proof::Num number_;
};

[[nodiscard]] inline Integer any_number(const std::string& name) {
  proof::Num number = proof::any<proof::Num>(name);
  assume(number <= proof::Num(std::uint64_t{1} << 61));
  return Integer(std::move(number));
}

}  // namespace quintet::node_replication::proof_world
