// SPDX-License-Identifier: MIT
#include "proof/symbolic/term.hpp"

#include <array>

#include "base/assert.hpp"
#include "proof/symbolic/z3_context.hpp"

namespace quintet::proof {
namespace {

Z3_sort z3_sort(Sort sort) {
  switch (sort.kind) {
    case Sort::Kind::kBits:
      return Z3_mk_bv_sort(z3(), sort.width);
    case Sort::Kind::kInteger:
      return Z3_mk_int_sort(z3());
    case Sort::Kind::kTruth:
      break;
  }
  return Z3_mk_bool_sort(z3());
}

Z3_ast binary(Op op, Z3_context c, Z3_ast a, Z3_ast b) {
  const std::array<Z3_ast, 2> both = {a, b};
  switch (op) {
    case Op::kAdd:
      return Z3_mk_bvadd(c, a, b);
    case Op::kSub:
      return Z3_mk_bvsub(c, a, b);
    case Op::kMul:
      return Z3_mk_bvmul(c, a, b);
    case Op::kDiv:
      return Z3_mk_bvudiv(c, a, b);
    case Op::kRem:
      return Z3_mk_bvurem(c, a, b);
    case Op::kAnd:
      return Z3_mk_bvand(c, a, b);
    case Op::kOr:
      return Z3_mk_bvor(c, a, b);
    case Op::kXor:
      return Z3_mk_bvxor(c, a, b);
    case Op::kShl:
      return Z3_mk_bvshl(c, a, b);
    case Op::kShr:
      return Z3_mk_bvlshr(c, a, b);
    case Op::kLess:
      return Z3_mk_bvult(c, a, b);
    case Op::kLessEqual:
      return Z3_mk_bvule(c, a, b);
    case Op::kConcat:
      return Z3_mk_concat(c, a, b);
    case Op::kIntAdd:
      return Z3_mk_add(c, 2, both.data());
    case Op::kIntSub:
      return Z3_mk_sub(c, 2, both.data());
    case Op::kIntMul:
      return Z3_mk_mul(c, 2, both.data());
    case Op::kIntDiv:
      return Z3_mk_div(c, a, b);
    case Op::kIntRem:
      return Z3_mk_mod(c, a, b);
    case Op::kIntLess:
      return Z3_mk_lt(c, a, b);
    case Op::kIntLessEqual:
      return Z3_mk_le(c, a, b);
    case Op::kBoth:
      return Z3_mk_and(c, 2, both.data());
    case Op::kEither:
      return Z3_mk_or(c, 2, both.data());
    case Op::kEqual:
      return Z3_mk_eq(c, a, b);
    case Op::kNot:
    case Op::kNegate:
    case Op::kSelect:
      break;
  }
  QT_REQUIRE(false, "not an operation of two operands");
  return nullptr;
}

}  // namespace

Term literal(Sort sort, std::uint64_t value) {
  if (sort.kind == Sort::Kind::kTruth) {
    return term(value != 0 ? Z3_mk_true(z3()) : Z3_mk_false(z3()));
  }
  return term(Z3_mk_unsigned_int64(z3(), value, z3_sort(sort)));
}

Term make(Op op, std::initializer_list<Term> operands) {
  const Term* const o = operands.begin();
  if (op == Op::kSelect) return term(Z3_mk_ite(z3(), z3(o[0]), z3(o[1]), z3(o[2])));
  if (op == Op::kNot) return term(Z3_mk_bvnot(z3(), z3(o[0])));
  if (op == Op::kNegate) return term(Z3_mk_not(z3(), z3(o[0])));
  return term(binary(op, z3(), z3(o[0]), z3(o[1])));
}

Term extract(Term word, unsigned low, unsigned width) {
  const unsigned whole = Z3_get_bv_sort_size(z3(), Z3_get_sort(z3(), z3(word)));
  if (low == 0 && width == whole) return word;
  return term(Z3_mk_extract(z3(), low + width - 1, low, z3(word)));
}

Term unknown(Sort sort, const std::string& name) {
  return term(Z3_mk_const(z3(), Z3_mk_string_symbol(z3(), name.c_str()), z3_sort(sort)));
}

}  // namespace quintet::proof
