// SPDX-License-Identifier: MIT
#pragma once

// Which sanitizer the code at hand is instrumented by: g++ and clang++ tell it differently.
// QT_ASAN and QT_TSAN are 1 under AddressSanitizer and ThreadSanitizer, else 0.
#if defined(__SANITIZE_ADDRESS__)
#define QT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QT_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define QT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QT_TSAN 1
#endif
#endif
#if !defined(QT_ASAN)
#define QT_ASAN 0
#endif
#if !defined(QT_TSAN)
#define QT_TSAN 0
#endif

namespace quintet {

// Instrumented code is several times slower: tests with this do fewer rounds.
inline constexpr bool kSanitized = QT_ASAN != 0 || QT_TSAN != 0;

}  // namespace quintet
