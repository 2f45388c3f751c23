// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>

// Wall time for measurements: steady, in nanoseconds. One reading costs tens of nanoseconds, so
// time batches and not single operations. Safe from any thread.
namespace quintet::platform {

// Nanoseconds since an arbitrary point that does not change while the machine is up.
[[nodiscard]] inline std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Time since construction.
class Stopwatch {
 public:
  [[nodiscard]] std::int64_t ns() const noexcept { return now_ns() - start_ns_; }
  [[nodiscard]] double seconds() const noexcept { return static_cast<double>(ns()) * 1e-9; }

 private:
  std::int64_t start_ns_ = now_ns();
};

}  // namespace quintet::platform
