// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <type_traits>

// Where concurrent code gets its shared memory from. Code written over an `Atomics` policy runs
// natively with StdAtomics, and under the interleaving explorer with proof::explore's own
// (proof/explore/atomics.hpp), which is the same code on another machine.
//
// Every word that threads share is a cell: `atomic<V>` has the interface of std::atomic, memory
// orders always spelled out; `plain<V>` has load() and store() and must not be raced on. Spin
// loops are written as await(), so that the explorer can take them for what they are: waiting.
// Threading: cells as std::atomic and as plain variables.
namespace quintet {

// name(cell, text, i)            the cell's name in reports: text, or text[i]; `text` is a literal
// pause()                        a hint inside loops that cannot be an await()
// await(cell, order, predicate)  returns the first value loaded for which predicate(value) holds
template <class A>
concept Atomics =
    requires(typename A::template atomic<int>& cell, typename A::template plain<int>& field,
             std::memory_order order, int value, bool (*predicate)(int)) {
      { cell.load(order) } -> std::same_as<int>;
      cell.store(value, order);
      { cell.exchange(value, order) } -> std::same_as<int>;
      { cell.compare_exchange_strong(value, value, order, order) } -> std::same_as<bool>;
      { cell.compare_exchange_weak(value, value, order, order) } -> std::same_as<bool>;
      { cell.fetch_add(value, order) } -> std::same_as<int>;
      { field.load() } -> std::same_as<int>;
      field.store(value);
      { A::await(cell, order, predicate) } -> std::same_as<int>;
      A::name(cell, "name");
      A::name(field, "name", std::size_t{0});
      A::pause();
    };

// What real threads use: std::atomic, and values without any protection.
struct StdAtomics {
  template <class V>
  using atomic = std::atomic<V>;  // NOLINT(readability-identifier-naming): as in std

  template <class V>
  class plain {  // NOLINT(readability-identifier-naming): as atomic
   public:
    constexpr plain() = default;
    explicit constexpr plain(V value) : value_(value) {}
    [[nodiscard]] V load() const { return value_; }
    void store(V value) { value_ = value; }

   private:
    [[no_unique_address]] V value_{};
  };

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  template <class Cell, class Predicate>
  static auto await(const Cell& cell, std::memory_order order, Predicate predicate) {
    auto value = cell.load(order);
    while (!predicate(value)) {
      pause();
      value = cell.load(order);
    }
    return value;
  }

  template <class Cell>
  static void name(const Cell&, const char*) {}
  template <class Cell>
  static void name(const Cell&, const char*, std::size_t) {}
};

static_assert(Atomics<StdAtomics>);

}  // namespace quintet
