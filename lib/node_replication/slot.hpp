// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/align.hpp"
#include "node_replication/env.hpp"
#include "node_replication/options.hpp"
#include "node_replication/replicable.hpp"

// Where a session and the combiner of its replica meet: a request and its answer, and whether the
// session is reading.
//
// Stages of a slot, and who may take the step:
//   kIdle -> kPosted     the session, when it has found the lock held; it waits for the answer
//   kPosted -> kAnswered the combiner, when everything has been applied
//   kPosted -> kBaton    the combiner: the lock is yours, and your request not yet served
//   kBaton -> kPosted    the session, as combiner
//   kPosted -> kLeft     the session, as combiner: posted, but it does not wait here, so no baton
//   kLeft -> kPosted     the session
//   kLeft -> kAnswered   the combiner
//   kAnswered -> kIdle   the session, which takes the response
// An administrator's slot goes from kIdle to kCalling and by kBaton back: it wants the lock only.
// The request belongs to the session while idle or answered, and else to whoever holds the lock.
namespace quintet::node_replication {

enum class Stage : std::uint32_t { kIdle, kPosted, kLeft, kAnswered, kBaton, kCalling };

[[nodiscard]] constexpr bool is_pending(Stage stage) {
  return stage == Stage::kPosted || stage == Stage::kLeft;
}

// Operations to be applied in order, and where the responses go. What has been done is taken off
// the front.
template <Replicable D>
struct Request {
  typename D::WriteOp* operations = nullptr;
  ResponseObject<D>* responses = nullptr;
  std::size_t count = 0;

  void take_first() {
    ++operations;
    ++responses;
    --count;
  }
};

// One operation with its response, for requests that fit into the slot's line.
template <Replicable D>
struct Call {
  typename D::WriteOp operation;
  [[no_unique_address]] ResponseObject<D> response{};
};

template <Replicable D, Environment Env>
struct alignas(kCacheLineBytes) Slot {
  // Whether a call fits into what the words below leave of the line.
  static constexpr bool kHoldsCall = sizeof(Call<D>) <= 24 && alignof(Call<D>) <= 8;

  typename Env::template atomic<Stage> stage{Stage::kIdle};
  typename Env::template atomic<std::uint32_t> reading{0};  // 1: the session may be in the data
  typename Env::template plain<Request<D>> request{Request<D>{}};
  alignas(8) std::byte call[kHoldsCall ? sizeof(Call<D>) : 1];
  typename Env::Parker parker;
  // After the last operation. Only kept where somebody asks.
  [[no_unique_address]]
  typename Env::template plain<std::conditional_t<Env::kWitness, Version, Touch>> version;
};

}  // namespace quintet::node_replication
