// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "allocator/heap_pool.hpp"

// The allocator without guards: blocks by class, large objects, and the way from a pointer to its
// block. allocator.hpp has the contract; guarded_allocator.hpp puts guards around this.
// Threading: allocator.hpp.
namespace quintet::allocator {

template <class Env>
class BlockAllocator {
 public:
  using E = Env;
  using Os = typename E::Os;
  using G = typename E::G;
  using H = allocator::Heap<E>;
  static constexpr std::size_t kMostBytes = std::numeric_limits<std::ptrdiff_t>::max();

  constexpr BlockAllocator() = default;
  BlockAllocator(const BlockAllocator&) = delete;
  BlockAllocator& operator=(const BlockAllocator&) = delete;

  [[nodiscard]] Os& os() { return shared_.os; }
  [[nodiscard]] Shared<E>& shared() { return shared_; }
  [[nodiscard]] HeapPool<E>& pool() { return pool_; }

  // A heap for this thread. Null: no memory.
  [[nodiscard]] H* attach() { return pool_.take(shared_); }
  // Requires: this thread does not use it again.
  void detach(H* heap) { pool_.put(heap); }

  // A heap whose blocks can all be freed at once. Null: no memory.
  [[nodiscard]] H* create_heap() { return pool_.create(shared_); }
  // Frees all its blocks. Requires: nobody uses them, or frees them from now on.
  void destroy_heap(H* heap) { pool_.destroy(heap); }
  // The same, and the heap goes on.
  void reset_heap(H& heap) { heap.release_all(); }

  // At least `size` bytes, also for 0; O(1) but for new slabs. Null: no memory.
  [[nodiscard]] std::byte* allocate(H& heap, std::size_t size) {
    const std::uint32_t size_class = H::class_for(size);
    if (size_class > G::kLastClass) [[unlikely]]
      return allocate_large(heap, size);
    if (std::byte* const block = heap.allocate_at_hand(size_class)) [[likely]]
      return block;
    return allocate_anew(heap, size_class);
  }

  // count * size bytes, all zero. Null also if the product does not fit.
  [[nodiscard]] std::byte* allocate_zeroed(H& heap, std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) && !E::has(Fault::kOverflowIgnored)) {
      return nullptr;
    }
    bool is_zero = false;
    std::byte* const block =
        bytes > G::kLargest ? allocate_large(heap, bytes, 1, is_zero) : allocate(heap, bytes);
    if (block != nullptr && !is_zero && !E::has(Fault::kZeroForgotten)) {
      std::memset(block, 0, bytes);
    }
    return block;
  }

  // At a multiple of `alignment`. Requires: that is a power of two.
  [[nodiscard]] std::byte* allocate_aligned(H& heap, std::size_t size, std::size_t alignment) {
    if (alignment > kMostBytes || size > kMostBytes - alignment) return nullptr;
    const std::size_t bytes = align_up<std::size_t>(std::max<std::size_t>(size, 1), alignment);
    if (alignment <= G::kUnit && bytes <= G::kLargest) {
      // Blocks of the class of a multiple of a power of two are multiples of it: proved.
      return allocate_class(heap,
                            H::class_for(E::has(Fault::kAlignmentOfSize) ? bytes / 2 : bytes));
    }
    bool is_zero = false;
    return allocate_large(heap, size, alignment, is_zero);
  }

  // Null is fine. What is no block is reported to the world, and left alone.
  void free(H& heap, void* pointer) {
    if (!heap.free_at_hand(pointer)) [[unlikely]]
      free_elsewhere(heap, pointer);
  }

  // A block of at least `size` bytes with the contents of the old one, which is freed; for null a
  // new one. Null: no memory, or no block of ours; the old block is as it was.
  [[nodiscard]] std::byte* reallocate(H& heap, void* pointer, std::size_t size);
  // The same without moving: false if that cannot be done, and nothing is changed.
  [[nodiscard]] bool resize_in_place(H& heap, void* pointer, std::size_t size);

  // Bytes that may be used of a block; 0 for null and for what is no block.
  [[nodiscard]] std::size_t usable_size(const void* pointer) {
    const Found found = find(pointer);
    return found.is_block ? usable_size(found) : 0;
  }
  [[nodiscard]] bool owns(const void* pointer) { return find(pointer).is_block; }
  // Usable bytes of a block for `size`; 0 if there are none so large.
  [[nodiscard]] static std::size_t good_size(std::size_t size) {
    const std::uint32_t size_class = H::class_for(size);
    if (size_class <= G::kLastClass) return block_bytes<std::uint64_t>(size_class);
    return size > kMostBytes ? 0 : align_up<std::size_t>(size, G::kPage);
  }

  // Blocks have no kinds here: guarded_allocator.hpp.
  static void set_kind(const void*, BlockState) {}
  void free_as(H& heap, void* pointer, BlockState, std::size_t) { free(heap, pointer); }
  // Nor are any sampled.
  static void sample_one_in(std::uint32_t) {}

  // Brings what this heap has at hand back, and gives memory back to the system: what the policy
  // would, or with `all` everything that is free, also of heaps that wait for a thread.
  void collect(H& heap, bool all) {
    heap.collect();
    if (all) pool_.collect();
    if constexpr (E::kSamples) {
      if (all) shared_.guard_pages.leave_rest(shared_, 0);
    }
    shared_.trim(all);
  }

  // For fork(2): nobody is within the allocator's locks from lock_all() to unlock_all().
  void lock_all() {
    pool_.lock().lock();
    if constexpr (E::kSamples) shared_.guard_pages.lock().lock();
    for (auto& arena : shared_.arenas) arena.lock().lock();
    shared_.regions.lock().lock();
  }
  void unlock_all() {
    shared_.regions.lock().unlock();
    for (auto& arena : shared_.arenas) arena.lock().unlock();
    if constexpr (E::kSamples) shared_.guard_pages.lock().unlock();
    pool_.lock().unlock();
  }

  // What an address is to us.
  struct Found {
    Region<E>* region = nullptr;
    std::uint64_t unit = 0;
    std::uint32_t word = 0;
    bool is_block = false;
    [[nodiscard]] std::uint32_t size_class() const { return word % kClasses; }
  };
  [[nodiscard]] Found find(const void* pointer) {
    Found found{.region = shared_.regions.find(pointer)};
    if (found.region == nullptr) return found;
    found.unit = found.region->index(pointer);
    if (found.unit < found.region->first()) return {};
    found.word = found.region->map()[found.unit].load(std::memory_order_relaxed);
    const auto offset = static_cast<std::uint32_t>(unit_offset<std::uintptr_t>(
        reinterpret_cast<std::uintptr_t>(pointer), E::kShape.unit_shift));
    const BlockFacts& facts = kBlockFacts<E::kShape>[found.size_class()];
    found.is_block = is_block_offset<std::uint32_t>(offset, facts.last, facts.magic);
    if constexpr (E::kSamples) {
      if (found.size_class() == G::kSampledClass) {
        found.is_block = offset == found.region->slab(found.unit)->sampled_offset();
      }
    }
    return found;
  }

  // What is left of a block for its user: all of it. Requires: found.is_block; it is not sampled.
  [[nodiscard]] std::size_t usable_size(const Found& found) const {
    if (found.size_class() != G::kLargeClass) return bytes_of(found.size_class());
    return found.region->slab(found.unit)->pages.load() * G::kPage;
  }

 private:
  [[nodiscard]] static std::uint64_t bytes_of(std::uint32_t size_class) {
    return kBlockFacts<E::kShape>[size_class].bytes;
  }

  [[nodiscard]] std::byte* allocate_class(H& heap, std::uint32_t size_class) {
    if (std::byte* const block = heap.allocate_at_hand(size_class)) [[likely]]
      return block;
    return allocate_anew(heap, size_class);
  }
  [[nodiscard, gnu::noinline]] std::byte* allocate_anew(H& heap, std::uint32_t size_class) {
    std::byte* block = heap.allocate_anew(size_class);
    if (block == nullptr) {
      // What others have left may be enough.
      collect(heap, true);
      block = heap.allocate_anew(size_class);
    }
    return block;
  }
  [[nodiscard]] std::byte* allocate_large(H& heap, std::size_t size) {
    bool is_zero = false;
    return allocate_large(heap, size, 1, is_zero);
  }
  [[nodiscard, gnu::noinline]] std::byte* allocate_large(H& heap, std::size_t size,
                                                         std::size_t alignment, bool& is_zero) {
    if (size > kMostBytes - G::kUnit) return nullptr;
    const std::size_t bytes = std::max<std::size_t>(size, 1);
    std::byte* block = heap.allocate_large(bytes, alignment, is_zero);
    if (block == nullptr) {
      collect(heap, true);
      block = heap.allocate_large(bytes, alignment, is_zero);
    }
    return block;
  }

  [[gnu::noinline]] void free_elsewhere(H& heap, void* pointer) {
    if (pointer == nullptr) return;
    const Found found = find(pointer);
    if (!found.is_block) {
      shared_.os.report(found.region == nullptr ? Misuse::kForeign : Misuse::kMisaligned, pointer);
      return;
    }
    auto* const block = static_cast<std::byte*>(pointer);
    if ((found.word ^ heap.tag()) < kClasses && found.size_class() != G::kLargeClass) {
      heap.see_region();
      heap.free_own(block, found.size_class());
    } else {
      heap.free_other(block, found.word, *found.region);
      if (heap.tells_often()) pool_.scavenge();
    }
  }

  [[nodiscard]] bool resize_found(H& heap, const Found& found, std::size_t size);
  [[nodiscard]] bool resize_span(H& heap, const Found& found, std::size_t size);
  [[nodiscard]] std::byte* move_pages(H& heap, const Found& found, std::size_t size);

  Shared<E> shared_;
  HeapPool<E> pool_;
};

}  // namespace quintet::allocator

#include "allocator/reallocate.hpp"  // IWYU pragma: keep
