// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>
#include <cstdlib>

// Broken invariants end the process: one line on stderr, then abort. QT_CHECK(condition) always
// checks; QT_ASSERT(condition) checks unless NDEBUG is defined and never evaluates otherwise.
// Both take an optional message (a string literal) and may be used in constant expressions.
// Bad input is no broken invariant: it is a Result (base/result.hpp).
namespace quintet {

[[noreturn, gnu::cold]] inline void check_failed(const char* macro, const char* expression,
                                                 const char* file, int line,
                                                 const char* message = "") noexcept {
  const bool has_message = *message != '\0';
  std::fprintf(stderr, "%s:%d: %s failed: %s%s%s\n", file, line, macro, expression,
               has_message ? ": " : "", message);
  std::abort();
}

}  // namespace quintet

#define QT_CHECK(condition, ...) QT_CHECK_AS("QT_CHECK", condition __VA_OPT__(, ) __VA_ARGS__)

#define QT_CHECK_AS(macro, condition, ...)                            \
  ((condition) ? static_cast<void>(0)                                 \
               : ::quintet::check_failed(macro, #condition, __FILE__, \
                                         __LINE__ __VA_OPT__(, ) __VA_ARGS__))

#ifdef NDEBUG
#define QT_ASSERT(condition, ...) static_cast<void>(sizeof((condition) ? 1 : 0))
#else
#define QT_ASSERT(condition, ...) QT_CHECK_AS("QT_ASSERT", condition __VA_OPT__(, ) __VA_ARGS__)
#endif
