// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <memory_resource>
#include <new>
#include <utility>

#include "allocator/process.hpp"
#include "allocator/walk.hpp"

// The process's allocator behind the interfaces of the standard library, and heaps that are freed
// all at once.
//
//   quintet::allocator::OwnedHeap heap;
//   quintet::allocator::HeapResource resource(heap);
//   std::pmr::vector<int> numbers(&resource);          // gone with the heap, if not before
//
// They throw std::bad_alloc where the standard says so. Threading: ProcessResource and StdAllocator
// any; an OwnedHeap is used by one thread at a time, and any thread may free its blocks.
namespace quintet::allocator {

// A first-class heap. Destroying it frees all its blocks, in use or not.
class OwnedHeap {
 public:
  // Throws std::bad_alloc if there is no memory for one.
  OwnedHeap() : heap_(process_allocator.create_heap()) {
    if (heap_ == nullptr) throw std::bad_alloc();
  }
  OwnedHeap(OwnedHeap&& other) noexcept : heap_(std::exchange(other.heap_, nullptr)) {}
  OwnedHeap& operator=(OwnedHeap&& other) noexcept {
    std::swap(heap_, other.heap_);
    return *this;
  }
  ~OwnedHeap() {
    if (heap_ != nullptr) process_allocator.destroy_heap(heap_);
  }

  // Null: no memory.
  [[nodiscard]] void* allocate(std::size_t size) noexcept {
    return process_allocator.allocate(*heap_, size);
  }
  [[nodiscard]] void* allocate(std::size_t size, std::size_t alignment) noexcept {
    return process_allocator.allocate_aligned(*heap_, size, alignment);
  }
  void deallocate(void* pointer) noexcept { process_allocator.free(*heap_, pointer); }
  // Frees all blocks, and the heap goes on.
  void reset() noexcept { process_allocator.reset_heap(*heap_); }
  // Gives back what is free.
  void collect() noexcept { heap_->collect(); }
  // f(block, usable bytes) for each block in use, while no other thread frees any.
  template <class F>
  void for_each_block(F f) {
    quintet::allocator::for_each_block(process_allocator, *heap_, f);
  }

 private:
  ProcessHeap* heap_;
};

class ProcessResource final : public std::pmr::memory_resource {
 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* pointer, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override;
};

class HeapResource final : public std::pmr::memory_resource {
 public:
  // Requires: `heap` lives longer.
  explicit HeapResource(OwnedHeap& heap) : heap_(&heap) {}

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* pointer, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override;

  OwnedHeap* heap_;
};

// For containers: StdAllocator<int>. Stateless: all are equal.
template <class T>
struct StdAllocator {
  using value_type = T;

  StdAllocator() = default;
  template <class U>
  StdAllocator(const StdAllocator<U>&) {}  // NOLINT(google-explicit-constructor): a conversion

  // Throws std::bad_array_new_length if n objects do not fit the address space.
  [[nodiscard]] T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
    void* const block = alignof(T) <= 16 ? quintet::allocator::allocate(n * sizeof(T))
                                         : allocate_aligned(n * sizeof(T), alignof(T));
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<T*>(block);
  }
  void deallocate(T* pointer, std::size_t) noexcept { quintet::allocator::free(pointer); }

  template <class U>
  bool operator==(const StdAllocator<U>&) const {
    return true;
  }
};

}  // namespace quintet::allocator
