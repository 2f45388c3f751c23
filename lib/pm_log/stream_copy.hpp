// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Copies of whole lines past the cache, by the widest stores of this CPU.
namespace quintet::pm_log {

// Requires: `target` is 64-byte aligned, `bytes` a multiple of 64, no overlap. Weakly ordered:
// durable after a fence (x86-64: sfence), Intel SDM volume 1, 10.4.6.2.
using StreamCopy = void (*)(std::byte* target, const std::byte* source, std::size_t bytes) noexcept;

// The one for this CPU: AVX-512, AVX or SSE2.
[[nodiscard]] StreamCopy stream_copy() noexcept;

// By name (avx512, avx, sse2), for those who compare them; null if this CPU has it not.
[[nodiscard]] StreamCopy stream_copy(const char* name) noexcept;

}  // namespace quintet::pm_log
