// SPDX-License-Identifier: MIT
#pragma once

#include <z3.h>

#include "proof/symbolic/path.hpp"
#include "proof/symbolic/term.hpp"

// Between the two files that call Z3, and for them only: handles as what Z3 calls them.
namespace quintet::proof {

[[nodiscard]] inline Z3_context z3() { return static_cast<Z3_context>(Paths::current().context()); }
[[nodiscard]] inline Z3_ast z3(Term term) { return static_cast<Z3_ast>(term.handle); }
[[nodiscard]] inline Term term(Z3_ast ast) { return Term{ast}; }

}  // namespace quintet::proof
