// SPDX-License-Identifier: MIT
#pragma once

#include "allocator/block_allocator.hpp"

// Blocks that change their size: in place where the block, or the free memory behind it, allows;
// by moving pages instead of bytes where there are many; else by a copy. Threading: allocator.hpp.
namespace quintet::allocator {

// Pages are moved instead of copied from this size on: below it the system call costs more.
inline constexpr std::uint64_t kMovedBytes = 256 * kKiB;

template <class Env>
bool BlockAllocator<Env>::resize_in_place(H& heap, void* pointer, std::size_t size) {
  const Found found = find(pointer);
  return found.is_block && resize_found(heap, found, size);
}

template <class Env>
bool BlockAllocator<Env>::resize_found(H& heap, const Found& found, std::size_t size) {
  const std::size_t usable = usable_size(found);
  // A block of which less than half would be used is too long.
  if (size <= usable && size >= usable / 2) return true;
  return found.size_class() == G::kLargeClass || bytes_of(found.size_class()) >= G::kUnit / 2
             ? resize_span(heap, found, size)
             : false;
}

// A block that has its span to itself: the span gets longer or shorter.
template <class Env>
bool BlockAllocator<Env>::resize_span(H& heap, const Found& found, std::size_t size) {
  Region<E>& region = *found.region;
  Slab<E>* const slab = region.slab(found.unit);
  const H* const owner = slab->owner();
  if (G::capacity(found.size_class()) > 1 || size > kMostBytes - G::kUnit) return false;
  if (owner == nullptr ? heap.is_direct() : owner != &heap) return false;
  // Shorter blocks are no spans any more.
  if (size < usable_size(found) && size <= G::kLargest) return false;
  const std::uint64_t units = region.span(found.unit)->units.load();
  const std::uint32_t size_class = std::min(H::class_for(size), G::kLastClass + 1);
  // A large object stays one: it may have been made for its alignment.
  const bool is_large = found.size_class() == G::kLargeClass || size_class > G::kLastClass;
  const std::uint64_t wish =
      is_large ? units_of<std::uint64_t>(size, E::kShape.unit_shift) : G::units(size_class);
  Arena<E>& arena = shared_.arena_of(region, found.unit);
  if (wish > units && !arena.expand(region, found.unit, units, wish)) return false;
  if (wish < units) {
    arena.shrink(shared_.os, shared_.regions, shared_.purge, region, found.unit, units, wish);
  }
  heap.see_region();
  heap.retype(slab, region, is_large ? G::kLargeClass : size_class, size);
  return true;
}

template <class Env>
std::byte* BlockAllocator<Env>::reallocate(H& heap, void* pointer, std::size_t size) {
  if (pointer == nullptr) return allocate(heap, size);
  const Found found = find(pointer);
  if (!found.is_block) {
    shared_.os.report(found.region == nullptr ? Misuse::kForeign : Misuse::kMisaligned, pointer);
    return nullptr;
  }
  if (size > kMostBytes) return nullptr;
  if (resize_found(heap, found, size)) return static_cast<std::byte*>(pointer);
  const std::size_t usable = usable_size(found);
  if (found.size_class() == G::kLargeClass && size > usable && usable >= kMovedBytes) {
    if (std::byte* const moved = move_pages(heap, found, size)) return moved;
  }
  // What grows, grows again.
  std::byte* block = size > usable && size > G::kUnit ? heap.allocate_growing(size) : nullptr;
  if (block == nullptr) block = allocate(heap, size);
  if (block == nullptr) return nullptr;
  std::memcpy(block, pointer, E::has(Fault::kShrunkCopy) ? usable : std::min(usable, size));
  free(heap, pointer);
  return block;
}

// Null: the system cannot, or there is no memory.
template <class Env>
std::byte* BlockAllocator<Env>::move_pages(H& heap, const Found& found, std::size_t size) {
  bool is_zero = false;
  const std::uint64_t units = units_of<std::uint64_t>(size, E::kShape.unit_shift);
  std::byte* const block = heap.allocate_large(size, 1, is_zero, units);
  if (block == nullptr) return nullptr;
  std::byte* const from = found.region->address(found.unit);
  const std::size_t bytes = usable_size(found);
  if (!shared_.os.move(from, block, bytes)) std::memcpy(block, from, bytes);
  free(heap, from);
  return block;
}

}  // namespace quintet::allocator
