// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <vector>

#include "number.hpp"
#include "support.hpp"

// The row cfrac: factors 17545186520507317056371138836327483792789528 by continued fractions, the
// method of Morrison and Brillhart, with an early abort and relations that share one large prime.
// Each number that it computes is a block of its own. The whole work finds the factors; a part of
// it is so many steps of the expansion, which are too few for that.
//
// With k times the number as n, step i of the expansion of sqrt(n) has A^2 = (-1)^i Q (mod n), and
// Q is below 2 sqrt(n). Q's that consist of small primes are collected until their product over
// some subset is a square.
namespace quintet::workloads {
namespace {

constexpr const char* kComposite = "17545186520507317056371138836327483792789528";
constexpr std::uint64_t kMultiplier = 59;  // many small primes divide the Q's then
constexpr std::uint64_t kSteps = 4'360'000;
constexpr std::size_t kPrimes = 550;
constexpr std::size_t kRows = kPrimes + 40;
constexpr std::size_t kColumns = kPrimes + 1;  // the primes, and -1
constexpr std::size_t kAbortAfter = 40;        // primes: what is left by then must be short
constexpr unsigned kAbortBits = 52;
constexpr std::uint32_t kMaxLargePrime = 100'000;

struct Free {
  void operator()(std::uint16_t* block) const { std::free(block); }
};

// root^2 = (-1)^exponents[0] * product of prime[i]^exponents[i + 1] * large^2 (mod n).
struct Relation {
  Number root;
  Number large{1};
  std::unique_ptr<std::uint16_t[], Free> exponents;
};

// A relation that lacks a partner with the same large prime.
struct Partial {
  Number root;
  bool negative = false;
};

class Factoring {
 public:
  explicit Factoring(const Number& composite);
  /// Collects relations from so many steps of the expansion.
  void expand(std::uint64_t steps);
  [[nodiscard]] bool enough() const { return used_ == rows_.size(); }
  /// Requires enough(). A proper factor, or 1 if the relations do not yield one.
  [[nodiscard]] Number solve();
  [[nodiscard]] std::uint64_t checksum() const { return checksum_; }

 private:
  using BitRow = std::vector<std::uint64_t>;  // exponents modulo 2, then one bit for each row

  void choose_primes();
  // Divides `value` by the primes; adds to `exponents` if that is not null. Answers what is left.
  [[nodiscard]] Number divide_out(Number value, std::uint16_t* exponents) const;
  void look_at(const Number& root, const Number& value, bool negative);
  void combine(const Partial& first, const Partial& second, std::uint32_t large);
  void add_factors(const Partial& part, std::uint16_t* exponents) const;
  void finish_row();
  void fill_matrix();
  [[nodiscard]] Number power_product(const std::uint16_t* halves) const;
  [[nodiscard]] Number try_square(const BitRow& members) const;

  Number composite_;
  Number n_;  // composite times multiplier
  Number root_of_n_;
  std::vector<std::uint16_t> primes_;
  std::vector<Relation> rows_;
  std::vector<BitRow> matrix_;
  std::size_t used_ = 0;
  std::unordered_map<std::uint32_t, Partial> partials_;
  std::uint64_t checksum_ = 0;
};

Factoring::Factoring(const Number& composite)
    : composite_(composite),
      n_(composite.times(Number(kMultiplier))),
      root_of_n_(n_.square_root()),
      rows_(kRows),
      matrix_(kRows, BitRow((kColumns + kRows + 63) / 64)) {
  choose_primes();
  for (Relation& row : rows_) {
    row.exponents.reset(
        checked(static_cast<std::uint16_t*>(std::calloc(kColumns, sizeof(std::uint16_t)))));
  }
}

// Primes modulo which n is a square: no other can divide a Q.
void Factoring::choose_primes() {
  const auto is_prime = [](std::uint32_t p) {
    for (std::uint32_t d = 2; d * d <= p; ++d) {
      if (p % d == 0) return false;
    }
    return true;
  };
  for (std::uint32_t p = 2; primes_.size() < kPrimes; ++p) {
    if (!is_prime(p)) continue;
    std::uint64_t base = n_.modulo_digit(static_cast<std::uint16_t>(p));
    std::uint64_t power = 1;  // base^((p - 1) / 2), by Euler's criterion
    const bool divides = base == 0;
    for (std::uint32_t e = (p - 1) / 2; e != 0; e /= 2) {
      if (e % 2 != 0) power = power * base % p;
      base = base * base % p;
    }
    if (p == 2 || divides || power == 1) primes_.push_back(static_cast<std::uint16_t>(p));
  }
}

Number Factoring::divide_out(Number value, std::uint16_t* exponents) const {
  for (std::size_t i = 0; i < primes_.size() && !value.is_one(); ++i) {
    if (i == kAbortAfter && value.bits() > kAbortBits) return value;
    while (value.modulo_digit(primes_[i]) == 0) {
      std::uint16_t none = 0;
      value = value.divide_digit(primes_[i], none);
      if (exponents != nullptr) ++exponents[i + 1];
    }
  }
  return value;
}

void Factoring::look_at(const Number& root, const Number& value, bool negative) {
  const Number left = divide_out(value, nullptr);
  if (left.small_value() > kMaxLargePrime || enough()) return;
  const Partial found{.root = root, .negative = negative};
  const std::uint32_t large = left.small_value();
  if (large == 1) {
    rows_[used_].root = root;
    add_factors(found, rows_[used_].exponents.get());
    finish_row();
    return;
  }
  const auto [other, is_new] = partials_.try_emplace(large, found);
  if (!is_new) combine(other->second, found, large);
}

void Factoring::add_factors(const Partial& part, std::uint16_t* exponents) const {
  Number square = part.root.times(part.root).modulo(n_);
  if (part.negative) {
    square = n_.minus(square);
    ++exponents[0];
  }
  (void)divide_out(square, exponents);
}

void Factoring::combine(const Partial& first, const Partial& second, std::uint32_t large) {
  Relation& row = rows_[used_];
  row.root = first.root.times(second.root).modulo(n_);
  row.large = Number(large);
  add_factors(first, row.exponents.get());
  add_factors(second, row.exponents.get());
  finish_row();
}

// Computes both sides of the relation from what was stored of it.
void Factoring::finish_row() {
  const Relation& row = rows_[used_++];
  Number right = power_product(row.exponents.get()).times(row.large).times(row.large).modulo(n_);
  if (row.exponents[0] % 2 != 0) right = n_.minus(right);
  verify(row.root.times(row.root).modulo(n_).compare(right) == 0);
  checksum_ += row.root.hash();
}

// The product of the primes to these powers, modulo n.
Number Factoring::power_product(const std::uint16_t* powers) const {
  Number product(1);
  for (std::size_t i = 0; i < primes_.size(); ++i) {
    const Number prime(primes_[i]);
    for (unsigned j = 0; j < powers[i + 1]; ++j) product = product.times(prime).modulo(n_);
  }
  return product;
}

void Factoring::expand(std::uint64_t steps) {
  Number p = root_of_n_;
  Number q_before(1);
  Number q = n_.minus(p.times(p));
  Number a_before(1);
  Number a = root_of_n_;
  for (std::uint64_t i = 1; i <= steps; ++i) {
    look_at(a, q, i % 2 != 0);
    const Number term = root_of_n_.plus(p).divide(q).quotient;
    Number p_next = term.times(q).minus(p);
    Number q_next = p.compare(p_next) < 0 ? q_before.minus(term.times(p_next.minus(p)))
                                          : q_before.plus(term.times(p.minus(p_next)));
    Number a_next = term.times(a).plus(a_before).modulo(n_);
    p = std::move(p_next);
    q_before = std::exchange(q, std::move(q_next));
    a_before = std::exchange(a, std::move(a_next));
  }
  checksum_ += mix(a.hash()) + partials_.size();
}

void Factoring::fill_matrix() {
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kColumns; ++j) {
      matrix_[i][j / 64] |= (rows_[i].exponents[j] & std::uint64_t{1}) << j % 64;
    }
    matrix_[i][(kColumns + i) / 64] |= std::uint64_t{1} << (kColumns + i) % 64;
  }
}

// Gauss' elimination modulo 2. A row whose exponents are all gone says which relations to multiply.
Number Factoring::solve() {
  fill_matrix();
  const auto bit = [](const BitRow& row, std::size_t at) { return (row[at / 64] >> at % 64) & 1U; };
  std::size_t rank = 0;
  for (std::size_t column = 0; column < kColumns; ++column) {
    const auto pivot =
        std::find_if(matrix_.begin() + static_cast<std::ptrdiff_t>(rank), matrix_.end(),
                     [&](const BitRow& row) { return bit(row, column) != 0; });
    if (pivot == matrix_.end()) continue;
    std::swap(*pivot, matrix_[rank]);
    for (std::size_t i = rank + 1; i < kRows; ++i) {
      if (bit(matrix_[i], column) == 0) continue;
      for (std::size_t w = 0; w < matrix_[i].size(); ++w) matrix_[i][w] ^= matrix_[rank][w];
    }
    ++rank;
  }
  for (std::size_t i = rank; i < kRows; ++i) {
    BitRow members((kRows + 63) / 64);
    for (std::size_t j = 0; j < kRows; ++j) {
      members[j / 64] |= bit(matrix_[i], kColumns + j) << j % 64;
    }
    Number factor = try_square(members);
    if (!factor.is_one() && factor.compare(composite_) < 0) return factor;
  }
  return Number(1);
}

Number Factoring::try_square(const BitRow& members) const {
  std::vector<std::uint16_t> powers(kColumns);
  Number left(1);
  Number right(1);
  for (std::size_t i = 0; i < kRows; ++i) {
    if (((members[i / 64] >> i % 64) & 1U) == 0) continue;
    left = left.times(rows_[i].root).modulo(n_);
    right = right.times(rows_[i].large).modulo(n_);
    for (std::size_t j = 0; j < powers.size(); ++j) {
      powers[j] = static_cast<std::uint16_t>(powers[j] + rows_[i].exponents[j]);
    }
  }
  for (std::uint16_t& power : powers) {
    verify(power % 2 == 0);
    power /= 2;
  }
  right = right.times(power_product(powers.data())).modulo(n_);
  const Number difference = left.compare(right) < 0 ? right.minus(left) : left.minus(right);
  return greatest_common_divisor(difference, composite_);
}

Outcome work(const Flags& flags) {
  Number composite = Number::parse(kComposite);
  while (composite.modulo_digit(2) == 0) {
    std::uint16_t none = 0;
    composite = composite.divide_digit(2, none);
  }
  Factoring factoring(composite);
  const std::uint64_t steps = flags.scaled(kSteps);
  factoring.expand(steps);
  Outcome outcome{.checksum = factoring.checksum(), .operations = steps};
  if (!factoring.enough()) return outcome;
  const Number factor = factoring.solve();
  if (factor.is_one() || !composite.modulo(factor).is_zero()) fail("the factors are wrong");
  outcome.checksum += factor.hash();
  return outcome;
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run(
      {"cfrac", "factors a number of 44 digits by continued fractions.", Threads::kOne, work}, argc,
      argv);
}
