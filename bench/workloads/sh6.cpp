// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "shifting_buffer.hpp"
#include "support.hpp"

// The row sh6bench: each thread goes through sizes below 1000, from each base size down by halves,
// small ones five times as often, and keeps the blocks in a buffer that is emptied from both ends.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kCalls = 10'000;
constexpr std::size_t kMaxSize = 1000;
constexpr std::size_t kSmall = 100;
constexpr int kBlocksPerSize = 50;
constexpr int kBlocksPerSmallSize = 250;

std::uint64_t one_round(ShiftingBuffer& buffer) {
  std::uint64_t blocks = 0;
  for (std::size_t base = 1; base < kMaxSize; base = base * 3 / 2 + 1) {
    for (std::size_t size = base; size != 0; size /= 2) {
      const int count = size < kSmall ? kBlocksPerSmallSize : kBlocksPerSize;
      for (int i = 0; i < count; ++i) buffer.put(size);
      blocks += static_cast<std::uint64_t>(count);
    }
  }
  return blocks;
}

Outcome work(const Flags& flags) {
  const std::uint64_t calls = std::max<std::uint64_t>(kCalls / flags.threads, 1);
  Tally tally;
  run_team(flags.threads, [&](std::uint64_t member) {
    ShiftingBuffer buffer(calls);
    Outcome part;
    for (std::uint64_t i = flags.scaled(calls); i > 0; --i) part.operations += one_round(buffer);
    buffer.release_rest();
    part.checksum = buffer.checksum();
    tally.add(member, part);
  });
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"sh6", "blocks of 1 to 709 bytes in a buffer that is emptied from both ends.",
              Threads::kMany, work},
             argc, argv);
}
