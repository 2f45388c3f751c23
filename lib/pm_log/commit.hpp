// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Which of two roots counts: the decision that makes a fast commit atomic. A template over the
// word, proved for every content of the roots in commit_proof.cpp.
namespace quintet::pm_log {

// What recovery sees of a root: whether the line is whole, and the commit that it says it is of.
template <class W>
struct RootSeen {
  bool valid = false;
  W seq{};
};

inline constexpr std::size_t kNoRoot = 2;

// Index of the newest root that is whole, or kNoRoot.
template <class W>
[[nodiscard]] constexpr std::size_t newest(const RootSeen<W>& even, const RootSeen<W>& odd) {
  if (!even.valid) return odd.valid ? 1 : kNoRoot;
  if (!odd.valid) return 0;
  return even.seq > odd.seq ? 0 : 1;
}

}  // namespace quintet::pm_log
