// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "node_replication/env.hpp"
#include "node_replication/test/world/monitor.hpp"
#include "proof/explore/atomics.hpp"

// The world of node replication in the interleaving explorer. Its cells tell the monitor, if there
// is one, what was done to them, right after it was done: nothing else has happened between.
namespace quintet::node_replication {

struct ExploredEnv : proof::explore::ExploredAtomics {
  static constexpr int kPatience = 0;
  static constexpr int kTurns = 1;
  static constexpr int kCalmReads = 1;
  static constexpr bool kStops = true;
  static constexpr bool kWitness = true;

  static inline thread_local std::size_t few = 0;
  static bool is_few(std::size_t sessions) { return sessions <= few; }

  template <class Cell>
  static void prefetch(const Cell&) {}

  struct Parker {};

  static inline thread_local world::Monitor* monitor = nullptr;

  template <class V>
  class atomic : public ExploredAtomics::atomic<V> {  // NOLINT(readability-identifier-naming)
   public:
    using Base = ExploredAtomics::atomic<V>;

    atomic() : atomic(V{}) {}
    atomic(V value) : Base(value) {  // NOLINT(google-explicit-constructor): as std::atomic
      if (monitor != nullptr) monitor->made_atomic(tag_, sizeof(V));
    }

    [[nodiscard]] V load(std::memory_order order) const {
      const V value = Base::load(order);
      if (watched()) monitor->loaded(tag_, bits(value), order);
      return value;
    }
    void store(V value, std::memory_order order) {
      Base::store(value, order);
      if (watched()) monitor->stored(tag_, bits(value));
    }
    V exchange(V value, std::memory_order order) {
      const V old = Base::exchange(value, order);
      if (watched()) monitor->stored(tag_, bits(value));
      return old;
    }
    bool compare_exchange_strong(V& expected, V desired, std::memory_order success,
                                 std::memory_order failure) {
      const bool done = Base::compare_exchange_strong(expected, desired, success, failure);
      if (done && watched()) monitor->stored(tag_, bits(desired));
      return done;
    }
    bool compare_exchange_weak(V& expected, V desired, std::memory_order success,
                               std::memory_order failure) {
      return compare_exchange_strong(expected, desired, success, failure);
    }
    V fetch_add(V value, std::memory_order order) {
      const V old = Base::fetch_add(value, order);
      if (watched()) monitor->stored(tag_, bits(static_cast<V>(old + value)));
      return old;
    }
    V fetch_sub(V value, std::memory_order order) {
      const V old = Base::fetch_sub(value, order);
      if (watched()) monitor->stored(tag_, bits(static_cast<V>(old - value)));
      return old;
    }

   private:
    friend struct ExploredEnv;

    [[nodiscard]] bool watched() const {
      return monitor != nullptr && tag_.word != world::Word::kUnknown;
    }
    static std::uint64_t bits(V value) { return static_cast<std::uint64_t>(value); }

    mutable world::Tag tag_;
  };

  template <class V>
  class plain : public ExploredAtomics::plain<V> {  // NOLINT(readability-identifier-naming)
   public:
    using Base = ExploredAtomics::plain<V>;

    plain() : plain(V{}) {}
    explicit plain(V value) : Base(std::move(value)) {
      if (monitor != nullptr) monitor->made_plain(tag_);
    }
    [[nodiscard]] V load() const {
      V value = Base::load();
      if (watched()) monitor->used(tag_, false);
      return value;
    }
    void store(V value) {
      Base::store(std::move(value));
      if (watched()) monitor->used(tag_, true);
    }

   private:
    friend struct ExploredEnv;

    [[nodiscard]] bool watched() const {
      return monitor != nullptr && tag_.word != world::Word::kUnknown;
    }

    mutable world::Tag tag_;
  };

  template <class V, class Predicate>
  static V await(const atomic<V>& cell, std::memory_order order, Predicate predicate) {
    const V value = ExploredAtomics::await(cell, order, predicate);
    if (cell.watched()) monitor->awaited(cell.tag_, cell.bits(value));
    return value;
  }
  template <class V, class Predicate>
  static V await(const atomic<V>& cell, std::memory_order order, Predicate predicate, Parker&) {
    return await(cell, order, predicate);
  }
  static void wake(Parker&) {}

  template <class Cell>
  static void name(const Cell& cell, const char* text) {
    ExploredAtomics::name(cell, text);
    if (monitor != nullptr) monitor->named(cell.tag_, text, 0);
  }
  template <class Cell>
  static void name(const Cell& cell, const char* text, std::size_t index) {
    ExploredAtomics::name(cell, text, index);
    if (monitor != nullptr) monitor->named(cell.tag_, text, index);
  }
};

static_assert(Environment<ExploredEnv>);

}  // namespace quintet::node_replication
