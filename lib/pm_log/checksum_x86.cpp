// SPDX-License-Identifier: MIT
#include <immintrin.h>
#include <isa-l/crc.h>
#include <isa-l/crc64.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include "pm_log/checksum.hpp"
#include "pm_log/checksum_x86.hpp"

// By ISA-L, which picks the fastest kernel of this CPU, but for what every commit sums: a line of
// metadata and single words take ISA-L 18 ns however short they are, and its CRC-32C folds by
// narrower products than this CPU may have.
namespace quintet::pm_log {
namespace {

// --- CRC-32C of a few bytes -----------------------------------------------------------------

constexpr std::size_t kShort = 64;

template <class Word>
Word load(const std::byte* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

[[gnu::target("sse4.2")]] std::uint32_t crc32c_short(std::uint32_t state, const std::byte* bytes,
                                                     std::size_t size) noexcept {
  std::uint64_t wide = state;
  for (; size >= 8; size -= 8, bytes += 8) wide = _mm_crc32_u64(wide, load<std::uint64_t>(bytes));
  state = static_cast<std::uint32_t>(wide);
  if ((size & 4) != 0) {
    state = _mm_crc32_u32(state, load<std::uint32_t>(bytes));
    bytes += 4;
  }
  if ((size & 2) != 0) {
    state = _mm_crc32_u16(state, load<std::uint16_t>(bytes));
    bytes += 2;
  }
  return (size & 1) != 0 ? _mm_crc32_u8(state, load<std::uint8_t>(bytes)) : state;
}

// --- CRC-32C of whole lines -----------------------------------------------------------------

struct Loaded {
  const std::byte* source;
  [[QT_AVX512]] __m512i operator()(std::size_t at) const noexcept {
    return _mm512_loadu_si512(source + at);
  }
};

// And what is left of a line behind them.
[[QT_AVX512]] std::uint32_t crc32c_folded(std::uint32_t start,
                                          std::span<const std::byte> bytes) noexcept {
  const std::size_t lines = bytes.size() / fold::kLine * fold::kLine;
  const std::uint32_t sum = fold::crc32c_of_lines(lines, start, Loaded{bytes.data()});
  return ~crc32c_short(~sum, bytes.data() + lines, bytes.size() - lines);
}

// --- CRC-64/XZ of the seven words before a line's checksum ----------------------------------
//
// Word i of the seven counts x^(64 * (7 - i)), all modulo the polynomial, which is taken once, by
// Barrett's reduction. (Intel, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ",
// 2009.) In a register the highest power stands in the lowest bit, and so a carry-less product
// reads as if it were multiplied by x.

constexpr std::uint64_t kPolynomial = 0xC96C'5795'D787'0F42;  // what follows x^64
constexpr std::size_t kWords = 7;

constexpr std::uint64_t times_x(std::uint64_t value) {
  return value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
}
// x^n modulo the polynomial.
consteval std::uint64_t power(unsigned n) {
  std::uint64_t value = std::uint64_t{1} << 63;
  for (unsigned i = 0; i < n; ++i) value = times_x(value);
  return value;
}
// What follows x^64 in the quotient of x^128 by the polynomial.
consteval std::uint64_t quotient() {
  std::uint64_t rest = kPolynomial;
  std::uint64_t found = 0;
  for (unsigned bit = 0; bit < 64; ++bit, rest = times_x(rest)) found |= (rest & 1) << bit;
  return found;
}
constexpr std::array<std::uint64_t, kWords> kFactors = {
    power(447), power(383), power(319), power(255), power(191), power(127), power(63)};
constexpr std::uint64_t kQuotient = quotient();

#define QT_PCLMUL gnu::target("pclmul,sse4.2")

[[QT_PCLMUL]] __m128i product(std::uint64_t a, std::uint64_t b) noexcept {
  return _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(a)),
                              _mm_cvtsi64_si128(static_cast<long long>(b)), 0);
}
[[QT_PCLMUL]] std::uint64_t low(__m128i value) noexcept {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(value));
}
[[QT_PCLMUL]] std::uint64_t high(__m128i value) noexcept {
  return static_cast<std::uint64_t>(_mm_extract_epi64(value, 1));
}

[[QT_PCLMUL]] std::uint64_t crc64_of_words(std::uint64_t state, const std::byte* bytes) noexcept {
  // Word by word: they were just stored so, and a wider load would wait for the cache.
  __m128i sum = product(load<std::uint64_t>(bytes) ^ state, kFactors[0]);
  for (std::size_t i = 1; i < kWords; ++i) {
    sum = _mm_xor_si128(sum, product(load<std::uint64_t>(bytes + 8 * i), kFactors[i]));
  }
  const std::uint64_t over = low(sum);  // counts x^64
  const std::uint64_t times = over ^ low(product(over, kQuotient)) << 1;
  const __m128i multiple = product(times, kPolynomial);
  return high(sum) ^ (high(multiple) << 1 | low(multiple) >> 63);
}

// --- choice ---------------------------------------------------------------------------------

const bool has_crc32 = __builtin_cpu_supports("sse4.2");
const bool has_folding = has_crc32 && fold::has_avx512_folding();
const bool has_products = has_crc32 && __builtin_cpu_supports("pclmul");

}  // namespace

std::uint64_t crc64(std::uint64_t start, std::span<const std::byte> bytes) noexcept {
  if (has_products && bytes.size() == 8 * kWords) return ~crc64_of_words(~start, bytes.data());
  return crc64_ecma_refl(start, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::uint32_t crc32c(std::uint32_t start, std::span<const std::byte> bytes) noexcept {
  // Neither kernel inverts, at the start or at the end.
  std::uint32_t state = ~start;
  if (has_crc32 && bytes.size() <= kShort) return ~crc32c_short(state, bytes.data(), bytes.size());
  if (has_folding) return crc32c_folded(start, bytes);
  while (!bytes.empty()) {  // ISA-L takes an int
    const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), INT_MAX / 2));
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    state = crc32_iscsi(data, static_cast<int>(piece.size()), state);
    bytes = bytes.subspan(piece.size());
  }
  return ~state;
}

}  // namespace quintet::pm_log
