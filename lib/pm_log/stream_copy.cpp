// SPDX-License-Identifier: MIT
#include "pm_log/stream_copy.hpp"

#include <immintrin.h>

#include <cstdint>
#include <string_view>

namespace quintet::pm_log {
namespace {

constexpr std::size_t kLine = 64;

[[gnu::target("avx512f")]] void copy_avx512(std::byte* target, const std::byte* source,
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

}  // namespace

StreamCopy stream_copy(const char* name) noexcept {
  const std::string_view wanted(name);
  if (wanted == "avx512" && __builtin_cpu_supports("avx512f")) return copy_avx512;
  if (wanted == "avx" && __builtin_cpu_supports("avx")) return copy_avx;
  return wanted == "sse2" ? copy_sse2 : nullptr;
}

StreamCopy stream_copy() noexcept {
  for (const char* name : {"avx512", "avx"}) {
    if (const StreamCopy copy = stream_copy(name); copy != nullptr) return copy;
  }
  return copy_sse2;
}

}  // namespace quintet::pm_log
