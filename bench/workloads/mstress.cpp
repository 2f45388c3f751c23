// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "support.hpp"

// The row mstress: rounds of fresh threads that keep some blocks, free most, and swap every fourth
// with a table that all share. Sizes are powers of two in words, and now and then a hundred, a
// thousand or ten thousand times as much. Each word of each block is written, and read back when
// the block is freed, by whichever thread that is.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kBlocksPerShare = 5000;   // a thread has 1 to 8 shares
constexpr std::uint64_t kBlocksEver = 9'000'000;  // so 8 threads have 50 rounds
constexpr std::size_t kSlots = 1000;
constexpr unsigned kShifts = 5;      // 1 to 16 words
constexpr unsigned kKeptShifts = 7;  // 1 to 64 words
constexpr std::uint64_t kCookie = 0xa5c3'96e1'7b2d'4f08;

using Slots = std::array<std::atomic<std::uint64_t*>, kSlots>;

// Its words count down from their number, hidden in a cookie.
std::uint64_t* allocate(std::uint64_t words) {
  auto* const block = checked(static_cast<std::uint64_t*>(std::calloc(words, sizeof(words))));
  for (std::uint64_t i = 0; i < words; ++i) {
    verify(block[i] == 0);
    block[i] = (words - i) ^ kCookie;
  }
  return block;
}

std::uint64_t release(std::uint64_t* block) {
  if (block == nullptr) return 0;
  const std::uint64_t words = block[0] ^ kCookie;
  for (std::uint64_t i = 1; i < words; ++i) verify((block[i] ^ kCookie) == words - i);
  std::free(block);
  return mix(words);
}

// Which dice a thread throws does not depend on what it finds in the slots, so that the blocks that
// are ever allocated are the same every time.
class Worker {
 public:
  Worker(Slots& slots, std::uint64_t seed, std::uint64_t blocks)
      : slots_(slots), random_(seed), left_(blocks), to_keep_(blocks / 2) {}

  [[nodiscard]] Outcome live() {
    while (left_ != 0 || to_keep_ != 0) {
      if (to_keep_ == 0 || (left_ != 0 && random_.below(2) == 0)) {
        --left_;
        blocks_.push_back(any_block(kShifts));
      } else {
        --to_keep_;
        kept_.push_back(any_block(kKeptShifts));
      }
      if (random_.below(100) < 66) free_one();
      if (random_.below(100) < 25) swap_one();
    }
    for (std::uint64_t* const block : kept_) outcome_.checksum += release(block);
    for (std::uint64_t* const block : blocks_) outcome_.checksum += release(block);
    return outcome_;
  }

 private:
  std::uint64_t* any_block(unsigned shifts) {
    ++outcome_.operations;
    const std::uint64_t words = std::uint64_t{1} << random_.below(shifts);
    const std::uint64_t dice = random_.below(10'000);
    if (dice < 1) return allocate(words * 10'000);
    if (dice < 11) return allocate(words * 1000);
    if (dice < 111) return allocate(words * 100);
    return allocate(words);
  }

  void free_one() {
    if (blocks_.empty()) return;
    std::uint64_t*& block = blocks_[random_.below(blocks_.size())];
    outcome_.checksum += release(block);
    block = nullptr;
  }

  void swap_one() {
    if (blocks_.empty()) return;
    std::uint64_t*& block = blocks_[random_.below(blocks_.size())];
    block = slots_[random_.below(kSlots)].exchange(block, std::memory_order_acq_rel);
  }

  Slots& slots_;
  Random random_;
  std::uint64_t left_;
  std::uint64_t to_keep_;
  std::vector<std::uint64_t*> blocks_;
  std::vector<std::uint64_t*> kept_;
  Outcome outcome_;
};

Outcome work(const Flags& flags) {
  const auto shares = [](std::uint64_t member) { return member % 8 + 1; };
  std::uint64_t blocks_per_round = 0;
  for (std::uint64_t i = 0; i < flags.threads; ++i) blocks_per_round += shares(i) * kBlocksPerShare;
  Slots slots{};
  Tally tally;
  const std::uint64_t rounds =
      std::max<std::uint64_t>(flags.scaled(kBlocksEver) / blocks_per_round, 1);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    run_team(flags.threads, [&](std::uint64_t member) {
      Worker worker(slots, round * flags.threads + member, shares(member) * kBlocksPerShare);
      tally.add(member, worker.live());
    });
    if (round % 2 == 0 && round + 1 != rounds) continue;
    for (auto& slot : slots) {
      tally.add(0, {.checksum = release(slot.exchange(nullptr)), .operations = 0});
    }
  }
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"mstress", "rounds of fresh threads that keep, free and swap blocks of many sizes.",
              Threads::kMany, work},
             argc, argv);
}
