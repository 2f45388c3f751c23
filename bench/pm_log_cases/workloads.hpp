// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.hpp"
#include "platform/clock.hpp"
#include "pm_log_cases/counting_memory.hpp"
#include "pm_log_cases/settings.hpp"
#include "support/case.hpp"

// What the log cases do. An implementation `Impl` has append(bytes), which is one round of the
// paper's driver: look how much room is left, empty the log if it does not suffice, append, commit.
// The payload is one buffer of ones, the same every time. One thread runs.
namespace quintet::bench::pm_log_cases {

// Runs op(i) for i in [0, count) and returns the seconds, or a negative number when one failed.
template <class Op>
double time_loop(std::uint64_t count, Op op) {
  bool ok = true;
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!op(i)) [[unlikely]] {
      ok = false;
      break;
    }
  }
  const double seconds = watch.seconds();
  return ok ? seconds : -1;
}

// A sample of `count` operations of `size` bytes each.
inline Outcome per_op(double seconds, std::uint64_t count, std::uint64_t size = 0) {
  if (seconds < 0) return fail("an operation of the workload failed");
  Sample sample = Sample::per_op(seconds, count);
  if (size == 0) return sample;
  const double mib = static_cast<double>(count) * static_cast<double>(size) / kMiB;
  return std::move(sample).with("mib_per_s", mib / seconds);
}

// The payload: like the memory of a large array, it starts at a line.
class Payload {
 public:
  explicit Payload(std::uint64_t size) : lines_((size + 63) / 64), size_(size) {}

  [[nodiscard]] std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(lines_)).first(size_);
  }

 private:
  struct alignas(64) Ones {
    std::array<std::uint64_t, 8> words{kWord, kWord, kWord, kWord, kWord, kWord, kWord, kWord};
    static constexpr std::uint64_t kWord = 0x0101'0101'0101'0101;
  };
  std::vector<Ones> lines_;
  std::uint64_t size_;
};

// Fences and lines of one append, by a few of them on memory that counts.
template <class Counted>
Outcome with_counts(Outcome outcome, const Payload& payload) {
  if (!outcome) return outcome;
  constexpr std::uint64_t kRounds = 16;
  MediaCounts counts;
  std::vector<std::byte> memory((kRounds + 4) * payload.bytes().size() + kMiB);
  Counted impl(CountingMemory(memory, &counts));
  counts = {};
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    if (!impl.append(payload.bytes())) return fail("an append to counting memory failed");
  }
  return std::move(*outcome)
      .with("fences_per_op", static_cast<double>(counts.fences) / kRounds)
      .with("lines_per_op", static_cast<double>(counts.lines) / kRounds);
}

// Appends to a log whose pages were all touched before.
template <class Impl>
Outcome append(std::uint64_t size) {
  const Payload payload(size);
  Impl impl;
  const std::uint64_t count = appends(size);
  const double seconds =
      time_loop(count, [&](std::uint64_t) { return impl.append(payload.bytes()); });
  Outcome outcome = per_op(seconds, count, size);
  if constexpr (std::same_as<typename Impl::Counted, void>) {
    return outcome;
  } else {
    return with_counts<typename Impl::Counted>(std::move(outcome), payload);
  }
}

}  // namespace quintet::bench::pm_log_cases
