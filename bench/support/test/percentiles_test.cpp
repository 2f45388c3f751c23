// SPDX-License-Identifier: MIT
#include "support/percentiles.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "testing/catch.hpp"
#include "testing/rapidcheck.hpp"

namespace {

using namespace quintet::bench;

TEST_CASE("percentiles of 1 to 1000 are their own ranks") {
  std::vector<int> samples(1000);
  std::iota(samples.rbegin(), samples.rend(), 1);  // worst order
  const auto result = percentiles(std::span(samples));
  CHECK(result.n == 1000);
  CHECK(result.p50 == 500);
  CHECK(result.p90 == 900);
  CHECK(result.p99 == 990);
  CHECK(result.p999 == 999);
  CHECK(result.max == 1000);
}

TEST_CASE("a share that is not exact in binary has the exact rank") {
  std::vector<int> samples(100);
  std::iota(samples.begin(), samples.end(), 1);
  for (int percent = 1; percent <= 100; ++percent) {
    CHECK(nearest_rank(std::span(samples), percent / 100.0) == percent);
  }
}

TEST_CASE("one sample is every percentile") {
  std::vector<double> samples = {7.5};
  const auto result = percentiles(std::span(samples));
  CHECK(result.p50 == 7.5);
  CHECK(result.p999 == 7.5);
}

TEST_CASE("the nearest rank is the smallest sample that covers the share") {
  rc::prop("compared with counting", [] {
    auto samples = *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::uint32_t>>());
    const int percent = *rc::gen::inRange(1, 101);
    const auto covered = [&](std::uint32_t value) {  // in exact integers
      return std::ranges::count_if(samples, [&](std::uint32_t s) { return s <= value; }) * 100 >=
             std::ssize(samples) * percent;
    };
    const std::uint32_t rank = nearest_rank(std::span(samples), percent / 100.0);
    RC_ASSERT(covered(rank));
    for (const std::uint32_t sample : samples) RC_ASSERT(sample >= rank || !covered(sample));
  });
}

}  // namespace
