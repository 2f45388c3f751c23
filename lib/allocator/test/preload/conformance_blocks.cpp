// SPDX-License-Identifier: MIT
// Rows about blocks themselves: alignment, and what is usable of them.
#include "allocator/test/preload/conformance.hpp"

using check::expect;

namespace {

constexpr std::size_t kNeighbours = 8;
constexpr std::size_t kUnit = 1 << 15;  // no block has a larger natural alignment

std::size_t natural_alignment(std::size_t size) {
  const std::size_t lowest = size & (~size + 1);
  return lowest < kUnit ? lowest : kUnit;
}

void check_sizes_of(std::size_t size, void* block) {
  const std::size_t usable = malloc_usable_size(block);
  const std::size_t good = malloc_good_size(size);
  expect(usable >= size, "usable size of malloc(%zu) is %zu", size, usable);
  expect(usable >= good && good >= size, "good size of %zu is %zu, usable %zu", size, good, usable);
  expect(usable <= 2 * size + 64, "usable size of malloc(%zu) is %zu: too much", size, usable);
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::size_t least = size > 8 ? 16 : 8;
  expect(address % least == 0, "malloc(%zu) is not aligned to %zu", size, least);
}

// All of its usable bytes are the block's: neighbours keep theirs.
void check_neighbours(std::size_t size, bool has_natural_alignment) {
  unsigned char* blocks[kNeighbours];
  for (std::size_t i = 0; i < kNeighbours; ++i) {
    blocks[i] = static_cast<unsigned char*>(std::malloc(size));
    expect(blocks[i] != nullptr, "malloc(%zu) is null", size);
    if (blocks[i] == nullptr) return;
    check_sizes_of(size, blocks[i]);
    const std::size_t usable = malloc_usable_size(blocks[i]);
    if (has_natural_alignment) {
      const std::size_t natural = natural_alignment(usable);
      expect(reinterpret_cast<std::uintptr_t>(blocks[i]) % natural == 0,
             "malloc(%zu) is not aligned to %zu, as a block of %zu bytes is", size, natural,
             usable);
    }
    std::memset(blocks[i], static_cast<int>(i + 1), usable);
  }
  for (std::size_t i = 0; i < kNeighbours; ++i) {
    expect(check::is_filled(blocks[i], malloc_usable_size(blocks[i]),
                            static_cast<unsigned char>(i + 1)),
           "block %zu of %zu bytes was changed by its neighbour", i, size);
  }
  for (unsigned char* const block : blocks) std::free(block);
}

void check_aligned_blocks() {
  for (std::size_t alignment = 8; alignment <= (1 << 20); alignment *= 2) {
    for (std::size_t size = 1; size <= (1 << 21); size = size * 3 + 1) {
      void* blocks[3];
      for (void*& block : blocks) {
        block = std::aligned_alloc(alignment, size);
        expect(block != nullptr && reinterpret_cast<std::uintptr_t>(block) % alignment == 0,
               "aligned_alloc(%zu, %zu) is null or not aligned", alignment, size);
        if (block == nullptr) return;
        const std::size_t usable = malloc_usable_size(block);
        expect(usable >= size, "usable size of aligned_alloc(%zu, %zu) is %zu", alignment, size,
               usable);
        std::memset(block, 0x11, usable);
      }
      blocks[1] = std::realloc(blocks[1], size + 1000);
      expect(check::is_filled(blocks[1], size, 0x11), "realloc of aligned_alloc(%zu, %zu) loses",
             alignment, size);
      for (void* const block : blocks) std::free(block);
    }
  }
}

}  // namespace

void check_block_rows(bool has_natural_alignment) {
  expect(malloc_usable_size(nullptr) == 0, "malloc_usable_size(NULL) is not 0");
  expect(malloc_size(nullptr) == 0, "malloc_size(NULL) is not 0");
  check::for_each_size([&](std::size_t size) { check_neighbours(size, has_natural_alignment); });
  check_aligned_blocks();
}
