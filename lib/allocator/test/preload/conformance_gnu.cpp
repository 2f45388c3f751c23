// SPDX-License-Identifier: MIT
// Rows of the GNU C library and of others: the older aligned functions, other names for the same,
// what the allocator says about itself, and that the C library's own blocks are ours.
#include <unistd.h>

#include <bit>

#include "allocator/test/preload/conformance.hpp"

using check::expect;
using check::expect_refused;
using check::is_ours;
using check::opaque;

namespace {

constexpr std::size_t kPage = 4096;

bool is_aligned(const void* block, std::size_t alignment) {
  return block != nullptr && reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

void check_memalign() {
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX - 4095, check::kMost + 1}) {
    expect_refused("memalign(64, too much)", ENOMEM, [&] { return memalign(64, opaque(size)); });
    expect_refused("memalign(4096, too much)", ENOMEM,
                   [&] { return memalign(4096, opaque(size)); });
    expect_refused("valloc(too much)", ENOMEM, [&] { return valloc(opaque(size)); });
    expect_refused("pvalloc(too much)", ENOMEM, [&] { return pvalloc(opaque(size)); });
  }
  for (const std::size_t alignment : {0U, 3U, 24U, 48U, 4095U, 4097U, 100'000U}) {
    void* const block = memalign(opaque(alignment), 100);
    expect(is_aligned(block, std::bit_ceil(alignment)),
           "memalign(%zu, 100) is not aligned to the next power of two", alignment);
    std::free(block);
  }
  expect_refused("memalign(2^63 + 1, 8)", EINVAL,
                 [] { return memalign(opaque(check::kMost + 2), 8); });
  for (std::size_t alignment = 1; alignment <= (1 << 24); alignment *= 2) {
    void* const block = memalign(alignment, 100);
    expect(is_aligned(block, alignment), "memalign(%zu, 100) is not aligned", alignment);
    std::free(block);
  }
  for (const std::size_t size : {0U, 1U, 4096U, 4097U, 100'000U}) {
    void* blocks[6];
    for (std::size_t i = 0; i < 6; ++i) {
      blocks[i] = i % 2 == 0 ? valloc(size) : pvalloc(size);
      expect(is_aligned(blocks[i], kPage), "%s(%zu) is not aligned to pages",
             i % 2 == 0 ? "valloc" : "pvalloc", size);
      const std::size_t whole = i % 2 == 0 ? size : (size + kPage - 1) / kPage * kPage;
      expect(malloc_usable_size(blocks[i]) >= whole, "%s(%zu) is too short",
             i % 2 == 0 ? "valloc" : "pvalloc", size);
    }
    for (void* const block : blocks) std::free(block);
  }
}

void check_other_names() {
  void* const sized = _aligned_malloc(100, 256);
  expect(is_aligned(sized, 256), "_aligned_malloc(100, 256) is not aligned");
  expect_refused("_aligned_malloc(8, 3)", EINVAL, [] { return _aligned_malloc(8, 3); });
  cfree(sized);
  vfree(valloc(10));
  void* block = nullptr;
  void* const zeroed = mallocx(1000, 6 | 64);  // 2^6 bytes, zero
  expect(is_aligned(zeroed, 64) && check::is_filled(zeroed, 1000, 0),
         "mallocx(1000, 64 bytes aligned, zero) is not");
  sdallocx(zeroed, 1000, 6);
  for (const int alignment : {0, 3, 6, 12, 20}) {
    for (const std::size_t size : {1U, 1000U, 5000U, 100'000U, 3'000'000U}) {
      block = mallocx(size, alignment);
      expect(nallocx(size, alignment) >= malloc_usable_size(block),
             "nallocx(%zu, 2^%d bytes aligned) is less than the block has", size, alignment);
      sdallocx(block, size, alignment);
    }
  }
  expect(nallocx(opaque(SIZE_MAX), 6) == 0, "nallocx(too much) is not 0");
  expect(nallocx(opaque(check::kMost + 1), 0) == 0, "nallocx(2^63) is not 0");
  block = std::malloc(100);
  expect(malloc_size(block) == malloc_usable_size(block), "malloc_size is not the usable size");
  std::free(block);
}

// Programs that take the C library's own names get ours.
void check_libc_names() {
  void* block = __libc_malloc(100);
  expect(is_ours(block), "__libc_malloc is not ours");
  block = __libc_realloc(block, 1000);
  expect(malloc_usable_size(block) >= 1000, "__libc_realloc is not ours");
  __libc_free(block);
  block = __libc_calloc(10, 10);
  expect(is_ours(block) && check::is_filled(block, 100, 0), "__libc_calloc is not ours");
  __libc_cfree(block);
  block = __libc_memalign(128, 10);
  expect(is_ours(block) && is_aligned(block, 128), "__libc_memalign is not ours");
  std::free(block);
  block = __libc_valloc(10);
  expect(is_ours(block) && is_aligned(block, kPage), "__libc_valloc is not ours");
  std::free(block);
  block = __libc_pvalloc(10);
  expect(is_ours(block) && malloc_usable_size(block) >= kPage, "__libc_pvalloc is not ours");
  std::free(block);
  expect(__posix_memalign(&block, 64, 10) == 0 && is_ours(block), "__posix_memalign is not ours");
  std::free(block);
}

void check_libc_blocks() {
  char* text = strdup("a text");
  expect(is_ours(text), "strdup does not use our malloc");
  std::free(text);
  text = strndup("a text", 3);
  expect(is_ours(text), "strndup does not use our malloc");
  std::free(text);
  text = realpath("/", nullptr);
  expect(is_ours(text), "realpath does not use our malloc");
  std::free(text);
  char* line = nullptr;
  expect(asprintf(&line, "%d", 5) == 1 && is_ours(line), "asprintf does not use our malloc");
  std::free(line);
}

void check_numbers() {
  constexpr std::size_t kBytes = 64 << 20;
  const struct mallinfo2 before = mallinfo2();
  void* const block = std::malloc(kBytes);
  const struct mallinfo2 during = mallinfo2();
  expect(during.uordblks >= before.uordblks + kBytes, "mallinfo2: 64 MiB more are not in uordblks");
  expect(during.arena >= during.uordblks, "mallinfo2: arena is less than uordblks");
  expect(static_cast<std::size_t>(mallinfo().uordblks) == during.uordblks,
         "mallinfo and mallinfo2 differ");
  std::free(block);
  expect(mallinfo2().uordblks < during.uordblks - kBytes / 2, "mallinfo2: a freed block stays");
  expect(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1, "mallopt is not 1");
}

void check_trim() {
  malloc_trim(0);
  void* const block = std::malloc(20 << 20);
  std::memset(block, 1, 20 << 20);
  std::free(block);
  expect(malloc_trim(0) == 1, "malloc_trim with 20 MiB to give back is not 1");
  expect(mallinfo2().fordblks < (1 << 20), "malloc_trim leaves free memory");
  expect(malloc_trim(0) == 0, "malloc_trim with nothing to give back is not 0");
}

void check_reports() {
  char text[4096] = {};
  std::FILE* const file = std::tmpfile();
  expect(malloc_info(0, file) == 0, "malloc_info(0) fails");
  std::rewind(file);
  const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
  expect(std::strncmp(text, "<malloc version=", 16) == 0 && std::strstr(text, "</malloc>"),
         "malloc_info writes no <malloc> element in %zu bytes", size);
  errno = 0;
  expect(malloc_info(1, file) != 0 && errno == EINVAL, "malloc_info(1) is not EINVAL");
  const int stderr_copy = dup(STDERR_FILENO);
  std::rewind(file);
  if (ftruncate(fileno(file), 0) != 0 || dup2(fileno(file), STDERR_FILENO) < 0) return;
  malloc_stats();
  dup2(stderr_copy, STDERR_FILENO);
  close(stderr_copy);
  expect(lseek(fileno(file), 0, SEEK_END) > 10, "malloc_stats writes nothing on stderr");
  std::fclose(file);
}

}  // namespace

void check_gnu_rows() {
  check_memalign();
  check_other_names();
  check_libc_names();
  check_libc_blocks();
  check_numbers();
  check_trim();
  check_reports();
}
