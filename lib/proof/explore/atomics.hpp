// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/atomics.hpp"
#include "proof/explore/execution.hpp"

// The Atomics policy (base/atomics.hpp) under the explorer: the same names as StdAtomics, and each
// operation is a step of a schedule.
//
// Cells hold values of up to 8 bytes without padding; plain cells anything that can be copied.
// They are made, used and destroyed within a program under explore(). A weak compare-exchange
// never fails without a reason. Threading: the explorer's.
namespace quintet::proof::explore {

namespace internal {

template <class V>
concept Word = std::is_trivially_copyable_v<V> && std::has_unique_object_representations_v<V> &&
               sizeof(V) <= sizeof(std::uint64_t);

template <Word V>
std::uint64_t encode(V value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(V));
  return bits;
}
template <Word V>
V decode(std::uint64_t bits) {
  V value;
  std::memcpy(&value, &bits, sizeof(V));
  return value;
}

template <class V>
std::uint64_t show(const V& value) {
  if constexpr (Word<V>) {
    return encode(value);
  } else {
    return 0;
  }
}

}  // namespace internal

struct ExploredAtomics {
  template <internal::Word V>
  class atomic {  // NOLINT(readability-identifier-naming): as in std
   public:
    using value_type = V;  // NOLINT(readability-identifier-naming): as in std

    atomic() : atomic(V{}) {}
    atomic(V value)  // NOLINT(google-explicit-constructor): as std::atomic
        : location_(Execution::current().create(internal::encode(value), std::is_pointer_v<V>)) {}
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    [[nodiscard]] V load(std::memory_order order) const {
      return internal::decode<V>(perform({.kind = Kind::kLoad, .order = order}).read);
    }
    void store(V value, std::memory_order order) {
      perform({.kind = Kind::kStore, .order = order, .operand = internal::encode(value)});
    }
    V exchange(V value, std::memory_order order) {
      return update("exchange", value, order,
                    [](std::uint64_t, std::uint64_t operand) { return operand; });
    }
    bool compare_exchange_strong(V& expected, V desired, std::memory_order success,
                                 std::memory_order failure) {
      const Outcome outcome = perform({.kind = Kind::kCompareExchange,
                                       .order = success,
                                       .failure = failure,
                                       .operand = internal::encode(desired),
                                       .expected = internal::encode(expected),
                                       .verb = "compare_exchange"});
      if (!outcome.wrote) expected = internal::decode<V>(outcome.read);
      return outcome.wrote;
    }
    bool compare_exchange_weak(V& expected, V desired, std::memory_order success,
                               std::memory_order failure) {
      return compare_exchange_strong(expected, desired, success, failure);
    }

    V fetch_add(V value, std::memory_order order)
      requires std::is_integral_v<V>
    {
      return update("fetch_add", value, order, [](std::uint64_t old, std::uint64_t operand) {
        using U = std::make_unsigned_t<V>;
        return std::uint64_t{static_cast<U>(static_cast<U>(old) + static_cast<U>(operand))};
      });
    }
    V fetch_sub(V value, std::memory_order order)
      requires std::is_integral_v<V>
    {
      return update("fetch_sub", value, order, [](std::uint64_t old, std::uint64_t operand) {
        using U = std::make_unsigned_t<V>;
        return std::uint64_t{static_cast<U>(static_cast<U>(old) - static_cast<U>(operand))};
      });
    }
    V fetch_or(V value, std::memory_order order)
      requires std::is_integral_v<V>
    {
      return update("fetch_or", value, order,
                    [](std::uint64_t old, std::uint64_t operand) { return old | operand; });
    }
    V fetch_and(V value, std::memory_order order)
      requires std::is_integral_v<V>
    {
      return update("fetch_and", value, order,
                    [](std::uint64_t old, std::uint64_t operand) { return old & operand; });
    }

   private:
    friend struct ExploredAtomics;

    Outcome perform(Operation operation) const {  // NOLINT(modernize-use-nodiscard): stores
      operation.location = location_;
      return Execution::current().perform(operation);
    }
    V update(const char* verb, V operand, std::memory_order order,
             std::uint64_t (*function)(std::uint64_t, std::uint64_t)) {
      return internal::decode<V>(perform({.kind = Kind::kUpdate,
                                          .order = order,
                                          .operand = internal::encode(operand),
                                          .update = function,
                                          .verb = verb})
                                     .read);
    }

    LocationId location_;
  };

  template <class V>
  class plain {  // NOLINT(readability-identifier-naming): as atomic
   public:
    plain() : plain(V{}) {}
    explicit plain(V value)
        : location_(Execution::current().create(internal::show(value), std::is_pointer_v<V>)),
          value_(std::move(value)) {}
    plain(const plain&) = delete;
    plain& operator=(const plain&) = delete;

    [[nodiscard]] V load() const {
      Execution::current().plain_access(location_, false, internal::show(value_));
      return value_;
    }
    void store(V value) {
      Execution::current().plain_access(location_, true, internal::show(value));
      value_ = std::move(value);
    }

   private:
    friend struct ExploredAtomics;

    LocationId location_;
    V value_;
  };

  static void pause() {}
  static void fence(std::memory_order order) {
    Execution::current().perform({.kind = Kind::kFence, .order = order});
  }

  // The pair of base/asymmetric_fence.hpp.
  static void light_fence() {}
  static void heavy_fence() { Execution::current().perform({.kind = Kind::kHeavyFence}); }
  static bool has_heavy_fence() { return true; }

  // The thread waits until some store that it may read satisfies the predicate; one such is read.
  // Requires: the predicate is a function of the value.
  template <class V, class Predicate>
  static V await(const atomic<V>& cell, std::memory_order order, Predicate predicate) {
    const auto holds = [](const void* context, std::uint64_t value) -> bool {
      return (*static_cast<const Predicate*>(context))(internal::decode<V>(value));
    };
    const Outcome outcome = cell.perform(
        {.kind = Kind::kAwait, .order = order, .predicate = holds, .context = &predicate});
    return internal::decode<V>(outcome.read);
  }

  template <class Cell>
  static void name(const Cell& cell, const char* text) {
    Execution::current().name(cell.location_, text, std::nullopt);
  }
  template <class Cell>
  static void name(const Cell& cell, const char* text, std::size_t index) {
    Execution::current().name(cell.location_, text, index);
  }
};

static_assert(Atomics<ExploredAtomics>);

}  // namespace quintet::proof::explore
