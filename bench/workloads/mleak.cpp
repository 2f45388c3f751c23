// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <cstdlib>

#include "support.hpp"

// The row mleak: many short threads, one generation after another, put blocks of 16 words into
// slots that all share, and free what they find there. An allocator that loses what belongs to a
// thread that has ended grows. 5000 generations are 10 threads each; fewer threads have more of
// them.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kThreadsEver = 50'000;
constexpr std::uint64_t kBlocksPerThread = 100;
constexpr std::size_t kSlots = 1000;
constexpr std::size_t kWords = 16;

using Slots = std::array<std::atomic<std::uint64_t*>, kSlots>;

// Two words of a block say the same, and the rest are still zero.
std::uint64_t release(std::uint64_t* block) {
  if (block == nullptr) return 0;
  const std::uint64_t number = block[0];
  std::uint64_t rest = 0;
  for (std::size_t i = 1; i + 1 < kWords; ++i) rest |= block[i];
  verify(rest == 0 && block[kWords - 1] == number);
  std::free(block);
  return mix(number);
}

std::uint64_t one_thread(Slots& slots, std::uint64_t thread) {
  std::uint64_t sum = 0;
  Random random(thread);
  for (std::uint64_t i = 0; i < kBlocksPerThread; ++i) {
    auto* const block =
        checked(static_cast<std::uint64_t*>(std::calloc(kWords, sizeof(std::uint64_t))));
    block[0] = block[kWords - 1] = thread * kBlocksPerThread + i + 1;
    sum += release(slots[random.below(kSlots)].exchange(block, std::memory_order_acq_rel));
  }
  return sum;
}

Outcome work(const Flags& flags) {
  Slots slots{};
  Tally tally;
  const std::uint64_t generations = flags.scaled(kThreadsEver / flags.threads);
  for (std::uint64_t generation = 0; generation < generations; ++generation) {
    run_team(flags.threads, [&](std::uint64_t member) {
      const std::uint64_t sum = one_thread(slots, generation * flags.threads + member);
      tally.add(member, {.checksum = sum, .operations = kBlocksPerThread});
    });
  }
  for (const auto& slot : slots) tally.add(0, {.checksum = release(slot), .operations = 0});
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"mleak", "generations of short threads exchange blocks through shared slots.",
              Threads::kMany, work},
             argc, argv);
}
