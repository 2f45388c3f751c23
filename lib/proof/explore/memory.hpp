// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "proof/explore/operation.hpp"

// The memory that explored threads share: which stores a load may read, and what follows from
// reading one.
//
// Each location has its stores in modification order, which is the order in which they are
// carried out. Each thread has a view: for each location the oldest store that it may still read.
// A release store carries its thread's view along, an acquire load takes over what came with the
// store that it reads; release sequences go through read-modify-writes, and fences are C++'s. A
// seq_cst access of a location reads nothing older than what an earlier seq_cst access of it or a
// seq_cst fence had reached. Beside the view goes a vector clock, which is C++'s happens-before;
// accesses of plain cells that it does not order are races. In the model kSequential every load
// reads the newest store, but happens-before is still that of the memory orders.
// Approximations: README.md. Threading: one thread.
namespace quintet::proof::explore {

enum class Model : std::uint8_t {
  kSequential,  // interleavings of operations on one memory
  kViews,       // release/acquire views, as above
};

class Memory {
 public:
  static constexpr ThreadId kNobody = 0xFF;
  static constexpr std::uint32_t kMaxAge = 63;  // older stores are not offered

  explicit Memory(Model model) : model_(model) {}

  [[nodiscard]] Model model() const { return model_; }
  // Forgets everything: the next execution begins.
  void reset();
  // `thread` knows what the program has done so far; the program knows what `thread` has done.
  void start(ThreadId thread);
  void join(ThreadId thread);

  [[nodiscard]] LocationId create(ThreadId by, std::uint64_t value);
  [[nodiscard]] std::uint32_t stores(LocationId location) const {
    return static_cast<std::uint32_t>(locations_[location].stores.size());
  }

  // The stores that `operation` may read, as bits by age: bit 0 is the newest. None: it waits.
  [[nodiscard]] std::uint64_t readable(ThreadId thread, const Operation& operation) const;
  // Carries it out, reading the store of that age. Requires: that store is readable.
  Outcome apply(ThreadId thread, const Operation& operation, std::uint32_t age);
  // The thread that made `location`, if `by` may use it before it is complete; else kNobody.
  [[nodiscard]] ThreadId unfinished(ThreadId by, LocationId location) const;

  // An access of a plain cell. Returns another thread with an access that this one races with, or
  // kNobody.
  ThreadId plain_load(ThreadId by, LocationId location);
  ThreadId plain_store(ThreadId by, LocationId location);

 private:
  struct Knowledge {
    Clock clock{};
    std::vector<std::uint32_t> view;  // by location; what is missing is 0
  };
  struct Store {
    std::uint64_t value;
    Knowledge message;  // for those who acquire it
  };
  struct Location {
    std::vector<Store> stores;
    std::uint32_t sequential = 0;  // the newest store that a seq_cst access has reached
    ThreadId creator = kMain;
    std::uint32_t created = 0;  // the creator's clock
    ThreadId writer = kMain;    // plain cells: the last write, and the reads since
    std::uint32_t written = 0;
    Clock reads{};
  };
  struct Thread {
    Knowledge current;
    Knowledge released;  // at the last release fence: what relaxed stores carry
    Knowledge received;  // by relaxed loads: what an acquire fence takes over
  };

  void join(Knowledge& into, const Knowledge& other) const;
  static void see(std::vector<std::uint32_t>& view, LocationId location, std::uint32_t store);
  [[nodiscard]] std::uint32_t oldest(ThreadId thread, const Operation& operation) const;
  void read(Thread& thread, Location& location, const Operation& operation, std::memory_order order,
            std::uint32_t index);
  void write(Thread& thread, Location& location, const Operation& operation, std::uint64_t value,
             bool update);
  void fence(Thread& thread, std::memory_order order);
  void heavy_fence(Thread& thread);
  void take_place_in_order(Thread& thread);  // that of seq_cst operations
  [[nodiscard]] bool knows(ThreadId by, ThreadId other, std::uint32_t when) const;

  Model model_;
  std::vector<Location> locations_;
  std::array<Thread, kThreadSlots> threads_;
  std::vector<std::uint32_t> sequential_;  // view of the seq_cst fences
};

}  // namespace quintet::proof::explore
