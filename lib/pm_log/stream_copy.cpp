// SPDX-License-Identifier: MIT
#include "pm_log/stream_copy.hpp"

#include <immintrin.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "pm_log/checksum.hpp"
#include "pm_log/checksum_x86.hpp"

namespace quintet::pm_log {
namespace {

using fold::kLine;

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

// A line on its way: past the cache, and in a register. (No lambda: those lose the target.)
struct Streamed {
  std::byte* target;
  const std::byte* source;
  [[QT_AVX512]] __m512i operator()(std::size_t at) const noexcept {
    const __m512i line = _mm512_loadu_si512(source + at);
    _mm512_stream_si512(reinterpret_cast<__m512i*>(target + at), line);
    return line;
  }
};

[[QT_AVX512]] std::uint32_t copy_summed_avx512(std::byte* target, const std::byte* source,
                                               std::size_t bytes, std::uint32_t crc) noexcept {
  return bytes == 0 ? crc : fold::crc32c_of_lines(bytes, crc, Streamed{target, source});
}

// --- choice ---------------------------------------------------------------------------------

constexpr StreamCopy kAvx512{"avx512", copy_avx512, copy_summed_avx512};
constexpr StreamCopy kAvx{"avx", copy_avx, copy_in_chunks<copy_avx>};
constexpr StreamCopy kSse2{"sse2", copy_sse2, copy_in_chunks<copy_sse2>};

}  // namespace

const StreamCopy* stream_copy(const char* name) noexcept {
  const std::string_view wanted(name);
  if (wanted == "avx512" && fold::has_avx512_folding()) return &kAvx512;
  if (wanted == "avx" && __builtin_cpu_supports("avx")) return &kAvx;
  return wanted == "sse2" ? &kSse2 : nullptr;
}

const StreamCopy& stream_copy() noexcept {
  if (fold::has_avx512_folding()) return kAvx512;
  return __builtin_cpu_supports("avx") ? kAvx : kSse2;
}

}  // namespace quintet::pm_log
