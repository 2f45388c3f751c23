// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <cstring>
#include <vector>

#include "support.hpp"

// The row glibc-simple: one size after another in batches of one length; half of a batch is freed
// in the order of allocation, the rest in the reverse one. The last of four passes is on a thread
// of its own, after which glibc knows that the process has had several.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kBlocksPerBatchLength = 2'000'000;
constexpr std::size_t kSizes[] = {16, 32, 64};
constexpr std::size_t kBatches[] = {25, 100, 400, 1600};
constexpr int kPasses = 4;

// Allocates and fills a batch, then frees it.
std::uint64_t one_batch(std::vector<char*>& blocks, std::size_t size, std::uint64_t round) {
  for (char*& block : blocks) {
    block = checked(static_cast<char*>(std::malloc(size)));
    std::memset(block, static_cast<int>(round & 0x7fU), size);
  }
  std::uint64_t sum = 0;
  const auto release = [&](char* block) {
    sum += static_cast<std::uint64_t>(block[0] + block[size - 1]);
    std::free(block);
  };
  const std::size_t half = blocks.size() / 2;
  for (std::size_t i = 0; i < half; ++i) release(blocks[i]);
  for (std::size_t i = blocks.size(); i > half; --i) release(blocks[i - 1]);
  verify(sum == 2 * blocks.size() * (round & 0x7fU));
  return sum;
}

Outcome one_pass(const Flags& flags) {
  Outcome outcome;
  for (const std::size_t size : kSizes) {
    for (const std::size_t length : kBatches) {
      std::vector<char*> blocks(length);
      const std::uint64_t rounds = flags.scaled(kBlocksPerBatchLength / length);
      for (std::uint64_t round = 0; round < rounds; ++round) {
        outcome.checksum += one_batch(blocks, size, round) * size;
      }
      outcome.operations += rounds * length;
    }
  }
  return outcome;
}

Outcome work(const Flags& flags) {
  Tally tally;
  for (int pass = 1; pass < kPasses; ++pass) tally.add(0, one_pass(flags));
  run_team(1, [&](std::uint64_t member) { tally.add(member, one_pass(flags)); });
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"glibc_simple", "batches of one size, freed half forwards and half backwards.",
              Threads::kOne, work},
             argc, argv);
}
