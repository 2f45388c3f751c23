// SPDX-License-Identifier: MIT
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "support.hpp"

// The row xmalloc-test: for each of `threads`, one thread that allocates batches of 4096 blocks of
// 64 bytes and one that frees them. Batches go through a stack of at most 100 behind a mutex. So
// each block is freed by another thread than the one that allocated it.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kBatches = 16'000;
constexpr std::size_t kBlocksPerBatch = 4096;
constexpr std::size_t kBlockWords = 64 / sizeof(std::uint64_t);
constexpr std::size_t kMaxWaiting = 100;

struct Batch {
  Batch* below;
  std::array<std::uint64_t*, kBlocksPerBatch> blocks;
};

class Stack {
 public:
  /// `batches` will be pushed in all.
  explicit Stack(std::uint64_t batches) : left_(batches) {}

  void push(Batch* batch) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return waiting_ < kMaxWaiting; });
    batch->below = std::exchange(top_, batch);
    ++waiting_;
    lock.unlock();
    has_batch_.notify_one();
  }

  /// Null when all batches were taken.
  Batch* pop() {
    std::unique_lock lock(mutex_);
    if (left_ == 0) return nullptr;
    --left_;
    has_batch_.wait(lock, [&] { return top_ != nullptr; });
    Batch* const batch = std::exchange(top_, top_->below);
    --waiting_;
    lock.unlock();
    has_room_.notify_one();
    return batch;
  }

 private:
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_batch_;
  Batch* top_ = nullptr;
  std::size_t waiting_ = 0;
  std::uint64_t left_;  // that nobody has taken or waits for
};

void produce(std::uint64_t member, std::uint64_t batches, Stack& stack) {
  std::uint64_t number = member << 40U;
  for (std::uint64_t i = 0; i < batches; ++i) {
    auto* const batch = checked(static_cast<Batch*>(std::malloc(sizeof(Batch))));
    for (std::uint64_t*& block : batch->blocks) {
      block = checked(static_cast<std::uint64_t*>(std::malloc(kBlockWords * sizeof(number))));
      block[0] = block[kBlockWords - 1] = ++number;
    }
    stack.push(batch);
  }
}

Outcome consume(Stack& stack) {
  Outcome outcome;
  while (Batch* const batch = stack.pop()) {
    for (std::uint64_t* const block : batch->blocks) {
      verify(block[0] == block[kBlockWords - 1]);
      outcome.checksum += mix(block[0]);
      std::free(block);
    }
    outcome.operations += kBlocksPerBatch;
    std::free(batch);
  }
  return outcome;
}

Outcome work(const Flags& flags) {
  const std::uint64_t batches = flags.scaled(kBatches);
  Stack stack(batches);
  Tally tally;
  run_team(2 * flags.threads, [&](std::uint64_t member) {
    if (member < flags.threads) {
      produce(member, share(batches, member, flags.threads), stack);
    } else {
      tally.add(member - flags.threads, consume(stack));
    }
  });
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"xmalloc_test", "one thread allocates, another frees, for each of --threads.",
              Threads::kMany, work},
             argc, argv);
}
