// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/assert.hpp"
#include "page_table/flags.hpp"
#include "page_table/physical_memory.hpp"
#include "proof/explore/explore.hpp"

// The physical memory of a page table under the interleaving explorer: table entries are explored
// atomics, stored with release and walked with acquire, as every store and load is on x86.
//
// Only entries 0 and 1 of each frame are cells; walkers go through no others, and the rest is
// plain. Freed frames are given out again at once, the last one first: whoever still walks them
// meets what they are used for next. A flush waits for the walks that are under way, by a counter
// of each walker that is odd during a walk; the fences stand for the interrupt that makes a CPU
// finish its walk and begin the next one anew.
// Threading: entries are walked by explored threads; all else belongs to the owner.
namespace quintet::page_table {

enum class WorldFault : std::uint8_t {
  kNone,
  kRelaxedStores,  // entries are stored without release
  kNoWait,         // a flush does not wait for walks
  kNoFence,        // nothing orders a flush's look at the walkers after the stores before it
};

class ExploredMemory {
  using Atomics = proof::explore::ExploredAtomics;
  using Cell = Atomics::atomic<std::uint64_t>;

 public:
  using Word = std::uint64_t;
  static constexpr std::size_t kFrames = 12;
  static constexpr std::size_t kCells = 2;  // of each frame

  ExploredMemory(std::size_t walkers, WorldFault fault)
      : frames_(std::make_unique<std::array<Frame, kFrames>>()),
        walkers_(std::make_unique<Cell[]>(walkers)),
        walker_count_(walkers),
        fault_(fault) {
    static constexpr std::array kNames{"frame1", "frame2",  "frame3",  "frame4",
                                       "frame5", "frame6",  "frame7",  "frame8",
                                       "frame9", "frame10", "frame11", "frame12"};
    static_assert(kNames.size() == kFrames);
    for (std::size_t f = 0; f < kFrames; ++f) {
      for (std::size_t i = 0; i < kCells; ++i) {
        Atomics::name((*frames_)[f].cells[i], kNames[f], i);
      }
      free_.push_back(kFrames - 1 - f);
    }
    for (std::size_t w = 0; w < walkers; ++w) Atomics::name(walkers_[w], "walks", w);
  }

  // ---- PhysicalMemory, with what the policies ask for -------------------------------------------
  [[nodiscard]] Word read(PhysAddr pa) const { return load(pa, std::memory_order_relaxed); }
  void write(PhysAddr pa, Word word) {
    const std::size_t i = entry_of(pa);
    if (i >= kCells) {
      frame(pa).rest[i] = word;
    } else {
      frame(pa).cells[i].store(word, store_order());
    }
  }
  bool compare_exchange(PhysAddr pa, Word& expected, Word desired) {
    const std::size_t i = entry_of(pa);
    QT_REQUIRE(i < kCells, "leaves that CPUs change are among the cells");
    return frame(pa).cells[i].compare_exchange_strong(expected, desired, std::memory_order_acq_rel,
                                                      std::memory_order_acquire);
  }
  [[nodiscard]] PhysAddr allocate() {
    if (free_.empty()) return PhysAddr();
    const std::size_t number = free_.back();
    free_.pop_back();
    Frame& taken = (*frames_)[number];
    const PhysAddr base((number + 1) * kTableBytes);
    if (taken.dirty) {
      for (std::size_t i = 0; i < kEntries; ++i) write(base + i * kEntryBytes, 0);
    }
    return base;
  }
  void release(PhysAddr pa, FrameContent content) {
    frame(pa).dirty = content == FrameContent::kArbitrary;
    free_.push_back(number_of(pa));
  }
  [[nodiscard]] Word population(PhysAddr pa) const { return frame(pa).population; }
  void set_population(PhysAddr pa, Word count) { frame(pa).population = count; }
  [[nodiscard]] std::size_t in_use() const { return kFrames - free_.size(); }

  // ---- walkers ----------------------------------------------------------------------------------
  void begin_walk(std::size_t walker) {
    walkers_[walker].fetch_add(1, std::memory_order_relaxed);
    Atomics::fence(std::memory_order_seq_cst);
  }
  // Whether there is memory at `pa`: a walk that has gone astray may leave it.
  [[nodiscard]] static bool holds(PhysAddr pa) {
    return pa.value >= kTableBytes && number_of(pa) < kFrames;
  }
  [[nodiscard]] Word walk_read(PhysAddr pa) const { return load(pa, std::memory_order_acquire); }
  // What a CPU does to the leaf that it writes through. Requires: among the cells.
  bool set_accessed_dirty(PhysAddr pa, Word leaf) {
    return compare_exchange(pa, leaf, leaf | flag_bit::kAccessedDirty);
  }
  void end_walk(std::size_t walker) { walkers_[walker].fetch_add(1, std::memory_order_release); }

  // Returns when every walk has ended that may have begun before.
  void wait_for_walkers() const {
    if (fault_ == WorldFault::kNoWait) return;
    if (fault_ != WorldFault::kNoFence) Atomics::fence(std::memory_order_seq_cst);
    for (std::size_t w = 0; w < walker_count_; ++w) {
      const Word seen = walkers_[w].load(std::memory_order_acquire);
      if (seen % 2 == 0) continue;
      Atomics::await(walkers_[w], std::memory_order_acquire,
                     [seen](Word now) { return now != seen; });
    }
  }

 private:
  struct Frame {
    std::array<Cell, kCells> cells;
    std::array<Word, kEntries> rest{};  // entries from kCells on
    Word population = 0;
    bool dirty = false;
  };

  static std::size_t number_of(PhysAddr pa) { return pa.value / kTableBytes - 1; }
  static std::size_t entry_of(PhysAddr pa) { return pa.value % kTableBytes / kEntryBytes; }
  [[nodiscard]] Frame& frame(PhysAddr pa) const {
    QT_CHECK(holds(pa), "an address outside memory");
    return (*frames_)[number_of(pa)];
  }
  [[nodiscard]] Word load(PhysAddr pa, std::memory_order order) const {
    const std::size_t i = entry_of(pa);
    return i >= kCells ? frame(pa).rest[i] : frame(pa).cells[i].load(order);
  }
  [[nodiscard]] std::memory_order store_order() const {
    return fault_ == WorldFault::kRelaxedStores ? std::memory_order_relaxed
                                                : std::memory_order_release;
  }

  std::unique_ptr<std::array<Frame, kFrames>> frames_;
  std::unique_ptr<Cell[]> walkers_;
  std::size_t walker_count_;
  WorldFault fault_;
  std::vector<std::size_t> free_;
};

static_assert(PhysicalMemory<ExploredMemory>);
static_assert(MetadataMemory<ExploredMemory>);
static_assert(AtomicMemory<ExploredMemory>);

}  // namespace quintet::page_table
