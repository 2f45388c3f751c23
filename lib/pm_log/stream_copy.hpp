// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// Copies of whole lines past the cache, by the widest stores of this CPU, with and without a
// checksum of what passes.
//
// Requires of all: `target` is 64-byte aligned, `bytes` a multiple of 64, no overlap. Weakly
// ordered: durable after a fence (x86-64: sfence), Intel SDM volume 1, 10.4.6.2.
namespace quintet::pm_log {

struct StreamCopy {
  using Plain = void (*)(std::byte* target, const std::byte* source, std::size_t bytes) noexcept;
  // Returns the CRC-32C of what came before (`crc`) and the bytes.
  using Summed = std::uint32_t (*)(std::byte* target, const std::byte* source, std::size_t bytes,
                                   std::uint32_t crc) noexcept;
  const char* name;
  Plain plain;
  Summed summed;
};

// The one for this CPU.
[[nodiscard]] const StreamCopy& stream_copy() noexcept;

// By name (avx512, avx, sse2), for those who compare them; null if this CPU has it not.
[[nodiscard]] const StreamCopy* stream_copy(const char* name) noexcept;

}  // namespace quintet::pm_log
