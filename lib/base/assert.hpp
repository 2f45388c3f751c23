// SPDX-License-Identifier: MIT
#pragma once
#include <cstdio>
#include <cstdlib>

// Broken invariants end the process: one line on stderr, then abort. QT_CHECK(condition) always
// checks; QT_ASSERT(condition) checks unless NDEBUG is defined and never evaluates otherwise.
// QT_REQUIRE(condition) is for those who run other code under control (lib/proof): it always
// checks, and no handler hears of it. All take an optional message (a string literal) and may be
// used in constant expressions. Bad input is no broken invariant: it is a Result (base/result.hpp).
namespace quintet {

struct BrokenCheck {
  const char* macro;
  const char* expression;
  const char* file;
  int line;
  const char* message;  // may be empty
};

// While it lives, broken checks of this thread go to `handle` first. It may throw, which ends what
// runs under control and not the process; when it returns, the process ends.
class CheckHandler {
 public:
  using Handle = void (*)(const BrokenCheck&);
  explicit CheckHandler(Handle handle) : outer_(current) { current = handle; }
  ~CheckHandler() { current = outer_; }
  CheckHandler(const CheckHandler&) = delete;
  CheckHandler& operator=(const CheckHandler&) = delete;

  static void tell(const BrokenCheck& broken) {
    if (current != nullptr) current(broken);
  }

 private:
  static inline constinit thread_local Handle current = nullptr;
  Handle outer_;
};

[[noreturn, gnu::cold]] inline void end_process(const BrokenCheck& broken) noexcept {
  const bool has_message = *broken.message != '\0';
  std::fprintf(stderr, "%s:%d: %s failed: %s%s%s\n", broken.file, broken.line, broken.macro,
               broken.expression, has_message ? ": " : "", broken.message);
  std::abort();
}
[[noreturn, gnu::cold]] inline void check_failed(const char* macro, const char* expression,
                                                 const char* file, int line,
                                                 const char* message = "") {
  const BrokenCheck broken{macro, expression, file, line, message};
  CheckHandler::tell(broken);
  end_process(broken);
}
[[noreturn, gnu::cold]] inline void require_failed(const char* macro, const char* expression,
                                                   const char* file, int line,
                                                   const char* message = "") noexcept {
  end_process({macro, expression, file, line, message});
}

}  // namespace quintet

#define QT_CHECK(condition, ...) \
  QT_CHECK_AS(check_failed, "QT_CHECK", condition __VA_OPT__(, ) __VA_ARGS__)
#define QT_REQUIRE(condition, ...) \
  QT_CHECK_AS(require_failed, "QT_REQUIRE", condition __VA_OPT__(, ) __VA_ARGS__)

#define QT_CHECK_AS(failed, macro, condition, ...) \
  ((condition)                                     \
       ? static_cast<void>(0)                      \
       : ::quintet::failed(macro, #condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))

#ifdef NDEBUG
#define QT_ASSERT(condition, ...) static_cast<void>(sizeof((condition) ? 1 : 0))
#else
#define QT_ASSERT(condition, ...) \
  QT_CHECK_AS(check_failed, "QT_ASSERT", condition __VA_OPT__(, ) __VA_ARGS__)
#endif
