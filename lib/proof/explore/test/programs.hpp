// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "proof/explore/explore.hpp"

// What the explorer's own tests share.
namespace quintet::proof::explore {

inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

template <class V>
using Atomic = ExploredAtomics::atomic<V>;
template <class V>
using Plain = ExploredAtomics::plain<V>;

inline Options with(Model model, Reduction reduction = Reduction::kSourceSets) {
  return {.model = model, .reduction = reduction};
}

}  // namespace quintet::proof::explore
