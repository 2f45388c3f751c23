// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "page_table/invalidation.hpp"
#include "page_table/physical_memory.hpp"

// Simulated physical memories. They watch every store, allocation and release, refuse allocations
// on demand, and note each misuse under the name of the property that it breaks.
//
// TracedMemory has exactly the four operations of the concept, nothing that a model need not have
// (an archetype: a table that compiles with it asks for no more). The types below it add the
// optional operations one by one. Single-threaded.
namespace quintet::page_table::world {

// Told what happens in a memory and at a flush, in order.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_store(std::uint64_t /*pa*/, std::uint64_t /*before*/, std::uint64_t /*after*/) {}
  virtual void on_allocate(std::uint64_t /*frame*/) {}
  virtual void on_release(std::uint64_t /*frame*/, FrameContent /*content*/) {}
  virtual void on_flush(std::span<const StaleRange<std::uint64_t>> /*ranges*/,
                        bool /*everything*/) {}
};

class TracedMemory {
 public:
  using Word = std::uint64_t;
  static constexpr std::uint64_t kBase = 0x10'0000;  // physical address of the first frame

  explicit TracedMemory(std::size_t frames);
  TracedMemory(const TracedMemory&) = delete;
  TracedMemory& operator=(const TracedMemory&) = delete;

  // ---- the concept --------------------------------------------------------------------------
  [[nodiscard]] Word read(PhysAddr pa) const;
  void write(PhysAddr pa, Word word) { store(pa.value, word); }
  [[nodiscard]] PhysAddr allocate() { return take(true); }  // 0: refused
  void release(PhysAddr frame, FrameContent content);

  // ---- for checks: no effect on the memory ----------------------------------------------------
  // The word at `pa`, 0 outside the memory. What hardware reads.
  [[nodiscard]] Word peek(std::uint64_t pa) const;
  [[nodiscard]] bool is_frame(std::uint64_t frame) const;
  [[nodiscard]] bool in_use(std::uint64_t frame) const;
  [[nodiscard]] std::vector<std::uint64_t> frames_in_use() const;
  [[nodiscard]] std::size_t free_frames() const { return free_.size(); }
  [[nodiscard]] Word peek_population(std::uint64_t frame) const;
  // First misuse noted under `property`, such as "P14"; empty when there is none.
  [[nodiscard]] std::string misuse(const std::string& property) const;

  // ---- the adversary --------------------------------------------------------------------------
  // Hardware sets bits in an entry, unseen by observers.
  void hardware_or(std::uint64_t pa, Word bits);
  // The `k`-th allocation from now is refused, once. 0: none is.
  void refuse_allocation(std::size_t k) { refuse_in_ = k; }
  [[nodiscard]] bool refusing() const { return refuse_in_ != 0; }
  // Allocations refused since the last call.
  std::size_t take_refusals() { return std::exchange(refusals_, 0); }
  // Notes free frames that were released as zero and are not.
  void check_free_frames();

  Observer* observer = nullptr;
  // Called before each compare-exchange with the address of the entry.
  std::function<void(std::uint64_t)> before_exchange;

 protected:
  void store(std::uint64_t pa, Word word);
  [[nodiscard]] PhysAddr take(bool zeroed);
  // Allocations in a row that are certain to succeed.
  [[nodiscard]] std::size_t certain() const;
  [[nodiscard]] Word& population_of(std::uint64_t frame);

 private:
  enum class State : std::uint8_t { kFree, kFreeDirty, kInUse };
  [[nodiscard]] std::size_t index(std::uint64_t pa) const { return (pa - kBase) / 0x1000; }
  [[nodiscard]] std::span<Word> words(std::uint64_t frame);
  void note(const char* property, const char* what, std::uint64_t where) const;

  std::vector<Word> words_;
  std::vector<State> states_;
  std::vector<Word> populations_;
  std::vector<std::uint64_t> free_;  // last released, first reused: shows use after release
  std::size_t refuse_in_ = 0;
  std::size_t refusals_ = 0;
  mutable std::vector<std::string> misuses_;
};

// With metadata beside the frames only.
class BesideMemory : public TracedMemory {
 public:
  using TracedMemory::TracedMemory;
  [[nodiscard]] Word population(PhysAddr frame) const { return peek_population(frame.value); }
  void set_population(PhysAddr frame, Word count) { population_of(frame.value) = count; }
};

// With every optional operation.
class FullMemory : public BesideMemory {
 public:
  using BesideMemory::BesideMemory;
  using BesideMemory::read;
  using BesideMemory::write;
  // Not the physical address, so that mixing the two up shows.
  struct Location {
    std::uint64_t complement;
    friend Location operator+(Location at, Word bytes) { return {at.complement - bytes}; }
  };
  [[nodiscard]] Location locate(PhysAddr pa) const { return {~pa.value}; }
  [[nodiscard]] PhysAddr address(Location location) const { return PhysAddr(~location.complement); }
  [[nodiscard]] Word read(Location location) const { return read(address(location)); }
  void write(Location location, Word word) { write(address(location), word); }
  void prefetch(Location) const {}
  [[nodiscard]] std::size_t available() const { return certain(); }
  // Filled with present-looking rubbish, so that what is not overwritten shows.
  [[nodiscard]] PhysAddr allocate_dirty() { return take(false); }
  void fill(PhysAddr pa, Word first, Word stride, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) store(pa.value + 8 * i, first + i * stride);
  }
  [[nodiscard]] bool compare_exchange(PhysAddr pa, Word& expected, Word desired);
  [[nodiscard]] bool compare_exchange(Location location, Word& expected, Word desired) {
    return compare_exchange(address(location), expected, desired);
  }
};

}  // namespace quintet::page_table::world
