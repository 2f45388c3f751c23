// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

// Byte counts with their unit in sight: `2 * kMiB`, or `2_MiB` after
// `using namespace quintet::literals`.
namespace quintet {

inline constexpr std::uint64_t kKiB = std::uint64_t{1} << 10;
inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kTiB = std::uint64_t{1} << 40;

namespace literals {

void byte_count_exceeds_64_bits();  // not constexpr: a call ends the compilation

// Requires: the product fits 64 bits; else the literal does not compile.
consteval std::uint64_t scaled(unsigned long long count, std::uint64_t unit) {
  if (count > UINT64_MAX / unit) byte_count_exceeds_64_bits();
  return count * unit;
}
consteval std::uint64_t operator""_KiB(unsigned long long count) { return scaled(count, kKiB); }
consteval std::uint64_t operator""_MiB(unsigned long long count) { return scaled(count, kMiB); }
consteval std::uint64_t operator""_GiB(unsigned long long count) { return scaled(count, kGiB); }
consteval std::uint64_t operator""_TiB(unsigned long long count) { return scaled(count, kTiB); }

}  // namespace literals
}  // namespace quintet
