// SPDX-License-Identifier: MIT
#pragma once
#include <version>

#ifndef __cpp_lib_expected
#error "quintet needs C++23 with std::expected: compile with -std=c++23 (g++ 12, clang 19 or newer)"
#endif
#include <expected>

// The outcome of an operation that bad input or a lack of resources can refuse. Each library
// has its own `enum class Error` and narrows this alias to one parameter:
//   template <class T> using Result = quintet::Result<T, Error>;
// A broken invariant is not an Error: see base/assert.hpp.
namespace quintet {

template <class T, class E>
using Result = std::expected<T, E>;

}  // namespace quintet
