// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "allocator/tracking.hpp"

// The tool that watches the blocks of the process's allocator. QT_MALLOC_TRACKING says which: 0
// none, 1 Valgrind's memcheck, 2 AddressSanitizer. All that is linked together agrees on it.
// Threading: tracking.hpp.
#ifndef QT_MALLOC_TRACKING
#define QT_MALLOC_TRACKING 0
#endif

#if QT_MALLOC_TRACKING == 1
#include <valgrind/memcheck.h>
#elif QT_MALLOC_TRACKING == 2
#include <sanitizer/asan_interface.h>
#endif

namespace quintet::allocator {

#if QT_MALLOC_TRACKING == 1

// Outside Valgrind each of these is a few instructions without effect.
struct MemcheckTracker : NoTracker {
  static void open(const void* p, std::size_t n) { VALGRIND_MAKE_MEM_DEFINED(p, n); }
  static void close(const void* p, std::size_t n) { VALGRIND_MAKE_MEM_NOACCESS(p, n); }
  static void give(void* p, std::size_t n) { VALGRIND_MALLOCLIKE_BLOCK(p, n, 0, 0); }
  static void resize(void* p, std::size_t old, std::size_t n) {
    VALGRIND_RESIZEINPLACE_BLOCK(p, old, n, 0);
  }
  static void take(void* p, std::size_t) { VALGRIND_FREELIKE_BLOCK(p, 0); }
  // It knows no such block, and says so.
  static void refuse(void* p) { VALGRIND_FREELIKE_BLOCK(p, 0); }
};
static_assert(Tracker<MemcheckTracker>);
using ChosenTracker = MemcheckTracker;

#elif QT_MALLOC_TRACKING == 2

// The shadow memory is exact to the byte where a range begins at a multiple of eight, as blocks do.
// Calls, not the macros of that header: they are nothing where the tool does not look at the code
// itself, as in a library that only its users compile with -fsanitize=address.
struct AsanTracker : NoTracker {
  static void open(const void* p, std::size_t n) { __asan_unpoison_memory_region(p, n); }
  static void close(const void* p, std::size_t n) { __asan_poison_memory_region(p, n); }
  static void give(void* p, std::size_t n) { open(p, n); }
  static void resize(void* p, std::size_t old, std::size_t n) {
    close(p, old);
    open(p, n);
  }
  static void take(void* p, std::size_t n) { close(p, n); }
  // What LeakSanitizer looks after may be pointed to from our blocks alone.
  static void reserve(void* p, std::size_t n);
  static void release(void* p, std::size_t n);
};
static_assert(Tracker<AsanTracker>);
using ChosenTracker = AsanTracker;

#else

using ChosenTracker = NoTracker;

#endif

}  // namespace quintet::allocator
