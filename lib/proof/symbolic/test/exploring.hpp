// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "proof/symbolic/path.hpp"
#include "testing/catch.hpp"

// What the tests of this folder share.
namespace quintet::proof {

inline Findings findings_of(const std::function<void()>& body, Limits limits = {}) {
  Paths paths(limits);
  return paths.explore(body);
}
inline Verdict verdict_of(const std::function<void()>& body) { return findings_of(body).verdict; }

}  // namespace quintet::proof

namespace Catch {
template <>
struct StringMaker<quintet::proof::Verdict> {
  static std::string convert(quintet::proof::Verdict verdict) {
    return quintet::proof::to_string(verdict);
  }
};
}  // namespace Catch
