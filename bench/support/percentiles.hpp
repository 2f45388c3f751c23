// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "base/assert.hpp"

// Percentiles of raw samples, by nearest rank: pN is the smallest sample that at least N% of all
// samples do not exceed, so every result is a sample that occurred. No histogram, no interpolation.
namespace quintet::bench {

template <class T>
struct Percentiles {
  std::size_t n = 0;
  T p50{};
  T p90{};
  T p99{};
  T p999{};
  T max{};
};

// The sample of rank ceil(share * n). Reorders `samples`. O(n).
// Requires: samples is not empty, 0 < share <= 1.
template <class T>
[[nodiscard]] T nearest_rank(std::span<T> samples, double share) {
  QT_CHECK(!samples.empty() && share > 0 && share <= 1, "no samples or no such share");
  // The subtraction takes back what rounding adds: 0.07 * 100 is above 7, and its rank is 7.
  const double rank = std::ceil(share * static_cast<double>(samples.size()) - 1e-9);
  const auto index = static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
  std::ranges::nth_element(samples, samples.begin() + index);
  return samples[static_cast<std::size_t>(index)];
}

// Reorders `samples`. Requires: samples is not empty.
template <class T>
[[nodiscard]] Percentiles<T> percentiles(std::span<T> samples) {
  return {.n = samples.size(),
          .p50 = nearest_rank(samples, 0.5),
          .p90 = nearest_rank(samples, 0.9),
          .p99 = nearest_rank(samples, 0.99),
          .p999 = nearest_rank(samples, 0.999),
          .max = nearest_rank(samples, 1)};
}

}  // namespace quintet::bench
