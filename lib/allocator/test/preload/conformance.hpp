// SPDX-License-Identifier: MIT
#pragma once

#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "allocator/test/preload/check.hpp"

// The rows of the conformance table, by the document that asks for them; conformance.cpp runs all.
void check_c_rows();
void check_posix_rows();
void check_gnu_rows();
void check_block_rows(bool has_natural_alignment);
void check_cpp_rows();

namespace check {

inline constexpr std::size_t kMost = PTRDIFF_MAX;

// Sizes around every class up to 1 MiB, and some above. f(size).
template <class F>
void for_each_size(F f) {
  for (std::size_t size = 0; size <= 64; ++size) f(size);
  for (std::size_t octave = 64; octave <= (std::size_t{1} << 22); octave *= 2) {
    for (std::size_t quarter = 4; quarter < 8; ++quarter) {
      const std::size_t size = octave / 4 * quarter;
      for (const std::size_t near : {size - 1, size, size + 1}) f(near);
    }
  }
  for (const std::size_t size : {std::size_t{5'000'000}, std::size_t{33'554'433}}) f(size);
}

// Runs a call with errno 0 and expects null with an error number.
template <class Call>
void expect_refused(const char* what, int error, Call call) {
  errno = 0;
  void* const block = opaque(call());
  const int found = errno;
  expect(block == nullptr, "%s: not null", what);
  expect(found == error, "%s: errno %d, not %d", what, found, error);
  std::free(block);
}

// Runs a call that must not touch errno.
template <class Call>
void expect_errno_kept(const char* what, Call call) {
  errno = EILSEQ;
  call();
  const int found = errno;
  expect(found == EILSEQ, "%s: errno became %d", what, found);
}

// Whether the block is one of the allocator under test, which knows no others.
[[nodiscard]] inline bool is_ours(void* block) { return malloc_usable_size(block) != 0; }

// Bytes in use, as the allocator says.
[[nodiscard]] inline std::size_t used_bytes() { return mallinfo2().uordblks; }

}  // namespace check
