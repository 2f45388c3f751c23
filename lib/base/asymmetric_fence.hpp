// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "base/assert.hpp"

#if defined(__linux__) && defined(__LP64__)
// As unistd.h has it; that header is not for cores.
extern "C" long syscall(long number, ...) noexcept;
#endif

// A pair of fences of unequal price, for two threads that each store a word of their own and then
// look at the other's. With a light fence between the two steps of the one and a heavy fence
// between those of the other, at least one of them sees the other. The light one only keeps the
// compiler from exchanging the steps; the heavy one is a system call that makes every processor on
// which the process runs fence itself (membarrier(2), private expedited): 0.4 to 10 us. Two light
// fences guarantee nothing. The same pair: C++ proposal P1202.
//
// Threading: any.
namespace quintet {

namespace internal {
// <sys/syscall.h> and <linux/membarrier.h>.
#if defined(__x86_64__)
inline constexpr long kMembarrier = 324;
#else
inline constexpr long kMembarrier = 283;  // of all newer architectures
#endif
inline constexpr int kPrivateExpedited = 1 << 3;
inline constexpr int kRegisterPrivateExpedited = 1 << 4;

[[nodiscard]] inline bool membarrier([[maybe_unused]] int command) {
#if defined(__linux__) && defined(__LP64__)
  return ::syscall(kMembarrier, command, 0, 0) == 0;
#else
  return false;
#endif
}
}  // namespace internal

// Whether the kernel has the heavy fence; asked once. Without it nobody may use either.
[[nodiscard]] inline bool has_heavy_fence() {
  static const bool has = internal::membarrier(internal::kRegisterPrivateExpedited);
  return has;
}

inline void light_fence() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// Requires: has_heavy_fence() has said yes.
inline void heavy_fence() {
  const bool fenced = internal::membarrier(internal::kPrivateExpedited);
  QT_CHECK(fenced, "membarrier was registered");
}

}  // namespace quintet
