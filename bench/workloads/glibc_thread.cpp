// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "support.hpp"

// The row glibc-thread: each thread has 1024 slots, takes one at random, and frees the block there
// or allocates one. The chance of a size falls with its square: three of four blocks are of at most
// 16 bytes, and the largest of 32 KiB. Every byte is written.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kSteps = 150'000'000;
constexpr std::uint64_t kSlots = 1024;
constexpr std::uint64_t kSizesInTable = 1U << 16U;
constexpr double kMinSize = 4;
constexpr double kMaxSize = 32768;

// Sizes at equal steps of the distribution's quantile.
std::vector<std::uint16_t> size_table() {
  std::vector<std::uint16_t> sizes;
  sizes.reserve(kSizesInTable);
  for (std::uint64_t i = 0; i < kSizesInTable; ++i) {
    const double quantile = (static_cast<double>(i) + 0.5) / static_cast<double>(kSizesInTable);
    const double inverse = 1 / kMinSize - quantile * (1 / kMinSize - 1 / kMaxSize);
    sizes.push_back(static_cast<std::uint16_t>(std::min(1 / inverse, kMaxSize)));
  }
  return sizes;
}

struct Slot {
  unsigned char* block = nullptr;
  std::size_t size = 0;
};

// Frees the block of a slot; answers its first and last bytes, which were written alike.
std::uint64_t release(Slot& slot) {
  const std::uint64_t first = slot.block[0];
  verify(slot.block[slot.size - 1] == first);
  std::free(slot.block);
  slot.block = nullptr;
  return first * slot.size;
}

Outcome one_thread(std::uint64_t member, std::uint64_t steps,
                   const std::vector<std::uint16_t>& sizes) {
  Outcome outcome;
  Random random(member);
  std::vector<Slot> slots(kSlots);
  for (std::uint64_t step = 0; step < steps; ++step) {
    const std::uint64_t word = random.next();
    Slot& slot = slots[word % kSlots];
    if (slot.block != nullptr) {
      outcome.checksum += release(slot);
      continue;
    }
    slot.size = sizes[(word >> 16U) % kSizesInTable];
    slot.block = checked(static_cast<unsigned char*>(std::malloc(slot.size)));
    std::memset(slot.block, static_cast<int>(word >> 56U), slot.size);
    ++outcome.operations;
  }
  for (Slot& slot : slots) {
    if (slot.block != nullptr) outcome.checksum += release(slot);
  }
  return outcome;
}

Outcome work(const Flags& flags) {
  const std::vector<std::uint16_t> sizes = size_table();
  const std::uint64_t steps = flags.scaled(kSteps);
  Tally tally;
  run_team(flags.threads, [&](std::uint64_t member) {
    tally.add(member, one_thread(member, share(steps, member, flags.threads), sizes));
  });
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"glibc_thread", "random slots, sizes of 4 to 32768 by their inverse square.",
              Threads::kMany, work},
             argc, argv);
}
