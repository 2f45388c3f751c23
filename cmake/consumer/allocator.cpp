// SPDX-License-Identifier: MIT
// Uses an installed allocator as its README shows it, beside the program's own malloc; or, linked
// with quintet::malloc, as that.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory_resource>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/memory_resource.hpp"
#include "allocator/mmap_memory.hpp"
#include "allocator/process.hpp"

namespace {

using namespace quintet;

bool blocks_of_the_process() {
  void* block = allocator::allocate(100);
  block = allocator::reallocate(block, 5000);
  void* aligned = allocator::allocate_aligned(100, 4096);
  const bool all = allocator::owns(block) && allocator::owns(aligned) &&
                   reinterpret_cast<std::size_t>(aligned) % 4096 == 0;
  allocator::free(block, 5000);
  allocator::free(aligned);
  return all;
}

bool heaps_and_resources() {
  allocator::OwnedHeap heap;
  allocator::HeapResource resource(heap);
  std::pmr::vector<int> numbers(1000, 7, &resource);
  std::vector<int, allocator::StdAllocator<int>> others(1000, 7);
  allocator::ProcessResource process;
  std::pmr::vector<int> more(1000, 7, &process);
  heap.deallocate(heap.allocate(100));
  std::size_t bytes = 0;
  heap.for_each_block([&](std::byte*, std::size_t size) { bytes += size; });
  return bytes >= 4000 && allocator::owns(others.data()) && allocator::owns(more.data());
}

bool the_core() {
  allocator::Allocator<allocator::MmapMemory, StdAtomics> mine;
  auto* own = mine.attach();
  if (own == nullptr) return false;
  void* block = mine.allocate(*own, 100);
  const bool has = block != nullptr && mine.owns(block) && !allocator::owns(block);
  mine.free(*own, block);
  mine.detach(own);
  return has;
}

}  // namespace

int main() {
  if (!blocks_of_the_process() || !heaps_and_resources() || !the_core()) return 1;
  void* block = std::malloc(100);
  std::printf("consumer: malloc is %s\n", allocator::owns(block) ? "quintet's" : "another");
  std::free(block);
  return 0;
}
