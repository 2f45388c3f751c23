// SPDX-License-Identifier: MIT
#pragma once
#include <expected>

// The outcome of an operation that bad input or a lack of resources can refuse. Each library
// has its own `enum class Error` and narrows this alias to one parameter:
//   template <class T> using Result = quintet::Result<T, Error>;
// A broken invariant is not an Error: see base/assert.hpp.
namespace quintet {

template <class T, class E>
using Result = std::expected<T, E>;

}  // namespace quintet
