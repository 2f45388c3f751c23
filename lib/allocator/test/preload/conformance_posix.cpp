// SPDX-License-Identifier: MIT
// Rows of POSIX.1-2024 and of the BSDs: posix_memalign, reallocarray, reallocf, reallocarr.
#include "allocator/test/preload/conformance.hpp"

using check::expect;
using check::expect_errno_kept;
using check::expect_refused;
using check::kMost;
using check::opaque;

namespace {

// Returns an error number, and leaves the pointer alone.
template <class Call>
void expect_error(const char* what, int error, Call call) {
  int dummy = 0;
  void* pointer = &dummy;
  const int found = call(&pointer);
  expect(found == error, "%s: returns %d, not %d", what, found, error);
  expect(pointer == &dummy, "%s: the pointer is changed", what);
}

void check_posix_memalign() {
  for (const std::size_t alignment : {0U, 1U, 2U, 4U, 24U, 48U, 100U}) {
    expect_error("posix_memalign with a bad alignment", EINVAL,
                 [&](void** pointer) { return posix_memalign(pointer, alignment, 8); });
  }
  for (const std::size_t size : {kMost, kMost + 1, SIZE_MAX - 63, SIZE_MAX}) {
    expect_error("posix_memalign of too many bytes", ENOMEM,
                 [&](void** pointer) { return posix_memalign(pointer, 64, opaque(size)); });
  }
  expect_error("posix_memalign(2^63)", ENOMEM,
               [](void** pointer) { return posix_memalign(pointer, opaque(kMost + 1), 1); });
  for (std::size_t alignment = sizeof(void*); alignment <= (1 << 26); alignment *= 2) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, alignment, std::size_t{5000}}) {
      void* block = nullptr;
      const int error = posix_memalign(&block, alignment, size);
      expect(error == 0 && block != nullptr, "posix_memalign(%zu, %zu): error %d", alignment, size,
             error);
      expect(reinterpret_cast<std::uintptr_t>(block) % alignment == 0,
             "posix_memalign(%zu, %zu) is not aligned", alignment, size);
      expect(malloc_usable_size(block) >= size, "posix_memalign(%zu, %zu) is shorter", alignment,
             size);
      std::memset(block, 1, size);
      std::free(block);
    }
  }
}

void check_reallocarray() {
  void* const block = std::malloc(64);
  std::memset(block, 0x77, 64);
  expect_refused("reallocarray(p, SIZE_MAX / 2, 4)", ENOMEM,
                 [&] { return reallocarray(block, opaque(SIZE_MAX / 2), 4); });
  expect_refused("reallocarray(p, 1, PTRDIFF_MAX + 1)", ENOMEM,
                 [&] { return reallocarray(block, 1, opaque(kMost + 1)); });
  expect(check::is_filled(block, 64, 0x77), "reallocarray that is refused changes the block");
  void* const longer = reallocarray(block, 100, 50);
  expect(
      longer != nullptr && malloc_usable_size(longer) >= 5000 && check::is_filled(longer, 64, 0x77),
      "reallocarray(p, 100, 50) is null, too short, or has lost bytes");
  expect(opaque(reallocarray(longer, 0, 50)) == nullptr, "reallocarray(p, 0, 50) is not null");
  void* const fresh = reallocarray(nullptr, 10, 10);
  expect(fresh != nullptr, "reallocarray(NULL, 10, 10) is null");
  std::free(fresh);
}

// What cannot get another size is freed.
void check_reallocf() {
  const std::size_t before = check::used_bytes();
  for (int i = 0; i < 100; ++i) {
    void* const block = std::malloc(4 << 20);
    expect_refused("reallocf(p, PTRDIFF_MAX)", ENOMEM,
                   [&] { return reallocf(block, opaque(kMost)); });
    void* const other = std::malloc(4 << 20);
    expect(opaque(reallocf(other, 0)) == nullptr, "reallocf(p, 0) is not null");
  }
  expect(check::used_bytes() < before + (64 << 20), "reallocf that fails does not free the block");
  auto* text = static_cast<char*>(std::malloc(10));
  std::memset(text, 'x', 10);
  text = static_cast<char*>(reallocf(text, 100'000));
  expect(text != nullptr && check::is_filled(text, 10, 'x'), "reallocf loses bytes");
  std::free(text);
}

void check_reallocarr() {
  void* block = std::malloc(10);
  std::memset(block, 'y', 10);
  void* const old = block;
  expect_errno_kept("reallocarr", [&] {
    expect(reallocarr(&block, opaque(SIZE_MAX / 2), 4) == EOVERFLOW,
           "reallocarr of a product that is too large is not EOVERFLOW");
    expect(block == old, "reallocarr that overflows changes the pointer");
    expect(reallocarr(&block, 1, opaque(kMost)) == ENOMEM,
           "reallocarr of PTRDIFF_MAX bytes is not ENOMEM");
    expect(block == old, "reallocarr without memory changes the pointer");
    expect(reallocarr(&block, 1000, 100) == 0, "reallocarr(1000, 100) fails");
  });
  expect(check::is_filled(block, 10, 'y'), "reallocarr loses bytes");
  expect(reallocarr(&block, 0, 10) == 0 && block == nullptr, "reallocarr(0, 10) does not free");
  expect(reallocarr(&block, 5, 10) == 0 && block != nullptr, "reallocarr from null fails");
  std::free(block);
}

}  // namespace

void check_posix_rows() {
  check_posix_memalign();
  check_reallocarray();
  check_reallocf();
  check_reallocarr();
}
