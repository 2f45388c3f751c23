// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/assert.hpp"

// Assertions of the code under check are claims: how a broken one is named in a verdict.
namespace quintet::proof {

inline std::string to_string(const BrokenCheck& broken) {
  std::string text = std::string(broken.macro) + "(" + broken.expression + ")";
  if (*broken.message != '\0') text.append(": ").append(broken.message);
  return text;
}

}  // namespace quintet::proof
