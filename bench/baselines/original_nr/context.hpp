// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "baselines/original_nr/traits.hpp"
#include "baselines/original_nr/waiting.hpp"

// Where a thread leaves an operation for its replica's combiner and finds the response.
//
// Threading: post() and take() belong to the thread, collect() and answer() to the combiner.
namespace quintet::baselines {

// Upstream's: a ring of pending operations, of which a synchronous caller uses one at a time, and
// three indices, each on lines of its own.
template <class Op, class Response, class Env, class Traits>
class RingContext {
 public:
  void name(std::size_t thread) const {
    Env::name(tail_, "context.tail", thread);
    Env::name(combined_, "context.combined", thread);
    Env::name(head_, "context.head", thread);
    for (const Cell& cell : ring_) Env::name(cell.touch, "context.cell", thread);
  }

  // False: the ring is full.
  bool post(Op op) {
    const std::uint64_t tail = tail_.load(Traits::kRelaxed);
    if (tail - head_.load(Traits::kRelaxed) == Traits::kPending) return false;
    Cell& cell = ring_[tail % Traits::kPending];
    cell.touch.store({});
    cell.op = std::move(op);
    tail_.store(tail + 1, Traits::kRelease);
    return true;
  }
  // Whether there was a response within so many looks.
  bool wait(const OriginalWaiting<Env>& waiting, std::uint64_t looks) const {
    const std::uint64_t head = head_.load(Traits::kRelaxed);
    return waiting.template until<false>(
        combined_, Traits::kAcquire, [head](std::uint64_t seen) { return seen != head; }, looks);
  }
  Response take() {
    const std::uint64_t head = head_.load(Traits::kRelaxed);
    Cell& cell = ring_[head % Traits::kPending];
    static_cast<void>(cell.touch.load());
    Response response = std::move(*cell.response);
    head_.store(head + 1, Traits::kRelaxed);
    return response;
  }

  // Copies the pending operations to the end of `ops`, and says how many.
  std::size_t collect(std::vector<Op>& ops) {
    const std::uint64_t combined = combined_.load(Traits::kRelaxed);
    const std::uint64_t tail = tail_.load(Traits::kAcquire);
    for (std::uint64_t i = combined; i != tail; ++i) {
      const Cell& cell = ring_[i % Traits::kPending];
      static_cast<void>(cell.touch.load());
      ops.push_back(*cell.op);
    }
    return static_cast<std::size_t>(tail - combined);
  }
  void answer(Response* first, std::size_t count) {
    const std::uint64_t combined = combined_.load(Traits::kRelaxed);
    for (std::size_t i = 0; i < count; ++i) {
      Cell& cell = ring_[(combined + i) % Traits::kPending];
      cell.touch.store({});
      cell.response = std::move(first[i]);
    }
    combined_.store(combined + count, Traits::kRelease);
  }

 private:
  using Index = typename Env::template atomic<std::uint64_t>;
  struct alignas(kNrPadding) Cell {
    std::optional<Op> op;
    std::optional<Response> response;
    typename Env::template plain<Touch> touch;
  };

  std::array<Cell, Traits::kPending> ring_{};
  alignas(kNrPadding) Index tail_{0};      // the thread's
  alignas(kNrPadding) Index combined_{0};  // the combiner's
  alignas(kNrPadding) Index head_{0};      // the thread's
};

// The verified ones': one operation and a flag.
template <class Op, class Response, class Env, class Traits>
class CellContext {
 public:
  void name(std::size_t thread) const {
    Env::name(pending_, "context.flag", thread);
    Env::name(cell_.touch, "context.cell", thread);
  }

  bool post(Op op) {
    cell_.touch.store({});
    cell_.op = std::move(op);
    pending_.store(1, Traits::kRelease);
    return true;
  }
  bool wait(const OriginalWaiting<Env>& waiting, std::uint64_t looks) const {
    return waiting.template until<false>(
        pending_, Traits::kAcquire, [](std::uint64_t pending) { return pending == 0; }, looks);
  }
  Response take() {
    static_cast<void>(cell_.touch.load());
    return std::move(*cell_.response);
  }

  std::size_t collect(std::vector<Op>& ops) {
    if (pending_.load(Traits::kAcquire) == 0) return 0;
    static_cast<void>(cell_.touch.load());
    ops.push_back(*cell_.op);
    return 1;
  }
  void answer(Response* first, std::size_t) {
    cell_.touch.store({});
    cell_.response = std::move(*first);
    pending_.store(0, Traits::kRelease);
  }

 private:
  static constexpr std::size_t kFlagAlign = Traits::kSeparateFlag ? kNrPadding : 8;
  struct Cell {
    std::optional<Op> op;
    std::optional<Response> response;
    typename Env::template plain<Touch> touch;
  };

  alignas(kNrPadding) Cell cell_{};
  alignas(kFlagAlign) typename Env::template atomic<std::uint64_t> pending_{0};
};

}  // namespace quintet::baselines
