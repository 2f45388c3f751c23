// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/atomics.hpp"
#include "node_replication/env.hpp"
#include "simulation/machine.hpp"

// The world of concurrent code on the simulated machine: cells with the layout of std::atomic, and
// each access charged to the line on which it really lies. Outside of simulated threads everything
// is free, and waiting is a mistake. Threading: the machine's.
namespace quintet::simulation {

namespace internal {
[[nodiscard]] inline Machine* inside() {
  Machine* const machine = Machine::current();
  return machine != nullptr && machine->in_thread() ? machine : nullptr;
}
}  // namespace internal

struct SimEnv {
  static constexpr int kPatience = node_replication::StdEnv::kPatience;  // as on real machines
  static constexpr int kTurns = node_replication::StdEnv::kTurns;
  static bool is_few(std::size_t sessions) { return node_replication::StdEnv::is_few(sessions); }
  static constexpr int kCalmReads = node_replication::StdEnv::kCalmReads;
  static constexpr bool kStops = true;
  static constexpr bool kWitness = false;
  class Parker {};

  // A simulated run is too short for an open lock to be representative, so it never is.
  static bool has_heavy_fence() { return false; }
  static void light_fence() {}
  static void heavy_fence() {}

  template <class V>
  class atomic {  // NOLINT(readability-identifier-naming): as in std
   public:
    using value_type = V;  // NOLINT(readability-identifier-naming): as in std

    atomic() = default;
    atomic(V value) : value_(value) {}  // NOLINT(google-explicit-constructor): as std::atomic
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    [[nodiscard]] V load(std::memory_order) const {
      if (auto* const machine = internal::inside()) machine->load(this);
      return value_;
    }
    void store(V value, std::memory_order order) {
      auto* const machine = internal::inside();
      if (machine != nullptr) machine->store(this, order == std::memory_order_seq_cst);
      value_ = value;
      if (machine != nullptr) machine->wrote(this);
    }
    V exchange(V value, std::memory_order) {
      return update([value](V) { return value; });
    }
    V fetch_add(V value, std::memory_order)
      requires std::is_integral_v<V>
    {
      return update([value](V old) { return static_cast<V>(old + value); });
    }
    V fetch_sub(V value, std::memory_order)
      requires std::is_integral_v<V>
    {
      return update([value](V old) { return static_cast<V>(old - value); });
    }
    V fetch_or(V value, std::memory_order)
      requires std::is_integral_v<V>
    {
      return update([value](V old) { return static_cast<V>(old | value); });
    }
    V fetch_and(V value, std::memory_order)
      requires std::is_integral_v<V>
    {
      return update([value](V old) { return static_cast<V>(old & value); });
    }
    bool compare_exchange_strong(V& expected, V desired, std::memory_order, std::memory_order) {
      auto* const machine = internal::inside();
      if (machine != nullptr) machine->update(this);
      if (value_ != expected) {
        expected = value_;
        return false;
      }
      value_ = desired;
      if (machine != nullptr) machine->wrote(this);
      return true;
    }
    bool compare_exchange_weak(V& expected, V desired, std::memory_order success,
                               std::memory_order failure) {
      return compare_exchange_strong(expected, desired, success, failure);
    }

   private:
    friend struct SimEnv;

    template <class Function>
    V update(Function function) {
      auto* const machine = internal::inside();
      if (machine != nullptr) machine->update(this);
      const V old = value_;
      value_ = function(old);
      if (machine != nullptr) machine->wrote(this);
      return old;
    }

    V value_{};
  };

  template <class V>
  class plain {  // NOLINT(readability-identifier-naming): as atomic
   public:
    constexpr plain() = default;
    explicit constexpr plain(V value) : value_(std::move(value)) {}
    [[nodiscard]] V load() const {
      if (auto* const machine = charged()) machine->load(this);
      return value_;
    }
    void store(V value) {
      if (auto* const machine = charged()) machine->store(this, false);
      value_ = std::move(value);
    }

   private:
    // An empty value stands for memory beside it, which has cells of its own.
    [[nodiscard]] static Machine* charged() {
      return std::is_empty_v<V> ? nullptr : internal::inside();
    }

    [[no_unique_address]] V value_{};
  };

  template <class Cell>
  static void prefetch(const Cell& cell) {
    if (auto* const machine = internal::inside()) machine->prefetch(&cell);
  }
  static void pause() {
    if (auto* const machine = internal::inside()) machine->pause();
  }

  // The value for which the predicate held; none after so many fruitless looks.
  template <class V, class Predicate>
  static std::optional<V> look(const atomic<V>& cell, Predicate predicate, std::uint64_t looks) {
    Machine* const machine = internal::inside();
    if (machine != nullptr) machine->load(&cell);
    while (!predicate(cell.value_)) {
      if (machine == nullptr) throw Stopped{};  // nobody could end it
      const bool for_ever = looks == ~std::uint64_t{0};
      const double longest = static_cast<double>(looks) * machine->parameters().l1_hit;
      if (!machine->wait(&cell, for_ever ? Machine::kNever : longest)) return std::nullopt;
      machine->load(&cell, true);
    }
    return cell.value_;
  }
  template <class V, class Predicate>
  static V await(const atomic<V>& cell, std::memory_order, Predicate predicate) {
    return *look(cell, predicate, ~std::uint64_t{0});
  }
  template <class V, class Predicate>
  static V await(const atomic<V>& cell, std::memory_order, Predicate predicate, Parker&) {
    return *look(cell, predicate, ~std::uint64_t{0});
  }
  template <class V, class Predicate>
  static bool await_for(const atomic<V>& cell, std::memory_order, Predicate predicate,
                        std::uint64_t looks) {
    return look(cell, predicate, looks).has_value();
  }
  static void wake(Parker&) {}

  // Computing, and a division by what the compiler does not know.
  static void work(double ns, const char* what) {
    if (auto* const machine = internal::inside()) machine->work(ns, what);
  }
  static void divide() {
    if (auto* const machine = internal::inside()) {
      machine->work(machine->parameters().division, "division");
    }
  }

  template <class V>
    requires std::is_empty_v<V>
  static void name(const plain<V>&, const char*) {}  // lies on somebody else's line
  template <class Cell>
  static void name(const Cell& cell, const char* text) {
    if (auto* const machine = Machine::current()) machine->name(&cell, text);
  }
  template <class Cell>
  static void name(const Cell& cell, const char* text, std::size_t) {
    name(cell, text);
  }
};

static_assert(node_replication::Environment<SimEnv>);

}  // namespace quintet::simulation
