// SPDX-License-Identifier: MIT
#pragma once

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>

// CRC-32C by folding, for the adapters that sum lines: what is summed so far is kept as a
// polynomial that is congruent to it, as wide as a register, and moved on over the next bytes by
// multiplying with a power of x. (Intel, "Fast CRC Computation for Generic Polynomials Using
// PCLMULQDQ", 2009.) Requires of all: has_avx512_folding().
namespace quintet::pm_log::fold {

#define QT_AVX512 gnu::target("avx512f,avx512dq,avx512vl,vpclmulqdq,pclmul,sse4.2")

inline constexpr std::size_t kLine = 64;

inline bool has_avx512_folding() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vpclmulqdq");
}

// x^n modulo the polynomial, with its lowest power in the highest bit, as a factor of 64 bits. A
// product of two such numbers comes out one power too low: so it is x^(n-1).
consteval std::uint64_t power(unsigned n) {
  std::uint32_t value = 0x8000'0000;
  for (unsigned i = 1; i < n; ++i) value = value >> 1 ^ ((value & 1) != 0 ? 0x82F6'3B78 : 0);
  return std::uint64_t{value} << 32;
}

// Factors that move 16 bytes on by `bits`: of their first half, and of their second one.
struct Factors {
  std::uint64_t first;
  std::uint64_t second;
};
consteval Factors by(unsigned bits) { return {power(bits + 64), power(bits)}; }
consteval std::array<Factors, 4> all_by(unsigned bits) {
  return {by(bits), by(bits), by(bits), by(bits)};
}
alignas(kLine) inline constexpr auto kByLine = all_by(512);
alignas(kLine) inline constexpr auto kByFourLines = all_by(4 * 512);
// The four quarters of a register onto the last one, which stays.
alignas(kLine) inline constexpr std::array<Factors, 4> kOntoLast = {by(384), by(256), by(128), {}};

[[QT_AVX512]] inline __m512i moved(__m512i sum, const std::array<Factors, 4>& factors) noexcept {
  const __m512i by = _mm512_load_si512(factors.data());
  return _mm512_xor_si512(_mm512_clmulepi64_epi128(sum, by, 0x00),
                          _mm512_clmulepi64_epi128(sum, by, 0x11));
}

// The sum moved on by `factors`, and the next line.
[[QT_AVX512]] inline __m512i folded(__m512i sum, const std::array<Factors, 4>& factors,
                                    __m512i line) noexcept {
  const __m512i by = _mm512_load_si512(factors.data());
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(sum, by, 0x00),
                                   _mm512_clmulepi64_epi128(sum, by, 0x11), line, 0x96);
}

// A quarter of a register. (Masked, because g++ 12 warns of the plain form's own code.)
template <int kWhich>
[[QT_AVX512]] __m128i quarter(__m512i sum) noexcept {
  return _mm512_maskz_extracti64x2_epi64(0b11, sum, kWhich);
}

[[QT_AVX512]] inline std::uint32_t finished(__m512i sum) noexcept {
  const __m512i onto = moved(sum, kOntoLast);
  const __m128i last = _mm_xor_si128(_mm_xor_si128(quarter<0>(onto), quarter<1>(onto)),
                                     _mm_xor_si128(quarter<2>(onto), quarter<3>(sum)));
  const auto low = static_cast<std::uint64_t>(_mm_extract_epi64(last, 0));
  const auto high = static_cast<std::uint64_t>(_mm_extract_epi64(last, 1));
  return static_cast<std::uint32_t>(_mm_crc32_u64(_mm_crc32_u64(0, low), high));
}

// The CRC-32C of what came before (`crc`) and whole lines, which `next(at)` gives, `at` bytes from
// the start, each once and in any order within four. Requires: bytes is a multiple of a line, not
// 0.
template <class Next>
[[QT_AVX512]] inline std::uint32_t crc32c_of_lines(std::size_t bytes, std::uint32_t crc,
                                                   Next next) noexcept {
  const __m512i before = _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~crc)));
  __m512i sum = _mm512_xor_si512(next(std::size_t{0}), before);
  std::size_t at = kLine;
  if (bytes >= 8 * kLine) {  // four sums side by side hide the latency of a product
    __m512i b = next(kLine);
    __m512i c = next(2 * kLine);
    __m512i d = next(3 * kLine);
    for (at = 4 * kLine; bytes - at >= 4 * kLine; at += 4 * kLine) {
      sum = folded(sum, kByFourLines, next(at));
      b = folded(b, kByFourLines, next(at + kLine));
      c = folded(c, kByFourLines, next(at + 2 * kLine));
      d = folded(d, kByFourLines, next(at + 3 * kLine));
    }
    sum = folded(folded(folded(sum, kByLine, b), kByLine, c), kByLine, d);
  }
  for (; at < bytes; at += kLine) sum = folded(sum, kByLine, next(at));
  return ~finished(sum);
}

}  // namespace quintet::pm_log::fold
