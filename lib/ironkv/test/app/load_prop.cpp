// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ironkv/app/load_histogram.hpp"
#include "ironkv/app/load_schedule.hpp"
#include "testing/rapidcheck.hpp"

// Histograms against exact percentiles, and schedules against counting.
namespace quintet::ironkv::app {
namespace {

// Of all magnitudes, where rapidcheck's own are mostly small.
std::vector<std::uint64_t> samples() {
  auto words = *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::uint64_t>>());
  for (std::uint64_t& word : words) {
    word = *rc::gen::arbitrary<std::uint64_t>() * 0x9e3779b97f4a7c15U >>
           *rc::gen::inRange<unsigned>(8, 64);
  }
  return words;
}

std::uint64_t exact(std::vector<std::uint64_t> values, double share) {
  std::ranges::sort(values);
  const double rank = std::ceil(share * static_cast<double>(values.size()) - 1e-9);
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

bool is_near(std::uint64_t found, std::uint64_t wanted) {
  const std::uint64_t off = found > wanted ? found - wanted : wanted - found;
  return off * 250 <= wanted;
}

TEST_CASE("percentiles are within half a percent of the exact ones") {
  rc::prop("of any samples", [] {
    const auto values = samples();
    LatencyHistogram histogram;
    for (const std::uint64_t value : values) histogram.add(value);
    for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      RC_ASSERT(is_near(histogram.percentile(share), exact(values, share)));
    }
    RC_ASSERT(histogram.count() == values.size());
    RC_ASSERT(histogram.most() == *std::ranges::max_element(values));
    RC_ASSERT(histogram.least() == *std::ranges::min_element(values));
  });
}

TEST_CASE("merged histograms are the histogram of all samples") {
  rc::prop("of any samples", [] {
    const auto values = samples();
    LatencyHistogram all;
    LatencyHistogram one;
    LatencyHistogram other;
    for (std::size_t i = 0; i < values.size(); ++i) {
      all.add(values[i]);
      (i % 3 == 0 ? one : other).add(values[i]);
    }
    one.merge(other);
    for (const double share : {0.1, 0.5, 0.9, 1.0}) {
      RC_ASSERT(one.percentile(share) == all.percentile(share));
    }
    RC_ASSERT(one.count() == all.count());
    RC_ASSERT(one.mean() == all.mean());
    RC_ASSERT(one.least() == all.least());
  });
}

TEST_CASE("as many requests are due as the rate says") {
  rc::prop("for any rate and number of clients", [] {
    const auto rate = *rc::gen::inRange<std::uint64_t>(1, 2'000'000);
    const auto clients = *rc::gen::inRange<std::uint32_t>(1, 40);
    const auto begin = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    const auto time = begin + *rc::gen::inRange<std::int64_t>(-5, 100'000'000'000);
    std::uint64_t all = 0;
    for (std::uint32_t client = 0; client < clients; ++client) {
      const Schedule schedule(begin, rate, clients, client);
      const std::uint64_t due = schedule.due_before(time);
      if (due > 0) RC_ASSERT(schedule.due(due - 1) < time);
      RC_ASSERT(schedule.due(due) >= time);
      all += due;
    }
    const double passed = std::max(0.0, static_cast<double>(time - begin));
    RC_ASSERT(std::abs(static_cast<double>(all) - passed * static_cast<double>(rate) * 1e-9) <=
              1.001);
  });
}

}  // namespace
}  // namespace quintet::ironkv::app
