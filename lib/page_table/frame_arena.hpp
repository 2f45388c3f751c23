// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "page_table/address.hpp"
#include "page_table/frame_set.hpp"
#include "page_table/physical_memory.hpp"
#include "platform/memory_map.hpp"

// The real world of a page table: table frames in one anonymous mapping, which stands for a
// window of physical memory starting at a chosen physical address.
//
// Invariant: each frame is in use, in the set of zeroed frames, in the set of dirty frames, or
// above the high-water mark and never touched. The sets lie outside the frames, so that a zeroed
// frame stays zero, and give the lowest frame first (frame_set.hpp).
// Threading: allocation belongs to the owner of the table. FrameArena has one writer, and
// hardware may walk beside it; SharedFrameArena also lets other threads read.
namespace quintet::page_table {

// Which frames are free. Split from the access to entries, which is inline and hot.
class FrameStore {
 public:
  struct Options {
    std::size_t bytes = 0;  // window size: a multiple of 4 KiB; one frame is set aside
    platform::Backing backing = platform::Backing::kTransparentHuge;
    PhysAddr base{};        // physical address of the window, 4 KiB aligned
    bool prefault = false;  // commit all memory now instead of at first touch
    bool metadata = false;  // keep a word beside each frame, for Counter::kBeside
  };

  FrameStore(FrameStore&&) noexcept = default;
  FrameStore& operator=(FrameStore&&) noexcept = default;

  // A zeroed frame that nobody holds, or 0 when none is left: O(1), or O(4096 bytes) when only
  // dirty frames are left. Never the frame at the window's base, so never physical address 0.
  [[nodiscard]] PhysAddr allocate() {
    if (const auto number = clean_.take(); number != FrameSet::kNone) [[likely]]
      return frame_at(number);
    return allocate_other();
  }
  // The same without the promise of zeros. O(1).
  [[nodiscard]] PhysAddr allocate_dirty();
  // Requires: `frame` came from this store and is in use; with kZero, all its words are 0.
  void release(PhysAddr frame, FrameContent content) {
    QT_ASSERT(frame.value > base_.value && index(frame) < used_, "not a frame of this arena");
    QT_ASSERT(in_use() > 0, "more frames released than allocated");
    (content == FrameContent::kZero ? clean_ : dirty_).insert(index(frame));
  }
  // Frames that can still be allocated.
  [[nodiscard]] std::size_t available() const {
    return std::size_t{clean_.size()} + dirty_.size() + (frames_ - used_);
  }
  [[nodiscard]] std::size_t in_use() const {
    return std::size_t{used_} - 1 - clean_.size() - dirty_.size();
  }

  // Requires: Options::metadata.
  [[nodiscard]] std::uint64_t population(PhysAddr frame) const { return counts()[index(frame)]; }
  void set_population(PhysAddr frame, std::uint64_t count) {
    counts()[index(frame)] = static_cast<std::uint32_t>(count);
  }

  // Where the frame is mapped in this process.
  [[nodiscard]] std::byte* at(PhysAddr pa) const {
    return reinterpret_cast<std::byte*>(origin_ + pa.value);
  }
  [[nodiscard]] PhysAddr address_of(const std::byte* p) const {
    return PhysAddr(reinterpret_cast<std::uintptr_t>(p) - origin_);
  }
  // The window as bytes.
  [[nodiscard]] std::span<std::byte> window() const { return map_.bytes(); }

 protected:
  // Errors: a message that names what the system refused.
  [[nodiscard]] static platform::Result<FrameStore> create_store(const Options& options);

 private:
  FrameStore() = default;
  [[nodiscard]] PhysAddr allocate_other();
  [[nodiscard]] std::uint32_t* counts() const {
    return reinterpret_cast<std::uint32_t*>(counts_.data());
  }
  [[nodiscard]] std::uint32_t index(PhysAddr pa) const {
    return static_cast<std::uint32_t>((pa.value - base_.value) >> kPageShift);
  }
  [[nodiscard]] PhysAddr frame_at(std::uint32_t number) const {
    return base_ + (std::uint64_t{number} << kPageShift);
  }

  platform::MemoryMap map_;
  platform::MemoryMap counts_;  // one 32-bit word a frame
  std::uintptr_t origin_ = 0;  // origin_ + physical address = address in this process (it may wrap)
  PhysAddr base_{};
  std::uint32_t frames_ = 0;  // in the window
  std::uint32_t used_ = 0;    // below the high-water mark
  FrameSet clean_;            // free, all words 0
  FrameSet dirty_;            // free, any content
};

// An entry in its place. A type of its own, so that a store to a table aliases no field of its
// owner and the compiler may keep those fields in registers.
enum class TableWord : std::uint64_t {};

// One writer, and CPUs that walk. A volatile access is one 8-byte move in program order with the
// others, which x86 makes visible in that order (SDM vol. 3A, section 9.2); unlike an atomic one
// it does not keep the compiler from holding the arena's own fields in registers.
struct HardwareAccess {
  static std::uint64_t load(const std::byte* p) {
    return static_cast<std::uint64_t>(*reinterpret_cast<const volatile TableWord*>(p));
  }
  static void store(std::byte* p, std::uint64_t word) {
    *reinterpret_cast<volatile TableWord*>(p) = static_cast<TableWord>(word);
  }
};

// Threads that read beside the writer.
struct ThreadAccess {
  static std::uint64_t load(const std::byte* p) {
    // acquire: pairs with the release below, so a reader that follows a new reference sees the
    // table that it references filled.
    return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(p), __ATOMIC_ACQUIRE);
  }
  static void store(std::byte* p, std::uint64_t word) {
    __atomic_store_n(reinterpret_cast<std::uint64_t*>(p), word, __ATOMIC_RELEASE);
  }
};

template <class Access>
class BasicFrameArena : public FrameStore {
 public:
  using Word = std::uint64_t;

  [[nodiscard]] static platform::Result<BasicFrameArena> create(const Options& options) {
    auto store = create_store(options);
    if (!store) return std::unexpected(store.error());
    return BasicFrameArena(std::move(*store));
  }

  // Where an entry is mapped in this process.
  struct Location {
    std::byte* p;
    friend Location operator+(Location location, Word bytes) { return {location.p + bytes}; }
  };
  [[nodiscard]] Location locate(PhysAddr pa) const { return {at(pa)}; }
  [[nodiscard]] PhysAddr address(Location location) const { return address_of(location.p); }

  [[nodiscard]] Word read(Location location) const { return Access::load(location.p); }
  [[nodiscard]] Word read(PhysAddr pa) const { return Access::load(at(pa)); }
  void write(Location location, Word word) { Access::store(location.p, word); }
  void write(PhysAddr pa, Word word) { Access::store(at(pa), word); }
  void prefetch(Location location) const { __builtin_prefetch(location.p, 1); }
  void fill(PhysAddr pa, Word first, Word stride, std::size_t count) {
    auto* out = reinterpret_cast<TableWord*>(at(pa));
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<TableWord>(first + i * stride);
  }
  [[nodiscard]] bool compare_exchange(Location location, Word& expected, Word desired) {
    // acq_rel: the new leaf is ordered like any other store; the old one is read whole.
    return __atomic_compare_exchange_n(reinterpret_cast<Word*>(location.p), &expected, desired,
                                       false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  }
  [[nodiscard]] bool compare_exchange(PhysAddr pa, Word& expected, Word desired) {
    return compare_exchange(locate(pa), expected, desired);
  }

 private:
  explicit BasicFrameArena(FrameStore&& store) : FrameStore(std::move(store)) {}
};

using FrameArena = BasicFrameArena<HardwareAccess>;
using SharedFrameArena = BasicFrameArena<ThreadAccess>;

}  // namespace quintet::page_table
