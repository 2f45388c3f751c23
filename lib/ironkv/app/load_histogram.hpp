// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"

// How often which latency occurred, in bounded memory (58 KiB) for runs of any length: buckets that
// are a 128th as wide as the power of two they lie in. Percentiles are by nearest rank, as those of
// bench/support/percentiles.hpp, and at most 0.4 % from the sample of that rank; numbers below 256,
// the least, the greatest and the mean are exact.
// Threading: as a number.
namespace quintet::ironkv::app {

class LatencyHistogram {
 public:
  void add(std::uint64_t value) {
    ++counts_[bucket_of(value)];
    ++count_;
    sum_ += value;
    least_ = std::min(least_, value);
    most_ = std::max(most_, value);
  }

  void merge(const LatencyHistogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    least_ = std::min(least_, other.least_);
    most_ = std::max(most_, other.most_);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // All of these are 0 while there are no samples.
  [[nodiscard]] std::uint64_t least() const { return count_ == 0 ? 0 : least_; }
  [[nodiscard]] std::uint64_t most() const { return most_; }
  [[nodiscard]] double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  // The sample that at least this share of all samples do not exceed. Requires: 0 < share <= 1.
  [[nodiscard]] std::uint64_t percentile(double share) const {
    QT_ASSERT(share > 0 && share <= 1);
    if (count_ == 0) return 0;
    // The subtraction takes back what rounding adds: 0.07 * 100 is above 7, and its rank is 7.
    const double exact = std::ceil(share * static_cast<double>(count_) - 1e-9);
    const auto rank = std::clamp(static_cast<std::uint64_t>(exact), std::uint64_t{1}, count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += counts_[i];
      if (seen >= rank) return std::clamp(middle_of(i), least_, most_);
    }
    return most_;
  }

 private:
  static constexpr int kBits = 7;
  static constexpr std::size_t kHalf = std::size_t{1} << kBits;  // buckets of a power of two
  static constexpr std::size_t kBuckets = (64 - kBits + 1) * kHalf;

  // By how much numbers of this size are shifted, so that 8 bits are left.
  static constexpr unsigned shift_of(std::uint64_t value) {
    return static_cast<unsigned>(std::max(0, static_cast<int>(std::bit_width(value)) - kBits - 1));
  }
  static constexpr std::size_t bucket_of(std::uint64_t value) {
    const unsigned shift = shift_of(value);
    return shift * kHalf + static_cast<std::size_t>(value >> shift);
  }
  static constexpr std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < 2 * kHalf) return bucket;
    const std::size_t shift = bucket / kHalf - 1;
    const std::uint64_t least = std::uint64_t{bucket % kHalf + kHalf} << shift;
    return least + (std::uint64_t{1} << shift) / 2;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;  // of nanoseconds: enough for 584 years of waiting
  std::uint64_t least_ = ~std::uint64_t{0};
  std::uint64_t most_ = 0;
};

}  // namespace quintet::ironkv::app
