// SPDX-License-Identifier: MIT
#include "ironkv_cases/counted_new.hpp"

#include <cstdlib>
#include <new>

// Replaces the global operator new of the benchmark binary: every allocation is counted.
namespace {

std::uint64_t allocated = 0;  // the host is of one thread

void* allocate(std::size_t bytes) {
  ++allocated;
  void* block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

namespace quintet::bench::ironkv_cases {

std::uint64_t allocations() { return allocated; }

}  // namespace quintet::bench::ironkv_cases
