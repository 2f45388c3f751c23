// SPDX-License-Identifier: MIT
#pragma once

#include <sched.h>

#include <cstddef>
#include <cstdint>

#include "allocator/allocator.hpp"
#include "allocator/chosen_tracker.hpp"
#include "allocator/mmap_memory.hpp"

// The allocator of the process: one instance, a heap for each thread, attached when the thread
// first asks and left to others when it ends. malloc() and operator new of libquintet-malloc.so are
// thin layers over this (malloc.cpp, new_delete.cpp); programs that link quintet::allocator may
// call it beside their own malloc.
//
// Works before constructors and after destructors have run, and in threads that are ending. After
// fork(2) the child can allocate and free; what other threads had at hand is lost to it.
// Threading: any.
#ifndef QT_MALLOC_HARDENING
#define QT_MALLOC_HARDENING 0
#endif

// A program whose definitions are not those of the library it links would have other heaps than the
// library. It is not linked: the library has no functions in the namespace of that name.
#define QT_MALLOC_JOINED(hardening, tracking) \
  library_with_hardening_##hardening##_and_tracking_##tracking
#define QT_MALLOC_NAMED(hardening, tracking) QT_MALLOC_JOINED(hardening, tracking)
#define QT_MALLOC_LIBRARY QT_MALLOC_NAMED(QT_MALLOC_HARDENING, QT_MALLOC_TRACKING)

namespace quintet::allocator::inline QT_MALLOC_LIBRARY {

struct ProcessTraits : StandardTraits {
  static constexpr Hardening kHardening = static_cast<Hardening>(QT_MALLOC_HARDENING);
  using Tracker = ChosenTracker;
  // Where overflows are looked for there is little memory behind the blocks: what goes far, faults.
  static constexpr Shape kShape{
      .growth_bytes = kHardening >= Hardening::kParanoid ? 256 * kKiB : Shape().growth_bytes};
};

// StdAtomics whose waits leave the processor to others, without anything of libstdc++.
struct ProcessAtomics : StdAtomics {
  template <class Cell, class Predicate>
  static auto await(const Cell& cell, std::memory_order order, Predicate predicate) {
    auto value = cell.load(order);
    for (unsigned looks = 0; !predicate(value); value = cell.load(order), ++looks) {
      if (looks < kSpins) {
        pause();
      } else if (looks < kYields) {
        ::sched_yield();
      } else {
        nap();
      }
    }
    return value;
  }

 private:
  // 50 microseconds. errno is kept, and no thread is cancelled here: malloc() and free() are no
  // cancellation points.
  static void nap() noexcept;

  static constexpr unsigned kSpins = 32;
  static constexpr unsigned kYields = 128;
};

using ProcessAllocator = Allocator<MmapMemory, ProcessAtomics, ProcessTraits>;
using ProcessHeap = ProcessAllocator::H;

// A block at hand is a block for the program: nothing is written into it, and nobody is told.
inline constexpr bool kIsFast =
    ProcessTraits::kHardening == Hardening::kFast && !ProcessAllocator::E::kIsTracked;

extern constinit ProcessAllocator process_allocator;

// The heap of this thread, or one that owns nothing: then the functions of process.cpp have work.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit ProcessHeap* thread_heap;

// As allocator.hpp says, with the heap of this thread. errno is the business of callers.
[[nodiscard]] void* allocate_slowly(std::size_t size) noexcept;
void free_slowly(void* pointer) noexcept;
[[nodiscard]] void* allocate_zeroed(std::size_t count, std::size_t size) noexcept;
[[nodiscard]] void* allocate_aligned_slowly(std::size_t size, std::size_t alignment) noexcept;
[[nodiscard]] void* reallocate(void* pointer, std::size_t size) noexcept;
[[nodiscard]] bool resize_in_place(void* pointer, std::size_t size) noexcept;
[[nodiscard]] std::size_t usable_size(const void* pointer) noexcept;
[[nodiscard]] bool owns(const void* pointer) noexcept;
void collect(bool all) noexcept;

// The hot paths, for whoever can have them inline. These two: null is no answer yet.
[[nodiscard]] inline void* at_hand(std::size_t size) noexcept {
  if (!kIsFast || size > kTableBytes) [[unlikely]]
    return nullptr;
  return thread_heap->allocate_at_hand(ProcessHeap::small_class(size));
}
[[nodiscard]] inline void* aligned_at_hand(std::size_t size, std::size_t alignment) noexcept {
  if (size - 1 >= kTableBytes) return nullptr;
  return at_hand(align_up<std::size_t>(size, alignment));
}
[[nodiscard]] inline void* allocate(std::size_t size) noexcept {
  if (void* const block = at_hand(size)) [[likely]]
    return block;
  return allocate_slowly(size);
}
// Requires: a power of two.
[[nodiscard]] inline void* allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
  if (void* const block = aligned_at_hand(size, alignment)) [[likely]]
    return block;
  return allocate_aligned_slowly(size, alignment);
}
inline void free(void* pointer) noexcept {
  if (!kIsFast || !thread_heap->free_at_hand(pointer)) [[unlikely]]
    free_slowly(pointer);
}
// For whoever knows the size that was asked for, as sized deallocation in C++ does. A size that is
// not the block's is no worse than none.
inline void free(void* pointer, std::size_t size) noexcept {
  if (!kIsFast || size > kTableBytes ||
      !thread_heap->free_at_hand(pointer, ProcessHeap::small_class(size))) [[unlikely]]
    free_slowly(pointer);
}

// How a block was asked for: from Hardening::kParanoid on it must be freed the same way, and with
// its size where one is given.
enum class Kind : std::uint8_t { kMalloc = 2, kNew = 3, kNewArray = 4 };  // as BlockState
inline constexpr std::size_t kAnySize = ~std::size_t{0};
inline constexpr bool kHasKinds = ProcessTraits::kHardening >= Hardening::kParanoid;
void* with_kind(void* block, Kind kind) noexcept;
void free_of_kind(void* pointer, Kind kind, std::size_t size) noexcept;

// Requires: `block` was just allocated, or is null.
inline void* allocated_as(Kind kind, void* block) noexcept {
  return kHasKinds && kind != Kind::kMalloc ? with_kind(block, kind) : block;
}
inline void free_as(Kind kind, void* pointer, std::size_t size = kAnySize) noexcept {
  kHasKinds ? free_of_kind(pointer, kind, size) : free(pointer);
}

}  // namespace quintet::allocator::inline QT_MALLOC_LIBRARY
