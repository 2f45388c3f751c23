// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "allocator/block_allocator.hpp"
#include "allocator/walk.hpp"

// The allocator whose blocks a tool watches (tracking.hpp): of a block the program may touch the
// bytes that it asked for, and of all other memory that was ever a block, nothing.
//
// A block ends with a trailer, the last eight bytes that its class gives: the size asked for, and
// whether the block is in use. Free blocks wait in quarantine, so that who still uses one is found.
// Threading: allocator.hpp.
namespace quintet::allocator {

template <class Env>
class TrackedAllocator : public BlockAllocator<Env> {
 public:
  using Base = BlockAllocator<Env>;
  using G = typename Env::G;
  using H = typename Base::H;
  using T = typename Env::Tracker;
  using Found = typename Base::Found;
  using Base::kMostBytes;

  [[nodiscard]] std::byte* allocate(H& heap, std::size_t size) {
    if (size > kMostBytes - kTrailer) return nullptr;
    return give(Base::allocate(heap, padded(size)), size);
  }
  // Writes the zeros itself: memory that is closed must not be touched, also if it is zero.
  [[nodiscard]] std::byte* allocate_zeroed(H& heap, std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
    std::byte* const block = allocate(heap, bytes);
    if (block != nullptr) std::memset(block, 0, bytes);
    return block;
  }
  [[nodiscard]] std::byte* allocate_aligned(H& heap, std::size_t size, std::size_t alignment) {
    if (size > kMostBytes - kTrailer) return nullptr;
    return give(Base::allocate_aligned(heap, padded(size), alignment), size);
  }

  void free(H& heap, void* pointer) {
    if (pointer == nullptr) return;
    const Found found = Base::find(pointer);
    auto* const block = static_cast<std::byte*>(pointer);
    if (is_in_use(found, block)) take_back(heap, found, block);
  }

  [[nodiscard]] std::byte* reallocate(H& heap, void* pointer, std::size_t size) {
    if (pointer == nullptr) return allocate(heap, size);
    const Found found = Base::find(pointer);
    auto* const block = static_cast<std::byte*>(pointer);
    if (!is_in_use(found, block)) return nullptr;
    if (resize(found, block, size)) return block;
    std::byte* const moved = allocate(heap, size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, std::min(size_of(block, Base::usable_size(found)), size));
    take_back(heap, found, block);
    return moved;
  }
  [[nodiscard]] bool resize_in_place(H&, void* pointer, std::size_t size) {
    const Found found = Base::find(pointer);
    return found.is_block && resize(found, static_cast<std::byte*>(pointer), size);
  }

  // What was asked for.
  [[nodiscard]] std::size_t usable_size(const void* pointer) {
    const Found found = Base::find(pointer);
    if (!found.is_block) return 0;
    const std::size_t size =
        size_of(static_cast<const std::byte*>(pointer), Base::usable_size(found));
    return size == kNotInUse ? 0 : size;
  }
  [[nodiscard]] static std::size_t good_size(std::size_t size) {
    return size > kMostBytes - kTrailer ? 0 : size;
  }

  void destroy_heap(H* heap) {
    take_all(*heap);
    Base::destroy_heap(heap);
  }
  void reset_heap(H& heap) {
    take_all(heap);
    Base::reset_heap(heap);
  }
  // f(block, size) for each block in use: walk.hpp.
  template <class F>
  void for_each_in_use(H& heap, F f) {
    for_each_block(static_cast<Base&>(*this), heap, [&](std::byte* block, std::uint64_t bytes) {
      if (const std::size_t size = size_of(block, bytes); size != kNotInUse) f(block, size);
    });
  }

 private:
  static constexpr std::size_t kTrailer = sizeof(std::uint64_t);
  static constexpr std::size_t kNotInUse = std::numeric_limits<std::size_t>::max();
  // The trailer's upper sixteen bits; no size has any of them.
  static constexpr std::uint64_t kInUse = std::uint64_t{0x5AFE} << 48;
  static constexpr std::uint64_t kFree = std::uint64_t{0xF4EE} << 48;
  static constexpr std::uint64_t kMark = std::uint64_t{0xFFFF} << 48;

  // A free block has a link and a trailer.
  [[nodiscard]] static std::size_t padded(std::size_t size) {
    return std::max(size, sizeof(void*)) + kTrailer;
  }
  [[nodiscard]] static std::uint64_t trailer(const std::byte* block, std::uint64_t bytes) {
    const std::byte* const at = block + bytes - kTrailer;
    const Opened<T> opened(at, kTrailer);
    std::uint64_t word = 0;
    std::memcpy(&word, at, kTrailer);
    return word;
  }
  static void set_trailer(std::byte* block, std::uint64_t bytes, std::uint64_t word) {
    std::byte* const at = block + bytes - kTrailer;
    const Opened<T> opened(at, kTrailer);
    std::memcpy(at, &word, kTrailer);
  }
  // Of a block of `bytes`, what was asked for.
  [[nodiscard]] static std::size_t size_of(const std::byte* block, std::uint64_t bytes) {
    const std::uint64_t word = trailer(block, bytes);
    return (word & kMark) == kInUse ? word & ~kMark : kNotInUse;
  }

  std::byte* give(std::byte* block, std::size_t size) {
    if (block == nullptr) return nullptr;
    const std::uint64_t bytes = Base::usable_size(Base::find(block));
    const std::size_t whole = size / 8 * 8;  // what tools are exact about begins at such bytes
    T::close(block + whole, bytes - whole);
    set_trailer(block, bytes, kInUse | size);
    T::give(block, size);
    return block;
  }

  // Reports what is none.
  [[nodiscard]] bool is_in_use(const Found& found, std::byte* block) {
    Misuse misuse = Misuse::kForeign;
    if (found.is_block) {
      const std::uint64_t mark = trailer(block, Base::usable_size(found)) & kMark;
      if (mark == kInUse) return true;
      misuse = mark == kFree ? Misuse::kDoubleFree : Misuse::kMisaligned;
    } else if (found.region != nullptr) {
      misuse = Misuse::kMisaligned;
    }
    T::refuse(block);
    Base::os().report(misuse, block);
    return false;
  }

  void take(std::byte* block, std::uint64_t bytes, std::size_t size) {
    set_trailer(block, bytes, kFree | size);
    T::take(block, size);
  }
  void take_back(H& heap, const Found& found, std::byte* block) {
    const std::uint64_t bytes = Base::usable_size(found);
    take(block, bytes, size_of(block, bytes));
    if (found.size_class() != G::kLargeClass && (found.word ^ heap.tag()) < kClasses) {
      auto& quarantine = heap.quarantine();
      for (auto kept = quarantine.make_room(found.size_class()); kept.block != nullptr;
           kept = quarantine.make_room(found.size_class())) {
        heap.free_own(kept.block, kept.size_class);
      }
      return quarantine.put(block, found.size_class());
    }
    Base::free(heap, block);
  }
  void take_all(H& heap) {
    for_each_block(static_cast<Base&>(*this), heap, [&](std::byte* block, std::uint64_t bytes) {
      if (const std::size_t size = size_of(block, bytes); size != kNotInUse) {
        take(block, bytes, size);
      }
    });
  }

  [[nodiscard]] bool resize(const Found& found, std::byte* block, std::size_t size) {
    const std::uint64_t bytes = Base::usable_size(found);
    const std::size_t old = size_of(block, bytes);
    if (old == kNotInUse || size > bytes - kTrailer || size < bytes / 2) return false;
    set_trailer(block, bytes, kInUse | size);
    T::resize(block, old, size);
    return true;
  }
};

}  // namespace quintet::allocator
