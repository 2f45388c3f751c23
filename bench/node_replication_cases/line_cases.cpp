// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/align.hpp"
#include "baselines/back_off.hpp"
#include "node_replication_cases/mix.hpp"
#include "node_replication_cases/settings.hpp"
#include "platform/clock.hpp"

// What everything here waits for: a line that another core has written last. One member writes
// lines, the other then reads them one after another in an order that no processor foresees,
// `ahead` of them fetched before they are needed. One operation is one line. With `own` the reader
// has written them itself. How far fetching ahead hides the way between two cores is what the
// prefetches of the library live on, and what the simulation takes for granted.
namespace quintet::bench::node_replication_cases {
namespace {

struct alignas(kCacheLineBytes) Line {
  std::atomic<std::uint64_t> round = 0;
};

class Lines {
 public:
  Lines() : lines_(kLines), order_(kLines) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::shuffle(order_.begin(), order_.end(), std::mt19937_64(1));
  }
  void write(std::uint64_t round) {
    for (const std::size_t i : order_) lines_[i].round.store(round, std::memory_order_relaxed);
  }
  // Each line is found by what the one before it said.
  void read(std::uint64_t round, std::size_t ahead) const {
    std::uint64_t off = 0;  // stays 0
    for (std::size_t i = 0; i < kLines; ++i) {
      if (ahead > 0) __builtin_prefetch(&lines_[order_[std::min(i + ahead, kLines - 1)]]);
      off = lines_[order_[i] + off].round.load(std::memory_order_relaxed) - round;
    }
    consume(off);
  }

  static constexpr std::size_t kLines = 256;  // half of a small first-level cache

 private:
  std::vector<Line> lines_;
  std::vector<std::size_t> order_;
};

Outcome transfer(std::size_t ahead, bool own) {
  Lines lines;
  constexpr std::uint64_t kRounds = 400;
  // Twice the round while the writer is at work, and one more while the reader is.
  std::atomic<std::uint64_t> turn = 0;
  const auto wait_for = [&turn](std::uint64_t value) {
    for (baselines::BackOff back_off; turn.load(std::memory_order_acquire) != value;) {
      back_off.wait();
    }
  };
  double seconds = 0;
  const auto ran = run_members({100, 1, 2}, [&](std::size_t member) {
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      wait_for(2 * round + member);
      if (member == 0) {
        if (!own) lines.write(round);
      } else {
        if (own) lines.write(round);
        const platform::Stopwatch watch;
        lines.read(round, ahead);
        seconds += watch.seconds();
      }
      turn.store(2 * round + member + 1, std::memory_order_release);
    }
  });
  if (!ran) return std::unexpected(ran.error());
  return Sample::per_op(seconds, kRounds * Lines::kLines);
}

}  // namespace

void register_line_cases() {
  if (team_sizes().back() < 2) return;
  register_case("node_replication/line/own", [] { return transfer(0, true); });
  for (const std::size_t ahead : {0U, 1U, 2U, 4U, 8U, 16U}) {
    register_case("node_replication/line/transfer/ahead:" + std::to_string(ahead),
                  [ahead] { return transfer(ahead, false); });
  }
}

}  // namespace quintet::bench::node_replication_cases
