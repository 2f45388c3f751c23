// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// A library for LD_PRELOAD that counts what a program asks of glibc's allocator, and writes it as
// lines of `key value` to the file QT_TRACE_FILE names when the process ends:
//   mallocs      blocks of malloc, calloc, memalign and its like, and of a realloc of nothing
//   memaligns    those of `mallocs` that asked for an alignment
//   reallocs     of a block
//   frees        of a block
//   bytes        that were asked for with `mallocs`
//   upto_<n>     how many of `mallocs` were of at most n bytes, for powers of two from 4 to 2^24
//   live_now, live_peak   bytes in use, by malloc_usable_size()
// Any thread; the counters are atomic, and the peak is that of their sum.
namespace {

constexpr unsigned kClasses = 25;

std::atomic<std::uint64_t> memaligns;
std::atomic<std::uint64_t> reallocs;
std::atomic<std::uint64_t> frees;
std::atomic<std::uint64_t> bytes;
std::array<std::atomic<std::uint64_t>, kClasses + 1> classes;
std::atomic<std::uint64_t> live_now;
std::atomic<std::uint64_t> live_peak;

constexpr auto kRelaxed = std::memory_order_relaxed;

unsigned class_of(std::size_t size) {
  unsigned number = 0;
  while (number < kClasses && size > std::size_t{1} << number) ++number;
  return number;
}

void grow(std::uint64_t usable) {
  const std::uint64_t now = live_now.fetch_add(usable, kRelaxed) + usable;
  std::uint64_t peak = live_peak.load(kRelaxed);
  while (now > peak && !live_peak.compare_exchange_weak(peak, now, kRelaxed)) {
  }
}

void* count(void* block, std::size_t size) {
  if (block == nullptr) return block;
  bytes.fetch_add(size, kRelaxed);
  classes[class_of(size)].fetch_add(1, kRelaxed);
  grow(malloc_usable_size(block));
  return block;
}

__attribute__((destructor)) void write_trace() {
  const char* const name = std::getenv("QT_TRACE_FILE");
  if (name == nullptr) return;
  const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  const std::uint64_t now = live_now.load(kRelaxed);
  std::array<std::uint64_t, kClasses + 1> upto{};
  std::uint64_t mallocs = 0;
  for (unsigned i = 0; i <= kClasses; ++i) upto.at(i) = mallocs += classes.at(i).load(kRelaxed);
  dprintf(file, "mallocs %ju\nmemaligns %ju\nreallocs %ju\nfrees %ju\nbytes %ju\n",
          static_cast<std::uintmax_t>(mallocs),
          static_cast<std::uintmax_t>(memaligns.load(kRelaxed)),
          static_cast<std::uintmax_t>(reallocs.load(kRelaxed)),
          static_cast<std::uintmax_t>(frees.load(kRelaxed)),
          static_cast<std::uintmax_t>(bytes.load(kRelaxed)));
  for (unsigned i = 2; i < kClasses; ++i) {
    dprintf(file, "upto_%zu %ju\n", std::size_t{1} << i, static_cast<std::uintmax_t>(upto.at(i)));
  }
  dprintf(file, "live_now %ju\nlive_peak %ju\n", static_cast<std::uintmax_t>(now),
          static_cast<std::uintmax_t>(live_peak.load(kRelaxed)));
  close(file);
}

}  // namespace

// The allocator itself, under the names that glibc keeps for it.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* block, std::size_t size);             // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT
void __libc_free(void* block);                                   // NOLINT

void* malloc(std::size_t size) { return count(__libc_malloc(size), size); }

void* calloc(std::size_t number, std::size_t size) {
  return count(__libc_calloc(number, size), number * size);
}

void free(void* block) {
  if (block == nullptr) return;
  frees.fetch_add(1, kRelaxed);
  live_now.fetch_sub(malloc_usable_size(block), kRelaxed);
  __libc_free(block);
}

void* realloc(void* block, std::size_t size) {
  if (block == nullptr) return malloc(size);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  const std::size_t before = malloc_usable_size(block);
  void* const moved = __libc_realloc(block, size);
  if (moved == nullptr) return nullptr;
  reallocs.fetch_add(1, kRelaxed);
  live_now.fetch_sub(before, kRelaxed);
  grow(malloc_usable_size(moved));
  return moved;
}

void* memalign(std::size_t alignment, std::size_t size) {
  memaligns.fetch_add(1, kRelaxed);
  return count(__libc_memalign(alignment, size), size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
    return EINVAL;
  }
  void* const found = memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}
}
