// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "shifting_buffer.hpp"
#include "support.hpp"

// The row sh8bench: sh6 with a million slots and the sizes of a histogram, from 8 bytes to 165 KiB;
// before that, the main thread makes blocks of 8 bytes, portion by portion, and all threads free
// them, each every so many-th. What the buffers hold at the end is not freed.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kSlots = 1'000'000;
constexpr std::uint64_t kRounds = 2800;  // over the histogram, of all threads
constexpr std::uint64_t kHandedBlocks = 10'000'000;
constexpr std::uint64_t kHandedAtATime = 1'000'000;

struct Class {
  std::size_t size;
  int count;
};
constexpr Class kHistogram[] = {{8, 1000},  {16, 5000}, {48, 1000}, {72, 100},
                                {148, 100}, {200, 100}, {520, 10},  {1056, 5},
                                {4096, 3},  {9162, 1},  {34562, 1}, {168524, 1}};

std::uint64_t one_round(ShiftingBuffer& buffer) {
  std::uint64_t blocks = 0;
  for (const Class& entry : kHistogram) {
    for (int i = 0; i < entry.count; ++i) buffer.put(entry.size);
    blocks += static_cast<std::uint64_t>(entry.count);
  }
  return blocks;
}

// The main thread's blocks, freed by all.
void hand_out(const Flags& flags, Tally& tally) {
  std::vector<std::uint64_t*> blocks;
  for (std::uint64_t left = flags.scaled(kHandedBlocks); left > 0; left -= blocks.size()) {
    blocks.resize(std::min(left, kHandedAtATime));
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      blocks[i] = checked(static_cast<std::uint64_t*>(std::malloc(sizeof(std::uint64_t))));
      *blocks[i] = left - i;
    }
    run_team(flags.threads, [&](std::uint64_t member) {
      Outcome part;
      for (std::size_t i = member; i < blocks.size(); i += flags.threads) {
        verify(*blocks[i] == left - i);
        part.checksum += *blocks[i];
        std::free(blocks[i]);
        ++part.operations;
      }
      tally.add(member, part);
    });
  }
}

Outcome work(const Flags& flags) {
  const std::uint64_t rounds = flags.scaled(kRounds);
  Tally tally;
  hand_out(flags, tally);
  run_team(flags.threads, [&](std::uint64_t member) {
    ShiftingBuffer buffer(kSlots / flags.threads);
    Outcome part;
    for (std::uint64_t i = share(rounds, member, flags.threads); i > 0; --i) {
      part.operations += one_round(buffer);
    }
    part.checksum = buffer.checksum();
    tally.add(member, part);
  });
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"sh8", "the buffer of sh6, larger, with blocks of 8 bytes to 165 KiB.",
              Threads::kMany, work},
             argc, argv);
}
