// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstring>

// What the programs of this folder share: the functions that only our allocator has, as weak
// symbols that the preloaded library or the one linked in defines; and a count of failed rows.
//
// A program that runs without our allocator fails in its first row, so that a library which was not
// loaded is not mistaken for one that passes. Threading: any, but each line in one write.
extern "C" {
[[gnu::weak]] void* reallocf(void* pointer, std::size_t size);
[[gnu::weak]] int reallocarr(void* pointer, std::size_t count, std::size_t size);
[[gnu::weak]] std::size_t malloc_size(const void* pointer);
[[gnu::weak]] std::size_t malloc_good_size(std::size_t size);
[[gnu::weak]] void free_sized(void* pointer, std::size_t size);
[[gnu::weak]] void free_aligned_sized(void* pointer, std::size_t alignment, std::size_t size);
[[gnu::weak]] void cfree(void* pointer);
[[gnu::weak]] void vfree(void* pointer);
[[gnu::weak]] void* _aligned_malloc(std::size_t size, std::size_t alignment);
[[gnu::weak]] void* mallocx(std::size_t size, int flags);
[[gnu::weak]] void sdallocx(void* pointer, std::size_t size, int flags);
[[gnu::weak]] std::size_t nallocx(std::size_t size, int flags);
[[gnu::weak]] void* __libc_malloc(std::size_t size);
[[gnu::weak]] void* __libc_calloc(std::size_t count, std::size_t size);
[[gnu::weak]] void* __libc_realloc(void* pointer, std::size_t size);
[[gnu::weak]] void __libc_free(void* pointer);
[[gnu::weak]] void __libc_cfree(void* pointer);
[[gnu::weak]] void* __libc_memalign(std::size_t alignment, std::size_t size);
[[gnu::weak]] void* __libc_valloc(std::size_t size);
[[gnu::weak]] void* __libc_pvalloc(std::size_t size);
[[gnu::weak]] int __posix_memalign(void** pointer, std::size_t alignment, std::size_t size);
}

namespace check {

inline int failures = 0;

// Says what does not hold. Requires: a format of printf(3).
template <class... Values>
void expect(bool holds, const char* format, Values... values) {
  if (holds) return;
  char line[256];
  if constexpr (sizeof...(values) == 0) {
    std::snprintf(line, sizeof line, "%s", format);
  } else {
    std::snprintf(line, sizeof line, format, values...);
  }
  __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
  std::fprintf(stderr, "FAILED: %s\n", line);
}

// False: the allocator under test is not there, and nothing else needs to be tried.
[[nodiscard]] inline bool has_allocator() {
  const bool has = &reallocf != nullptr && &reallocarr != nullptr && &nallocx != nullptr &&
                   &malloc_good_size != nullptr;
  expect(has, "the program runs without quintet's malloc: set LD_PRELOAD to libquintet-malloc.so");
  return has;
}

// The compiler knows nothing about the value from here on.
template <class Value>
[[nodiscard]] Value opaque(Value value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

// Whether all bytes have that value.
[[nodiscard]] inline bool is_filled(const void* block, std::size_t size, unsigned char byte) {
  const auto* bytes = static_cast<const unsigned char*>(block);
  for (std::size_t i = 0; i < size; ++i) {
    if (bytes[i] != byte) return false;
  }
  return true;
}

}  // namespace check
