// SPDX-License-Identifier: MIT
// What asan_test.sh judges: a program with AddressSanitizer and the allocator in it. asan_cases
// CASE does one thing wrong, or with `correct` nothing.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "allocator/memory_resource.hpp"

namespace {

using quintet::allocator::HeapResource;
using quintet::allocator::OwnedHeap;
using quintet::allocator::ProcessResource;
namespace ours = quintet::allocator;

[[gnu::noinline]] void write(void* block, std::size_t offset) {
  static_cast<volatile char*>(block)[offset] = 1;
}
void* made(std::size_t size) {
  void* const block = ours::allocate(size);
  std::memset(block, 1, size);
  return block;
}

void write_after_free_of_resource() {
  OwnedHeap heap;
  HeapResource resource(heap);
  void* const block = resource.allocate(100, 8);
  resource.deallocate(block, 100, 8);
  write(block, 0);
}
void write_after_free_of_process() {
  ProcessResource resource;
  void* const block = resource.allocate(100, 8);
  resource.deallocate(block, 100, 8);
  for (int i = 0; i < 100; ++i) made(100);
  write(block, 99);
}
void write_after_reallocation() {
  OwnedHeap heap;
  HeapResource resource(heap);
  std::pmr::vector<char> bytes(100, 'x', &resource);
  char* const first = bytes.data();
  bytes.resize(5000);
  write(first, 50);
}
void write_large_after_free() {
  void* const block = made(3 << 20);
  ours::free(block);
  write(block, 2 << 20);
}
void write_after_reset() {
  OwnedHeap heap;
  void* const block = heap.allocate(100);
  heap.reset();
  write(block, 0);
}
void write_after_heap() {
  void* block = nullptr;
  {
    OwnedHeap heap;
    block = heap.allocate(3 << 20);
  }
  write(block, 70'000);
}
void write_behind() {
  OwnedHeap heap;
  write(heap.allocate(99), 99);
}
void write_behind_shrunk() {
  void* const block = ours::reallocate(made(100), 85);
  write(block, 85);
}
void free_twice() {
  void* const block = made(100);
  ours::free(block);
  ours::free(block);
}

void use_sizes(OwnedHeap& heap) {
  std::vector<void*> blocks;
  for (std::size_t size = 1; size < (std::size_t{4} << 20); size += size / 3 + 1) {
    blocks.push_back(ours::reallocate(made(size), 2 * size));
    std::memset(blocks.back(), 2, ours::usable_size(blocks.back()));
    blocks.push_back(heap.allocate(size, 256));
    std::memset(blocks.back(), 3, size);
    blocks.push_back(ours::allocate_zeroed(3, size));
    for (std::size_t i = 0; i < 3 * size; i += size) {
      if (static_cast<char*>(blocks.back())[i] != 0) std::abort();
    }
    std::thread([&] { ours::free(std::exchange(blocks[blocks.size() / 2], nullptr)); }).join();
  }
  std::size_t bytes = 0;
  heap.for_each_block([&](std::byte* block, std::uint64_t size) {
    std::memset(block, 4, size);
    bytes += size;
  });
  if (bytes == 0) std::abort();
  for (void* const block : blocks) ours::free(block);
  heap.collect();
  ours::collect(true);
}
void correct() {
  OwnedHeap heap;
  HeapResource resource(heap);
  use_sizes(heap);
  {
    std::pmr::map<int, std::string> names(&resource);
    for (int i = 0; i < 3000; ++i) names[i % 701] = std::string(static_cast<std::size_t>(i), 'x');
  }
  heap.reset();
  // Pointed to from a block of ours alone, which LeakSanitizer must look into.
  static auto* const kept = static_cast<std::string*>(made(sizeof(std::string)));
  new (kept) std::string(1000, 'y');
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr std::array<Case, 10> kCases{{
    {"correct", correct},
    {"write_after_free_of_resource", write_after_free_of_resource},
    {"write_after_free_of_process", write_after_free_of_process},
    {"write_after_reallocation", write_after_reallocation},
    {"write_large_after_free", write_large_after_free},
    {"write_after_reset", write_after_reset},
    {"write_after_heap", write_after_heap},
    {"write_behind", write_behind},
    {"write_behind_shrunk", write_behind_shrunk},
    {"free_twice", free_twice},
}};

}  // namespace

int main(int count, char** arguments) {
  const char* const name = count == 2 ? arguments[1] : "";
  for (const Case& one : kCases) {
    if (std::strcmp(one.name, name) != 0) continue;
    one.run();
    std::puts("went on");
    return 0;
  }
  std::fprintf(stderr, "asan_cases: no case '%s': use one of", name);
  for (const Case& one : kCases) std::fprintf(stderr, " %s", one.name);
  std::fprintf(stderr, "\n");
  return 2;
}
