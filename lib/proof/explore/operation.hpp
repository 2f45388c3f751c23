// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

// What explored threads do to shared memory, one operation at a time, as plain data: before it is
// carried out (Operation) and after (Event). Values travel as 64 bits. A heavy fence is one of all
// threads at once, wherever they are (base/asymmetric_fence.hpp).
//
// Threading: one thread; explored threads are fibers.
namespace quintet::proof::explore {

// Number 0 is the program itself: what it does before its threads start and after they have ended.
using ThreadId = std::uint8_t;
using ThreadSet = std::uint64_t;  // bits by ThreadId
inline constexpr ThreadId kMain = 0;
inline constexpr ThreadId kMaxThreads = 7;
inline constexpr std::size_t kThreadSlots = kMaxThreads + 1;
constexpr ThreadSet bit(ThreadId thread) { return ThreadSet{1} << thread; }

// Counts by thread; for a thread's own steps and for happens-before of both kinds.
using Clock = std::array<std::uint32_t, kThreadSlots>;
inline void join(Clock& into, const Clock& other) {
  for (std::size_t i = 0; i < kThreadSlots; ++i) {
    if (other[i] > into[i]) into[i] = other[i];
  }
}

using LocationId = std::uint32_t;  // in order of creation, in each execution anew
inline constexpr LocationId kNoLocation = ~LocationId{0};

enum class Kind : std::uint8_t {
  kLoad,
  kAwait,
  kStore,
  kUpdate,
  kCompareExchange,
  kFence,
  kHeavyFence
};

// `update` makes the new value of a store or read-modify-write of the old one and the operand.
// `predicate`, with its context, is what an await waits for.
struct Operation {
  Kind kind = Kind::kLoad;
  std::memory_order order = std::memory_order_seq_cst;
  std::memory_order failure = std::memory_order_seq_cst;  // of a refused compare-exchange
  LocationId location = kNoLocation;
  std::uint64_t operand = 0;
  std::uint64_t expected = 0;
  std::uint64_t (*update)(std::uint64_t old, std::uint64_t operand) = nullptr;
  bool (*predicate)(const void* context, std::uint64_t value) = nullptr;
  const void* context = nullptr;
  const char* verb = nullptr;  // in traces, the name of the read-modify-write

  [[nodiscard]] bool only_reads() const { return kind == Kind::kLoad || kind == Kind::kAwait; }
  [[nodiscard]] bool is_fence() const { return kind == Kind::kFence || kind == Kind::kHeavyFence; }
  // Whether it may store; a compare-exchange counts before it is known to fail.
  [[nodiscard]] bool writes() const { return !only_reads() && !is_fence(); }
  // Whether it is part of the order of seq_cst operations, or would be if it failed.
  [[nodiscard]] bool sequential() const {
    return order == std::memory_order_seq_cst ||
           (kind == Kind::kCompareExchange && failure == std::memory_order_seq_cst);
  }
};

// What an operation did. Stores of a location are numbered from 0 in modification order.
struct Outcome {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  std::uint32_t read_store = 0;    // the store that was read
  std::uint32_t newest_store = 0;  // the newest one before the operation
  bool wrote = false;
};

struct Event {
  ThreadId thread;
  Operation operation;
  Outcome outcome;
};

}  // namespace quintet::proof::explore
