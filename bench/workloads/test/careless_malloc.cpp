// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>

// A library for LD_PRELOAD that is a bad allocator: of every 997th block of a thread, once there
// have been a thousand, it changes the first byte when the thread allocates the next one, as if two
// blocks overlapped. A workload that reads back what it wrote must notice.
extern "C" {
void* __libc_malloc(std::size_t size);                      // NOLINT
void* __libc_calloc(std::size_t number, std::size_t size);  // NOLINT
void __libc_free(void* block);                              // NOLINT
}

namespace {

constexpr std::uint64_t kFirst = 1000;
constexpr std::uint64_t kPeriod = 997;

thread_local unsigned char* newest = nullptr;  // until it is freed
thread_local std::uint64_t allocated = 0;

void* note(void* block) {
  ++allocated;
  if (newest != nullptr && allocated > kFirst && allocated % kPeriod == 0) newest[0] ^= 0x55U;
  newest = static_cast<unsigned char*>(block);
  return block;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) { return note(__libc_malloc(size)); }
void* calloc(std::size_t number, std::size_t size) { return note(__libc_calloc(number, size)); }
void free(void* block) {
  if (block == newest) newest = nullptr;
  __libc_free(block);
}
}
