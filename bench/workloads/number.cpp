// SPDX-License-Identifier: MIT
#include "number.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "support.hpp"

// The schoolbook's algorithms on digits of 16 bits.
namespace quintet::workloads {
namespace {

constexpr unsigned kDigitBits = 16;
constexpr std::uint32_t kDigitMask = 0xffff;

}  // namespace

Number::Rep* Number::reserve(std::uint32_t digits) {
  auto* const rep =
      checked(static_cast<Rep*>(std::malloc(sizeof(Rep) + digits * sizeof(std::uint16_t))));
  rep->references = 1;
  rep->length = static_cast<std::uint16_t>(digits);
  rep->capacity = rep->length;
  return rep;
}

void Number::trim() {
  while (rep_->length != 0 && rep_->digits()[rep_->length - 1] == 0) --rep_->length;
}

void Number::drop() {
  if (rep_ != nullptr && --rep_->references == 0) std::free(rep_);
}

Number::Number(std::uint64_t value) : rep_(reserve(64 / kDigitBits)) {
  for (unsigned i = 0; i < rep_->capacity; ++i) {
    rep_->digits()[i] = static_cast<std::uint16_t>(value >> (kDigitBits * i));
  }
  trim();
}

Number Number::parse(const char* decimal) {
  Number value;
  const Number ten(10);
  for (; *decimal != '\0'; ++decimal) {
    value = value.times(ten).plus(Number(static_cast<std::uint64_t>(*decimal - '0')));
  }
  return value;
}

unsigned Number::bits() const {
  if (is_zero()) return 0;
  const auto top = static_cast<unsigned>(std::bit_width(rep_->digits()[rep_->length - 1]));
  return (rep_->length - 1U) * kDigitBits + top;
}

std::uint64_t Number::hash() const {
  std::uint64_t hash = rep_->length;
  for (unsigned i = 0; i < rep_->length; ++i) hash = mix(hash ^ rep_->digits()[i]);
  return hash;
}

int Number::compare(const Number& other) const {
  if (rep_->length != other.rep_->length) return rep_->length < other.rep_->length ? -1 : 1;
  for (unsigned i = rep_->length; i > 0; --i) {
    const int difference = rep_->digits()[i - 1] - other.rep_->digits()[i - 1];
    if (difference != 0) return difference;
  }
  return 0;
}

Number Number::plus(const Number& other) const {
  const Rep& longer = rep_->length < other.rep_->length ? *other.rep_ : *rep_;
  const Rep& shorter = rep_->length < other.rep_->length ? *rep_ : *other.rep_;
  Number sum(reserve(longer.length + 1U));
  std::uint32_t carry = 0;
  for (unsigned i = 0; i < longer.length; ++i) {
    carry += longer.digits()[i];
    if (i < shorter.length) carry += shorter.digits()[i];
    sum.rep_->digits()[i] = static_cast<std::uint16_t>(carry);
    carry >>= kDigitBits;
  }
  sum.rep_->digits()[longer.length] = static_cast<std::uint16_t>(carry);
  sum.trim();
  return sum;
}

Number Number::minus(const Number& other) const {
  Number difference(reserve(rep_->length));
  std::uint32_t borrow = 0;
  for (unsigned i = 0; i < rep_->length; ++i) {
    const std::uint32_t taken = (i < other.rep_->length ? other.rep_->digits()[i] : 0U) + borrow;
    const std::uint32_t digit = rep_->digits()[i] - taken;
    difference.rep_->digits()[i] = static_cast<std::uint16_t>(digit);
    borrow = digit > kDigitMask ? 1 : 0;
  }
  difference.trim();
  return difference;
}

Number Number::times(const Number& other) const {
  const unsigned digits = rep_->length + other.rep_->length;
  Number product(reserve(digits));
  std::uint16_t* const to = product.rep_->digits();
  std::fill_n(to, digits, std::uint16_t{0});
  for (unsigned i = 0; i < rep_->length; ++i) {
    std::uint32_t carry = 0;
    const std::uint32_t factor = rep_->digits()[i];
    for (unsigned j = 0; j < other.rep_->length; ++j) {
      carry += factor * other.rep_->digits()[j] + to[i + j];
      to[i + j] = static_cast<std::uint16_t>(carry);
      carry >>= kDigitBits;
    }
    to[i + other.rep_->length] = static_cast<std::uint16_t>(carry);
  }
  product.trim();
  return product;
}

Number Number::divide_digit(std::uint16_t divisor, std::uint16_t& remainder) const {
  Number quotient(reserve(rep_->length));
  std::uint32_t rest = 0;
  for (unsigned i = rep_->length; i > 0; --i) {
    rest = rest << kDigitBits | rep_->digits()[i - 1];
    quotient.rep_->digits()[i - 1] = static_cast<std::uint16_t>(rest / divisor);
    rest %= divisor;
  }
  remainder = static_cast<std::uint16_t>(rest);
  quotient.trim();
  return quotient;
}

std::uint32_t Number::modulo_digit(std::uint16_t divisor) const {
  std::uint64_t rest = 0;
  unsigned i = rep_->length;
  if (i % 2 != 0) rest = rep_->digits()[--i] % divisor;
  for (; i > 0; i -= 2) {  // two digits at a time
    const std::uint32_t low = std::uint32_t{rep_->digits()[i - 1]} << kDigitBits;
    rest = (rest << (2 * kDigitBits) | low | rep_->digits()[i - 2]) % divisor;
  }
  return static_cast<std::uint32_t>(rest);
}

std::uint32_t Number::small_value() const {
  if (rep_->length > 2) return ~std::uint32_t{0};
  std::uint32_t value = 0;
  for (unsigned i = rep_->length; i > 0; --i) {
    value = value << kDigitBits | rep_->digits()[i - 1];
  }
  return value;
}

namespace {

// rest[0..n] -= digit * divisor[0..n-1]; true if that came out negative.
bool subtract_multiple(std::uint16_t* rest, const std::uint16_t* divisor, unsigned n,
                       std::uint32_t digit) {
  std::uint32_t carry = 0;
  std::uint32_t borrow = 0;
  for (unsigned i = 0; i <= n; ++i) {
    if (i < n) carry += digit * divisor[i];
    const std::uint32_t taken = (carry & kDigitMask) + borrow;
    carry >>= kDigitBits;
    const std::uint32_t left = rest[i] - taken;
    rest[i] = static_cast<std::uint16_t>(left);
    borrow = left > kDigitMask ? 1 : 0;
  }
  return borrow != 0;
}

void add_back(std::uint16_t* rest, const std::uint16_t* divisor, unsigned n) {
  std::uint32_t carry = 0;
  for (unsigned i = 0; i < n; ++i) {
    carry += std::uint32_t{rest[i]} + divisor[i];
    rest[i] = static_cast<std::uint16_t>(carry);
    carry >>= kDigitBits;
  }
  rest[n] = static_cast<std::uint16_t>(rest[n] + carry);
}

// Guesses a digit of the quotient from the top digits: never too small, and at most two too large.
std::uint32_t guess_digit(const std::uint16_t* rest, const std::uint16_t* divisor, unsigned n) {
  const std::uint32_t top = std::uint32_t{rest[n]} << kDigitBits | rest[n - 1];
  std::uint64_t guess = top / divisor[n - 1];
  std::uint64_t left = top % divisor[n - 1];
  while (guess > kDigitMask || guess * divisor[n - 2] > (left << kDigitBits | rest[n - 2])) {
    --guess;
    left += divisor[n - 1];
    if (left > kDigitMask) break;
  }
  return static_cast<std::uint32_t>(guess);
}

}  // namespace

Number::Division Number::divide(const Number& divisor) const {
  if (compare(divisor) < 0) return {Number(), *this};
  if (divisor.rep_->length == 1) {
    std::uint16_t rest = 0;
    Number quotient = divide_digit(divisor.rep_->digits()[0], rest);
    return {std::move(quotient), Number(rest)};
  }
  // Both are scaled so that the divisor's top bit is set.
  const unsigned n = divisor.rep_->length;
  const unsigned m = rep_->length - n;
  const auto shift = static_cast<unsigned>(std::countl_zero(divisor.rep_->digits()[n - 1]));
  const std::uint32_t scale = 1U << shift;
  const Number by = divisor.times(Number(scale));
  Number rest(reserve(rep_->length + 1U));
  std::uint32_t carry = 0;
  for (unsigned i = 0; i < rep_->length; ++i) {
    carry += rep_->digits()[i] * scale;
    rest.rep_->digits()[i] = static_cast<std::uint16_t>(carry);
    carry >>= kDigitBits;
  }
  rest.rep_->digits()[rep_->length] = static_cast<std::uint16_t>(carry);
  Number quotient(reserve(m + 1));
  for (unsigned i = m + 1; i > 0; --i) {
    std::uint16_t* const part = rest.rep_->digits() + i - 1;
    std::uint32_t digit = guess_digit(part, by.rep_->digits(), n);
    if (subtract_multiple(part, by.rep_->digits(), n, digit)) {
      --digit;
      add_back(part, by.rep_->digits(), n);
    }
    quotient.rep_->digits()[i - 1] = static_cast<std::uint16_t>(digit);
  }
  rest.trim();
  quotient.trim();
  std::uint16_t none = 0;
  return {std::move(quotient),
          scale == 1 ? rest : rest.divide_digit(static_cast<std::uint16_t>(scale), none)};
}

Number Number::modulo(const Number& divisor) const { return divide(divisor).remainder; }

Number Number::square_root() const {
  Number root(1);
  const Number two(2);
  for (unsigned i = 0; i < bits() / 2 + 1; ++i) root = root.times(two);
  for (;;) {  // Newton's steps, from above
    std::uint16_t none = 0;
    Number next = divide(root).quotient.plus(root).divide_digit(2, none);
    if (next.compare(root) >= 0) return root;
    root = std::move(next);
  }
}

Number greatest_common_divisor(Number a, Number b) {
  while (!b.is_zero()) {
    Number rest = a.modulo(b);
    a = std::move(b);
    b = std::move(rest);
  }
  return a;
}

}  // namespace quintet::workloads
