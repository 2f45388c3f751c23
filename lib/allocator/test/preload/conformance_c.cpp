// SPDX-License-Identifier: MIT
// Rows of C17 and C23 [memory management functions].
#include "allocator/test/preload/conformance.hpp"

using check::expect;
using check::expect_errno_kept;
using check::expect_refused;
using check::kMost;
using check::opaque;

namespace {

void check_refusals() {
  expect_refused("malloc(SIZE_MAX)", ENOMEM, [] { return std::malloc(opaque(SIZE_MAX)); });
  expect_refused("malloc(PTRDIFF_MAX + 1)", ENOMEM, [] { return std::malloc(opaque(kMost + 1)); });
  expect_refused("malloc(PTRDIFF_MAX)", ENOMEM, [] { return std::malloc(opaque(kMost)); });
  expect_refused("malloc(SIZE_MAX - 4095)", ENOMEM, [] { return std::malloc(SIZE_MAX - 4095); });
  expect_refused("calloc(SIZE_MAX / 2, 4)", ENOMEM,
                 [] { return std::calloc(opaque(SIZE_MAX / 2), 4); });
  expect_refused("calloc(2^32, 2^32)", ENOMEM, [] {
    return std::calloc(opaque(std::size_t{1} << 32), opaque(std::size_t{1} << 32));
  });
  expect_refused("calloc(1, PTRDIFF_MAX + 1)", ENOMEM,
                 [] { return std::calloc(1, opaque(kMost + 1)); });
  for (const std::size_t alignment : {0U, 3U, 24U, 100U}) {
    expect_refused("aligned_alloc with an alignment that is no power of two", EINVAL,
                   [&] { return std::aligned_alloc(alignment, 8); });
  }
  expect_refused("aligned_alloc(64, SIZE_MAX - 63)", ENOMEM,
                 [] { return std::aligned_alloc(64, opaque(SIZE_MAX - 63)); });
  expect_refused("aligned_alloc(2^63, 1)", ENOMEM,
                 [] { return std::aligned_alloc(opaque(kMost + 1), 1); });
}

void check_empty() {
  void* const one = std::malloc(0);
  void* const other = std::malloc(0);
  void* const zeroed = std::calloc(0, 100);
  void* const product = std::calloc(100, 0);
  void* const grown = std::realloc(nullptr, 0);
  void* const all[] = {one, other, zeroed, product, grown};
  for (std::size_t i = 0; i < 5; ++i) {
    expect(all[i] != nullptr, "an allocation of 0 bytes (case %zu) is null", i);
    for (std::size_t j = 0; j < i; ++j) {
      expect(all[i] != all[j], "allocations of 0 bytes (cases %zu and %zu) are the same", i, j);
    }
  }
  for (void* const block : all) std::free(block);
}

// realloc() keeps what fits, from every size to every other of a few, and what it refuses stays.
void check_realloc_contents() {
  const std::size_t sizes[] = {1,         8,         9,         64,       100,   1000,
                               1025,      5000,      32768,     65536,    65537, 300'000,
                               1'048'576, 1'048'577, 3'000'000, 9'000'000};
  for (const std::size_t from : sizes) {
    for (const std::size_t to : sizes) {
      auto* block = static_cast<unsigned char*>(std::malloc(from));
      for (std::size_t i = 0; i < from; ++i) block[i] = static_cast<unsigned char>(i * 7 + i / 256);
      block = static_cast<unsigned char*>(std::realloc(block, to));
      expect(block != nullptr, "realloc from %zu to %zu bytes is null", from, to);
      if (block == nullptr) return;
      expect(malloc_usable_size(block) >= to, "realloc from %zu to %zu bytes is shorter", from, to);
      std::size_t same = 0;
      const std::size_t kept = from < to ? from : to;
      while (same < kept && block[same] == static_cast<unsigned char>(same * 7 + same / 256)) {
        ++same;
      }
      expect(same == kept, "realloc from %zu to %zu bytes loses byte %zu", from, to, same);
      std::memset(block, 0x5A, to);
      std::free(block);
    }
  }
}

void check_realloc() {
  void* const block = std::malloc(100);
  std::memset(block, 0x3C, 100);
  expect_refused("realloc(p, PTRDIFF_MAX + 1)", ENOMEM,
                 [&] { return std::realloc(block, opaque(kMost + 1)); });
  expect_refused("realloc(p, PTRDIFF_MAX)", ENOMEM,
                 [&] { return std::realloc(block, opaque(kMost)); });
  expect(check::is_filled(block, 100, 0x3C), "realloc that is refused changes the block");
  std::free(block);
  // As the GNU C library does: the block is freed and null returned; no error.
  const std::size_t before = check::used_bytes();
  for (int i = 0; i < 100; ++i) {
    void* const large = std::malloc(4 << 20);
    expect_errno_kept("realloc(p, 0)", [&] {
      expect(opaque(std::realloc(large, opaque(std::size_t{0}))) == nullptr,
             "realloc(p, 0) is not null");
    });
  }
  expect(check::used_bytes() < before + (64 << 20), "realloc(p, 0) does not free the block");
}

// Zero also where a block was in use, whatever its size.
void check_calloc_zero() {
  check::for_each_size([](std::size_t size) {
    for (int round = 0; round < 3; ++round) {
      void* const dirty = std::malloc(size);
      std::memset(dirty, 0xFF, size);
      std::free(opaque(dirty));
      void* const block = std::calloc(1, size);
      expect(block != nullptr && check::is_filled(block, size, 0), "calloc(1, %zu) is not zero",
             size);
      std::free(block);
    }
  });
  void* grown = std::malloc(100'000);
  std::memset(grown, 0xFF, 100'000);
  grown = std::realloc(grown, 4'000'000);
  std::memset(grown, 0xFF, 4'000'000);
  grown = std::realloc(grown, 2'000'000);  // leaves a dirty end behind
  for (int i = 0; i < 40; ++i) {
    void* const block = std::calloc(50, 4096);
    expect(check::is_filled(block, 204'800, 0), "calloc is not zero after realloc has shrunk");
    std::free(block);
    if (i % 8 == 0) malloc_trim(0);
  }
  std::free(grown);
}

void check_free() {
  expect_errno_kept("free(NULL)", [] { std::free(opaque<void*>(nullptr)); });
  check::for_each_size([](std::size_t size) {
    void* const block = std::malloc(size);
    std::memset(block, 1, size);
    expect_errno_kept("free(p)", [&] { std::free(block); });
  });
  // So large that its memory goes back to the system at once.
  void* const large = std::malloc(50 << 20);
  std::memset(large, 1, 50 << 20);
  expect_errno_kept("free(50 MiB)", [&] { std::free(large); });
  void* blocks[3000];
  for (void*& block : blocks) block = std::malloc(300);
  expect_errno_kept("free() of many blocks", [&] {
    for (void* const block : blocks) std::free(block);
  });
}

void check_c23() {
  if (&free_sized == nullptr || &free_aligned_sized == nullptr) {
    expect(false, "free_sized or free_aligned_sized is not there");
    return;
  }
  const std::size_t before = check::used_bytes();
  for (int i = 0; i < 100; ++i) {
    void* const block = std::malloc(4 << 20);
    expect_errno_kept("free_sized", [&] { free_sized(block, 4 << 20); });
    void* const aligned = std::aligned_alloc(1 << 16, 4 << 20);
    expect_errno_kept("free_aligned_sized", [&] { free_aligned_sized(aligned, 1 << 16, 4 << 20); });
  }
  free_sized(std::calloc(10, 10), 100);
  free_sized(nullptr, 10);
  free_aligned_sized(nullptr, 16, 10);
  expect(check::used_bytes() < before + (64 << 20), "free_sized does not free the block");
}

}  // namespace

void check_c_rows() {
  check_refusals();
  check_empty();
  check_realloc_contents();
  check_realloc();
  check_calloc_zero();
  check_free();
  check_c23();
}
