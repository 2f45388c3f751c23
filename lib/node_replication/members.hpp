// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <vector>

#include "node_replication/env.hpp"
#include "node_replication/options.hpp"
#include "node_replication/replica.hpp"

// Which replicas there are. The objects stay when a replica is removed, so that whoever still holds
// a pointer can look at its lock.
//
// Invariant: a replica is a member from before the lock of the one that it was copied from is given
// up; so nobody can see that one go on in the log without seeing the new one (C1).
//
//   make, add, remove   one thread at a time, administrating; everything else: any thread
namespace quintet::node_replication {

template <Replicable D, Environment Env, Fault kFault = Fault::kNone>
class Members {
 public:
  using ReplicaOf = Replica<D, Env, kFault>;
  static constexpr std::size_t kMost = 64;

  explicit Members(std::size_t most) : replicas_(most) {
    Env::name(set_, "members");
    Env::name(changes_, "changes");
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  ~Members() {
    for (Made& made : replicas_) {
      if (made.replica == nullptr) continue;
      std::destroy_at(made.replica);
      made.memory->deallocate(made.replica, sizeof(ReplicaOf), alignof(ReplicaOf));
    }
  }

  [[nodiscard]] std::size_t most() const { return replicas_.size(); }
  // Bits by ReplicaId. acquire: their objects, and what removed ones have done, are seen.
  [[nodiscard]] std::uint64_t set() const { return set_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t count() const { return std::size_t(std::popcount(set())); }
  [[nodiscard]] bool has_one() const {
    const std::uint64_t all = set();
    return (all & (all - 1)) == 0;
  }
  [[nodiscard]] bool has(ReplicaId id) const {
    return std::size_t(id) < most() && (set() >> std::size_t(id) & 1) != 0;
  }
  // Requires: it is or was a member.
  [[nodiscard]] ReplicaOf& operator[](ReplicaId id) { return *replicas_[std::size_t(id)].replica; }

  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint64_t left = set(); left != 0; left &= left - 1) {
      const auto id = static_cast<ReplicaId>(std::countr_zero(left));
      visit((*this)[id], id);
    }
  }

  // ctail: up to where the log has been applied to at least one replica, at some time during the
  // call. No word holds it, so writers of different replicas do not meet there.
  [[nodiscard]] LogIndex ctail() {
    LogIndex most = 0;
    for_each([&](const ReplicaOf& replica, ReplicaId) { most = std::max(most, replica.ltail()); });
    return most;
  }

  // The smallest ltail of the members, all of which have been members together.
  [[nodiscard]] LogIndex least_ltail() {
    for (;;) {
      const std::uint64_t before = changes_.load(std::memory_order_acquire);
      std::uint64_t left = set();
      if (kFault == Fault::kLaggardForgotten && (left & (left - 1)) != 0)
        left &= ~std::bit_floor(left);
      LogIndex least = ~LogIndex{0};
      for (; left != 0; left &= left - 1) {
        least = std::min(least, (*this)[static_cast<ReplicaId>(std::countr_zero(left))].ltail());
      }
      // Not reordered before the loads above, which are acquire.
      if (changes_.load(std::memory_order_acquire) == before) return least;
    }
  }

  // The object of a replica that is no member. Throws what `memory` throws.
  [[nodiscard]] ReplicaOf& make(ReplicaId id, std::size_t max_sessions,
                                std::pmr::memory_resource& memory) {
    Made& made = replicas_[std::size_t(id)];
    if (made.replica == nullptr) {
      void* const place = memory.allocate(sizeof(ReplicaOf), alignof(ReplicaOf));
      try {
        made.replica = ::new (place) ReplicaOf(max_sessions, memory);
      } catch (...) {
        memory.deallocate(place, sizeof(ReplicaOf), alignof(ReplicaOf));
        throw;
      }
      made.memory = &memory;
    }
    return *made.replica;
  }
  void add(ReplicaId id) { change(set_.load(std::memory_order_relaxed) | bit(id)); }
  void remove(ReplicaId id) { change(set_.load(std::memory_order_relaxed) & ~bit(id)); }

 private:
  struct Made {
    ReplicaOf* replica = nullptr;
    std::pmr::memory_resource* memory = nullptr;
  };

  [[nodiscard]] static std::uint64_t bit(ReplicaId id) { return std::uint64_t{1} << unsigned(id); }
  void change(std::uint64_t set) {
    set_.store(set, std::memory_order_release);
    changes_.fetch_add(1, std::memory_order_release);
  }

  std::vector<Made> replicas_;  // by id
  typename Env::template atomic<std::uint64_t> set_{0};
  typename Env::template atomic<std::uint64_t> changes_{0};
};

}  // namespace quintet::node_replication
