// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <latch>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support.hpp"

// What larson and larson_sized have in common. A server's threads: each has 5000 blocks of 8 to
// 1000 bytes and replaces them at random, 500,000 times; then it starts a thread, hands its blocks
// on, and ends. So blocks outlive the threads that allocated them. The work is divided among the
// threads that run at a time. Release says how a block is freed: release(block, size).
namespace quintet::workloads {

inline constexpr std::uint64_t kLarsonReplacements = 100'000'000;
inline constexpr std::uint64_t kLarsonPerThread = 500'000;
inline constexpr std::size_t kLarsonBlocks = 5000;
inline constexpr std::size_t kLarsonMinSize = 8;
inline constexpr std::size_t kLarsonMaxSize = 1000;

/// One line of threads, each of which inherits the blocks of the one before.
template <class Release>
class LarsonChain {
 public:
  /// `done` counts down once, when the last thread of the chain has done its work.
  LarsonChain(std::uint64_t number, std::uint64_t replacements, std::latch& done)
      : random_(number), left_(replacements), blocks_(kLarsonBlocks), done_(done) {
    for (Block& block : blocks_) allocate(block);
  }

  /// Once, before anything else; the first thread waits for `start`.
  void begin(std::latch& start) {
    thread_ = std::thread([this, &start] {
      start.wait();
      live();
    });
  }

  /// After `done`: what came back out of all blocks.
  [[nodiscard]] Outcome finish() {
    thread_.join();
    for (Block& block : blocks_) release(block);
    return outcome_;
  }

 private:
  struct Block {
    char* bytes = nullptr;
    std::size_t size = 0;
  };

  void allocate(Block& block) {
    block.size = kLarsonMinSize + random_.below(kLarsonMaxSize - kLarsonMinSize + 1);
    block.bytes = static_cast<char*>(::operator new[](block.size));
    block.bytes[0] = block.bytes[block.size - 1] = static_cast<char>(block.size & 0x7fU);
    ++outcome_.operations;
  }

  void release(Block& block) {
    verify(block.bytes[0] == block.bytes[block.size - 1]);
    outcome_.checksum += block.size * static_cast<std::uint64_t>(block.bytes[0]);
    Release()(block.bytes, block.size);
  }

  // What one thread does.
  void live() noexcept {
    const std::uint64_t count = left_ < kLarsonPerThread ? left_ : kLarsonPerThread;
    left_ -= count;
    try {
      for (std::uint64_t i = 0; i < count; ++i) {
        Block& block = blocks_[random_.below(kLarsonBlocks)];
        release(block);
        allocate(block);
      }
      if (left_ != 0) {
        hand_on();
      } else {
        done_.count_down();
      }
    } catch (const std::bad_alloc&) {
      fail("the allocator has no memory left");
    } catch (const std::system_error&) {
      fail("cannot start a thread: give fewer with --threads");
    }
  }

  // The successor waits for the end of this thread, which has stored the successor's handle by
  // then.
  void hand_on() {
    thread_ = std::thread([this, before = std::move(thread_)]() mutable {
      before.join();
      live();
    });
  }

  Random random_;
  std::uint64_t left_;
  std::vector<Block> blocks_;
  std::latch& done_;
  std::thread thread_;
  Outcome outcome_;
};

template <class Release>
[[nodiscard]] Outcome larson(const Flags& flags) {
  const std::uint64_t replacements = flags.scaled(kLarsonReplacements);
  std::latch start(1);
  std::latch done(static_cast<std::ptrdiff_t>(flags.threads));
  std::vector<LarsonChain<Release>> chains;
  chains.reserve(flags.threads);
  for (std::uint64_t i = 0; i < flags.threads; ++i) {
    chains.emplace_back(i, share(replacements, i, flags.threads), done);
  }
  for (auto& chain : chains) chain.begin(start);
  start.count_down();
  done.wait();
  Outcome total;
  for (auto& chain : chains) {
    const Outcome part = chain.finish();
    total.checksum += part.checksum;
    total.operations += part.operations;
  }
  return total;
}

}  // namespace quintet::workloads
