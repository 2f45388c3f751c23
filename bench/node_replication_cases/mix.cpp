// SPDX-License-Identifier: MIT
#include "node_replication_cases/mix.hpp"

#include <pthread.h>

#include <algorithm>
#include <latch>
#include <numeric>
#include <thread>

#include "base/assert.hpp"
#include "support/percentiles.hpp"

namespace quintet::bench::node_replication_cases {
namespace {

// Samples of all threads together, so that many threads fill no more memory than few.
constexpr std::size_t kSamples = std::size_t{1} << 21;
constexpr std::size_t kLeastSamples = std::size_t{1} << 14;

std::expected<void, NoSample> run_free(std::size_t threads, const Body& body) {
  std::latch ready(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::jthread> members;
  for (std::size_t member = 0; member < threads; ++member) {
    members.emplace_back([&, member] {
      ready.arrive_and_wait();
      body(member);
    });
  }
  return {};
}

}  // namespace

void Record::append_to(std::vector<std::uint64_t>& all) const {
  const auto kept = static_cast<std::ptrdiff_t>(std::min(count_, ticks_.size()));
  all.insert(all.end(), ticks_.begin(), ticks_.begin() + kept);
}

Window::Window(std::size_t threads)
    : records_(threads),
      duration_(Ticks::get().from_ns(
          static_cast<std::uint64_t>(std::chrono::nanoseconds(team_duration()).count()))) {
  for (Record& record : records_) {
    record.reserve(std::max(kLeastSamples, kSamples / threads));
  }
}

std::uint64_t Window::arrive() {
  std::uint64_t began = 0;
  const std::uint64_t now = Ticks::get().now();
  // relaxed: a number, and nothing that depends on it.
  const bool first = began_.compare_exchange_strong(began, now, std::memory_order_relaxed);
  return first ? now : began;
}

Outcome Window::outcome() const {
  const Ticks& ticks = Ticks::get();
  std::vector<std::uint64_t> all;
  std::uint64_t ended = 0;
  std::uint64_t longest = 0;
  std::uint64_t operations = 0;
  std::uint64_t fewest = UINT64_MAX;
  std::uint64_t most = 0;
  for (const Record& record : records_) {
    record.append_to(all);
    ended = std::max(ended, record.ended);
    longest = std::max(longest, record.longest());
    operations += record.operations();
    fewest = std::min(fewest, record.operations());
    most = std::max(most, record.operations());
  }
  if (operations == 0) return fail("no thread did anything");
  const double seconds = ticks.to_ns(ended - began_) * 1e-9;
  const double threads = static_cast<double>(records_.size());
  const auto us = [&](std::uint64_t value) { return ticks.to_ns(value) * 1e-3; };
  return Sample{seconds}
      .with("ns_per_op", seconds * 1e9 * threads / static_cast<double>(operations))
      .with("mops", static_cast<double>(operations) / seconds * 1e-6)
      .with("fairness", static_cast<double>(fewest) / static_cast<double>(most))
      .with("p50_us", us(nearest_rank(std::span(all), 0.5)))
      .with("p99_us", us(nearest_rank(std::span(all), 0.99)))
      .with("max_us", us(longest));
}

std::expected<void, NoSample> run_members(const Mix& mix, const Body& body) {
  if (mix.pinning == Pinning::kFree) return run_free(mix.threads, body);
  const auto team = make_team(mix.threads);
  if (!team) return std::unexpected(team.error());
  const auto ran = team->run_once([&](std::size_t member) -> std::uint64_t {
    body(member);
    return 1;
  });
  if (!ran) return std::unexpected(NoSample{ran.error().message()});
  return {};
}

Near near_replica(const Mix& mix, std::size_t replica) {
  if (numa_nodes() == 1 || mix.pinning == Pinning::kFree) {
    return [](const std::function<void()>& work) { work(); };
  }
  const auto team = make_team(mix.threads);
  QT_CHECK(team.has_value(), "the team of the run is there, or it would have failed");
  std::size_t member = 0;
  while (mix.replica_of(member) < replica) ++member;
  return [unit = team->units()[member]](const std::function<void()>& work) {
    std::jthread([&] {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(unit.os_index, &set);
      // Where that fails, the memory is where the system puts it.
      static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
      work();
    }).join();
  };
}

}  // namespace quintet::bench::node_replication_cases
