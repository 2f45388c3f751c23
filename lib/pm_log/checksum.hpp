// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// The two checksums of the media format, by the fastest code that this CPU runs.
// Both continue: crc(crc(start, a), b) is the checksum of a followed by b.
namespace quintet::pm_log {

// CRC-64/XZ: 0x995dc9bbdf1939fa for "123456789" from 0. Guards metadata.
[[nodiscard]] std::uint64_t crc64(std::uint64_t start, std::span<const std::byte> bytes) noexcept;

// CRC-32C (Castagnoli): 0xe3069283 for "123456789" from 0. Guards payload.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t start, std::span<const std::byte> bytes) noexcept;

}  // namespace quintet::pm_log
