// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "platform/clock.hpp"
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

// A clock that costs less than the 32 operations between two readings: the time-stamp counter
// where it ticks evenly on all cores, else platform::now_ns(). Safe from any thread.
namespace quintet::bench::node_replication_cases {

class Ticks {
 public:
  // Compares the counter with the clock once, for a few milliseconds.
  static const Ticks& get() {
    static const Ticks ticks;
    return ticks;
  }

  [[nodiscard]] std::uint64_t now() const noexcept {
#if defined(__x86_64__)
    if (even_) [[likely]]
      return __rdtsc();
#endif
    return static_cast<std::uint64_t>(platform::now_ns());
  }
  [[nodiscard]] double to_ns(std::uint64_t ticks) const noexcept {
    return static_cast<double>(ticks) * ns_per_tick_;
  }
  [[nodiscard]] std::uint64_t from_ns(std::uint64_t ns) const noexcept {
    return static_cast<std::uint64_t>(static_cast<double>(ns) / ns_per_tick_);
  }

 private:
  Ticks() : even_(is_even()) {
    if (!even_) return;
    constexpr std::int64_t kCompareNs = 5'000'000;
    const platform::Stopwatch watch;
    const std::uint64_t first = now();
    while (watch.ns() < kCompareNs) {
    }
    const std::uint64_t last = now();
    ns_per_tick_ = static_cast<double>(watch.ns()) / static_cast<double>(last - first);
  }

  static bool is_even() {
#if defined(__x86_64__)
    constexpr unsigned kAdvancedPower = 0x8000'0007;
    constexpr unsigned kInvariant = 1U << 8;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(kAdvancedPower, &a, &b, &c, &d) != 0 && (d & kInvariant) != 0;
#else
    return false;
#endif
  }

  bool even_;
  double ns_per_tick_ = 1;
};

}  // namespace quintet::bench::node_replication_cases
