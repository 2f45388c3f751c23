// SPDX-License-Identifier: MIT
#pragma once

// The x86-64 page-table vocabulary that both rivals use: entry bits, sizes, 9-bit indices and raw
// access to a table at an identity-mapped physical address (physical address == pointer).
// Constants and pure functions only; safe from any thread. Source: Intel SDM volume 3A, 4.5.

#include <cstddef>
#include <cstdint>

namespace quintet::baselines::x86 {

inline constexpr std::uint64_t kPresent = 1ULL << 0;
inline constexpr std::uint64_t kWritable = 1ULL << 1;
inline constexpr std::uint64_t kUser = 1ULL << 2;
inline constexpr std::uint64_t kHuge = 1ULL << 7;
inline constexpr std::uint64_t kNoExecute = 1ULL << 63;
inline constexpr std::uint64_t kAddress = 0x000f'ffff'ffff'f000ULL;  // bits 51:12
inline constexpr std::uint64_t kTable = kPresent | kWritable | kUser;

inline constexpr std::uint64_t kSize4K = 1ULL << 12;
inline constexpr std::uint64_t kSize2M = 1ULL << 21;
inline constexpr std::uint64_t kSize1G = 1ULL << 30;
inline constexpr std::uint64_t kSize512G = 1ULL << 39;
inline constexpr std::uint64_t kAddressSpace = 1ULL << 48;
inline constexpr std::size_t kEntries = 512;
inline constexpr std::size_t kTableBytes = 4096;

/// The index that selects the entry of size `entry_size` (a power of two) that translates `va`.
constexpr std::size_t index_of(std::uint64_t va, std::uint64_t entry_size) noexcept {
  return static_cast<std::size_t>(va / entry_size) % kEntries;
}

constexpr bool is_aligned(std::uint64_t value, std::uint64_t size) noexcept {
  return (value & (size - 1)) == 0;
}

/// The table whose physical address `entry` (or a bare address) holds, under the identity mapping.
inline std::uint64_t* table_at(std::uint64_t entry) noexcept {
  return reinterpret_cast<std::uint64_t*>(entry & kAddress);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace quintet::baselines::x86
