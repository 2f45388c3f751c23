// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "page_table/address.hpp"

// The world of a page table: physical memory that holds the tables.
//
// A model provides `Word` and the four operations of `PhysicalMemory`. The other concepts are
// optional: the core uses them where they exist and does without elsewhere. Models: FrameArena
// (frame_arena.hpp) for programs, instrumented memories in test/, symbolic memory in proofs.
namespace quintet::page_table {

// What a released frame holds: `kZero` promises that every word is 0.
enum class FrameContent : std::uint8_t { kZero, kArbitrary };

// read(pa)          the 8-byte entry at `pa`, 8-byte aligned; one load.
// write(pa, word)   one 8-byte store, never torn, in program order with the other writes.
// allocate()        a 4 KiB frame of zeros that nobody else holds; 0 when there is none. (Not an
//                   optional: its way through memory would double the cost of a new table.)
// release(pa, c)    gives a frame back.
template <class M>
concept PhysicalMemory = requires(M memory, const M constant, BasicPhysAddr<typename M::Word> pa,
                                  typename M::Word word, FrameContent content) {
  { constant.read(pa) } -> std::same_as<typename M::Word>;
  memory.write(pa, word);
  { memory.allocate() } -> std::same_as<BasicPhysAddr<typename M::Word>>;
  memory.release(pa, content);
};

// locate(pa): where the entry at `pa` is, in a form that saves translating the address each time:
// read, write and compare_exchange take it as well. Adding bytes stays within the frame.
// address(location) is the way back. Good for the memory's lifetime.
template <class M>
concept LocatingMemory = requires(M memory, const M constant, BasicPhysAddr<typename M::Word> pa,
                                  typename M::Location location, typename M::Word word) {
  { constant.locate(pa) } -> std::same_as<typename M::Location>;
  { constant.address(location) } -> std::same_as<BasicPhysAddr<typename M::Word>>;
  { constant.read(location) } -> std::same_as<typename M::Word>;
  memory.write(location, word);
  { location + word } -> std::same_as<typename M::Location>;
};

// available(): how many allocations in a row are certain to succeed. Lets a range operation
// check once, where it would otherwise take all frames before its first store.
template <class M>
concept CountingMemory = requires(const M memory) {
  { memory.available() } -> std::convertible_to<std::size_t>;
};

// allocate_dirty(): as allocate(), but the content is arbitrary: for tables overwritten whole.
template <class M>
concept DirtyAllocatingMemory = requires(M memory) {
  { memory.allocate_dirty() } -> std::same_as<BasicPhysAddr<typename M::Word>>;
};

// fill(pa, first, stride, count): entries first, first + stride, ... into consecutive words of a
// table that is not linked yet.
template <class M>
concept FillingMemory =
    requires(M memory, BasicPhysAddr<typename M::Word> pa, typename M::Word word,
             std::size_t count) { memory.fill(pa, word, word, count); };

// population(frame) / set_population(frame, n): metadata beside the frame, for Counter::kBeside.
template <class M>
concept MetadataMemory = requires(M memory, const M constant, BasicPhysAddr<typename M::Word> frame,
                                  typename M::Word word) {
  { constant.population(frame) } -> std::same_as<typename M::Word>;
  memory.set_population(frame, word);
};

// compare_exchange(pa, expected, desired): atomic with respect to CPUs that set accessed and
// dirty bits; on failure `expected` becomes the present value. For Policy::live_leaves.
template <class M>
concept AtomicMemory = requires(M memory, BasicPhysAddr<typename M::Word> pa,
                                typename M::Word& expected, typename M::Word desired) {
  { memory.compare_exchange(pa, expected, desired) } -> std::same_as<bool>;
};

// The memory's location of an entry, or its physical address where it has none of its own.
namespace internal {
template <PhysicalMemory M>
struct LocationOf {
  using Type = BasicPhysAddr<typename M::Word>;
};
template <PhysicalMemory M>
  requires LocatingMemory<M>
struct LocationOf<M> {
  using Type = typename M::Location;
};
}  // namespace internal
template <PhysicalMemory M>
using LocationIn = typename internal::LocationOf<M>::Type;

// prefetch(location): a hint that the entry there will be needed soon.
template <class M>
concept PrefetchingMemory = PhysicalMemory<M> && requires(const M memory, LocationIn<M> location) {
  memory.prefetch(location);
};

template <PhysicalMemory M>
[[nodiscard]] LocationIn<M> locate(const M& memory, BasicPhysAddr<typename M::Word> pa) {
  if constexpr (LocatingMemory<M>) {
    return memory.locate(pa);
  } else {
    return pa;
  }
}
template <PhysicalMemory M>
[[nodiscard]] BasicPhysAddr<typename M::Word> address(const M& memory, LocationIn<M> location) {
  if constexpr (LocatingMemory<M>) {
    return memory.address(location);
  } else {
    return location;
  }
}

// Hints through to the memory where it can prefetch.
template <PhysicalMemory M>
void prefetch(const M& memory, LocationIn<M> location) {
  if constexpr (PrefetchingMemory<M>) memory.prefetch(location);
}

// Writes an arithmetic run of entries into a table that is not linked yet.
template <PhysicalMemory M>
void fill(M& memory, BasicPhysAddr<typename M::Word> pa, typename M::Word first,
          typename M::Word stride, std::size_t count) {
  using W = typename M::Word;
  if constexpr (FillingMemory<M>) {
    memory.fill(pa, first, stride, count);
  } else {
    W entry = first;
    for (std::size_t i = 0; i < count; ++i, entry = entry + stride) {
      memory.write(pa + W(i * kEntryBytes), entry);
    }
  }
}

}  // namespace quintet::page_table
