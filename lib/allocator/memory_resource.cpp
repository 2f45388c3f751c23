// SPDX-License-Identifier: MIT
#include "allocator/memory_resource.hpp"

#include <cstddef>
#include <new>

namespace quintet::allocator {
namespace {

void* or_throw(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* ProcessResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  return or_throw(alignment <= 8 ? quintet::allocator::allocate(bytes)
                                 : allocate_aligned(bytes, alignment));
}
void ProcessResource::do_deallocate(void* pointer, std::size_t, std::size_t) {
  quintet::allocator::free(pointer);
}
bool ProcessResource::do_is_equal(const memory_resource& other) const noexcept {
  return dynamic_cast<const ProcessResource*>(&other) != nullptr;
}

void* HeapResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  return or_throw(heap_->allocate(bytes, alignment));
}
void HeapResource::do_deallocate(void* pointer, std::size_t, std::size_t) {
  heap_->deallocate(pointer);
}
bool HeapResource::do_is_equal(const memory_resource& other) const noexcept {
  const auto* const same = dynamic_cast<const HeapResource*>(&other);
  return same != nullptr && same->heap_ == heap_;
}

}  // namespace quintet::allocator
