// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

// What the protocols of this folder are written in: words that are numbers natively, and
// mathematical integers under proof.
namespace quintet::node_replication::spec {

// The answer of a comparison: bool, or a formula.
template <class W>
using Truth = decltype(std::declval<const W&>() == std::declval<const W&>());

// Where `condition` holds, so does `conclusion`.
template <class T>
[[nodiscard]] T given(const T& condition, const T& conclusion) {
  return T((!condition) | conclusion);
}

}  // namespace quintet::node_replication::spec
