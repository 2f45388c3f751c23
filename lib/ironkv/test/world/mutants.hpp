// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "ironkv/test/world/run.hpp"

// The instantiations with a fault, in several translation units: each is a whole cluster.
namespace quintet::ironkv::world {

template <std::size_t kFirst, std::size_t... kIndices>
bool run_one_of(Fault fault, const Run& run, RunResult& result, std::index_sequence<kIndices...>) {
  return ((fault == static_cast<Fault>(kFirst + kIndices) &&
           (result = run_cluster<static_cast<Fault>(kFirst + kIndices)>(run), true)) ||
          ...);
}

// Runs `fault` if it is one of kFirst to kLast; returns whether it is.
template <Fault kFirst, Fault kLast>
bool run_between(Fault fault, const Run& run, RunResult& result) {
  constexpr auto kBegin = static_cast<std::size_t>(kFirst);
  constexpr auto kCount = static_cast<std::size_t>(kLast) - kBegin + 1;
  return run_one_of<kBegin>(fault, run, result, std::make_index_sequence<kCount>());
}

bool run_delivery_mutant(Fault fault, const Run& run, RunResult& result);
bool run_moving_mutant(Fault fault, const Run& run, RunResult& result);
bool run_lasting_mutant(Fault fault, const Run& run, RunResult& result);

}  // namespace quintet::ironkv::world
