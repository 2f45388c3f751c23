// SPDX-License-Identifier: MIT
#include "pm_log/stream_copy.hpp"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "pm_log/checksum.hpp"

namespace quintet::pm_log {
namespace {

constexpr std::size_t kLine = 64;
#define QT_AVX512 gnu::target("avx512f,avx512dq,avx512vl,vpclmulqdq,pclmul,sse4.2")

// --- copies ---------------------------------------------------------------------------------

[[QT_AVX512]] void copy_avx512(std::byte* target, const std::byte* source,
                               std::size_t bytes) noexcept {
  // Four lines at a time: loads run ahead of the write-combining buffers.
  for (; bytes >= 4 * kLine; bytes -= 4 * kLine, target += 4 * kLine, source += 4 * kLine) {
    const __m512i a = _mm512_loadu_si512(source);
    const __m512i b = _mm512_loadu_si512(source + kLine);
    const __m512i c = _mm512_loadu_si512(source + 2 * kLine);
    const __m512i d = _mm512_loadu_si512(source + 3 * kLine);
    _mm512_stream_si512(reinterpret_cast<__m512i*>(target), a);
    _mm512_stream_si512(reinterpret_cast<__m512i*>(target + kLine), b);
    _mm512_stream_si512(reinterpret_cast<__m512i*>(target + 2 * kLine), c);
    _mm512_stream_si512(reinterpret_cast<__m512i*>(target + 3 * kLine), d);
  }
  for (; bytes != 0; bytes -= kLine, target += kLine, source += kLine) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(target), _mm512_loadu_si512(source));
  }
}

[[gnu::target("avx")]] void copy_avx(std::byte* target, const std::byte* source,
                                     std::size_t bytes) noexcept {
  for (; bytes != 0; bytes -= kLine, target += kLine, source += kLine) {
    const auto* from = reinterpret_cast<const __m256i*>(source);
    auto* to = reinterpret_cast<__m256i*>(target);
    const __m256i a = _mm256_loadu_si256(from);
    const __m256i b = _mm256_loadu_si256(from + 1);
    _mm256_stream_si256(to, a);
    _mm256_stream_si256(to + 1, b);
  }
}

void copy_sse2(std::byte* target, const std::byte* source, std::size_t bytes) noexcept {
  for (; bytes != 0; bytes -= 16, target += 16, source += 16) {
    _mm_stream_si128(reinterpret_cast<__m128i*>(target),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(source)));
  }
}

// Without wide carry-less products: chunk by chunk, each summed into the first-level cache first.
template <StreamCopy::Plain kCopy>
std::uint32_t copy_in_chunks(std::byte* target, const std::byte* source, std::size_t bytes,
                             std::uint32_t crc) noexcept {
  while (bytes != 0) {
    const std::size_t count = std::min<std::size_t>(bytes, 4096);
    crc = crc32c(crc, {source, count});
    kCopy(target, source, count);
    target += count;
    source += count;
    bytes -= count;
  }
  return crc;
}

// --- checksum while copying -----------------------------------------------------------------
//
// CRC-32C by folding: what is summed so far is kept as a polynomial that is congruent to it, as
// wide as a register, and moved on over the next bytes by multiplying with a power of x. (Intel,
// "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", 2009.)

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
alignas(kLine) constexpr auto kByLine = all_by(512);
alignas(kLine) constexpr auto kByFourLines = all_by(4 * 512);
// The four quarters of a register onto the last one, which stays.
alignas(kLine) constexpr std::array<Factors, 4> kOntoLast = {by(384), by(256), by(128), {}};

[[QT_AVX512]] __m512i moved(__m512i sum, const std::array<Factors, 4>& factors) noexcept {
  const __m512i by = _mm512_load_si512(factors.data());
  return _mm512_xor_si512(_mm512_clmulepi64_epi128(sum, by, 0x00),
                          _mm512_clmulepi64_epi128(sum, by, 0x11));
}

// The sum moved on by `factors`, and the next line.
[[QT_AVX512]] __m512i folded(__m512i sum, const std::array<Factors, 4>& factors,
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

[[QT_AVX512]] std::uint32_t finished(__m512i sum) noexcept {
  const __m512i onto = moved(sum, kOntoLast);
  const __m128i last = _mm_xor_si128(_mm_xor_si128(quarter<0>(onto), quarter<1>(onto)),
                                     _mm_xor_si128(quarter<2>(onto), quarter<3>(sum)));
  const auto low = static_cast<std::uint64_t>(_mm_extract_epi64(last, 0));
  const auto high = static_cast<std::uint64_t>(_mm_extract_epi64(last, 1));
  return static_cast<std::uint32_t>(_mm_crc32_u64(_mm_crc32_u64(0, low), high));
}

[[QT_AVX512]] __m512i streamed(std::byte* target, const std::byte* source) noexcept {
  const __m512i line = _mm512_loadu_si512(source);
  _mm512_stream_si512(reinterpret_cast<__m512i*>(target), line);
  return line;
}

[[QT_AVX512]] std::uint32_t copy_summed_avx512(std::byte* target, const std::byte* source,
                                               std::size_t bytes, std::uint32_t crc) noexcept {
  if (bytes == 0) return crc;
  const __m512i before = _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~crc)));
  __m512i sum = _mm512_xor_si512(streamed(target, source), before);
  std::size_t at = kLine;
  if (bytes >= 8 * kLine) {  // four sums side by side hide the latency of a product
    __m512i b = streamed(target + kLine, source + kLine);
    __m512i c = streamed(target + 2 * kLine, source + 2 * kLine);
    __m512i d = streamed(target + 3 * kLine, source + 3 * kLine);
    for (at = 4 * kLine; bytes - at >= 4 * kLine; at += 4 * kLine) {
      const std::byte* from = source + at;
      std::byte* to = target + at;
      sum = folded(sum, kByFourLines, streamed(to, from));
      b = folded(b, kByFourLines, streamed(to + kLine, from + kLine));
      c = folded(c, kByFourLines, streamed(to + 2 * kLine, from + 2 * kLine));
      d = folded(d, kByFourLines, streamed(to + 3 * kLine, from + 3 * kLine));
    }
    sum = folded(folded(folded(sum, kByLine, b), kByLine, c), kByLine, d);
  }
  for (; at < bytes; at += kLine) sum = folded(sum, kByLine, streamed(target + at, source + at));
  return ~finished(sum);
}

// --- choice ---------------------------------------------------------------------------------

constexpr StreamCopy kAvx512{"avx512", copy_avx512, copy_summed_avx512};
constexpr StreamCopy kAvx{"avx", copy_avx, copy_in_chunks<copy_avx>};
constexpr StreamCopy kSse2{"sse2", copy_sse2, copy_in_chunks<copy_sse2>};

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vpclmulqdq");
}

}  // namespace

const StreamCopy* stream_copy(const char* name) noexcept {
  const std::string_view wanted(name);
  if (wanted == "avx512" && has_avx512()) return &kAvx512;
  if (wanted == "avx" && __builtin_cpu_supports("avx")) return &kAvx;
  return wanted == "sse2" ? &kSse2 : nullptr;
}

const StreamCopy& stream_copy() noexcept {
  if (has_avx512()) return kAvx512;
  return __builtin_cpu_supports("avx") ? kAvx : kSse2;
}

}  // namespace quintet::pm_log
