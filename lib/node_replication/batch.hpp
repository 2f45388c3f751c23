// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "node_replication/env.hpp"
#include "node_replication/options.hpp"
#include "node_replication/replicable.hpp"
#include "node_replication/slot.hpp"

// The requests that a combiner serves at once, in the order in which their operations go into the
// log. They are done in that order, too. Threading: the combiner.
namespace quintet::node_replication {

template <Replicable D, Environment Env>
struct Served {
  Request<D> request;
  Slot<D, Env>* slot;   // null: the combiner's own request, which is not in its slot
  Version version = 0;  // after the last operation that was done; kept with Env::kWitness
};

template <Replicable D, Environment Env>
class Batch {
 public:
  using ServedOf = Served<D, Env>;

  Batch() = default;
  explicit Batch(std::span<ServedOf> all) : all_(all) {}

  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] auto begin() { return all_.begin(); }
  [[nodiscard]] auto end() { return all_.end(); }

  // Operations that are not done.
  [[nodiscard]] std::size_t operations() const {
    std::size_t sum = 0;
    for (const auto& served : all_) sum += served.request.count;
    return sum;
  }
  // A function that gives them one after another, to be moved from. Valid until one is done.
  [[nodiscard]] auto reader() {
    return [this, at = next_, read = std::size_t{0}]() mutable -> typename D::WriteOp&& {
      while (all_[at].request.count == read) {
        ++at;
        read = 0;
      }
      return std::move(all_[at].request.operations[read++]);
    };
  }
  // Whose operation is the first that is not done. Requires: there is one.
  [[nodiscard]] ServedOf& first() {
    while (all_[next_].request.count == 0) ++next_;
    return all_[next_];
  }

 private:
  std::span<ServedOf> all_;
  std::size_t next_ = 0;  // before it all are done
};

}  // namespace quintet::node_replication
