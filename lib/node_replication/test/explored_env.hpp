// SPDX-License-Identifier: MIT
#pragma once

#include "node_replication/env.hpp"
#include "proof/explore/atomics.hpp"

// The world of node replication in the interleaving explorer.
namespace quintet::node_replication {

struct ExploredEnv : proof::explore::ExploredAtomics {
  static constexpr int kPatience = 0;
  static constexpr int kCalmReads = 1;
  static constexpr bool kStops = true;
  static constexpr bool kWitness = true;

  template <class Cell>
  static void prefetch(const Cell&) {}

  struct Parker {};

  using ExploredAtomics::await;
  template <class Cell, class Predicate>
  static auto await(const Cell& cell, std::memory_order order, Predicate predicate, Parker&) {
    return await(cell, order, predicate);
  }
  static void wake(Parker&) {}
};

static_assert(Environment<ExploredEnv>);

}  // namespace quintet::node_replication
