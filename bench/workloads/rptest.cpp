// SPDX-License-Identifier: MIT
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "support.hpp"

// The row rptest: each thread has 1000 blocks and replaces half of them in a loop, whose every
// second turn ships the old ones to the next thread instead of freeing them. Sizes are 8 to 16000
// bytes, the larger the rarer, falling in a line. Two thirds of the blocks below 4 KiB are aligned
// by 8 or 16, all others zeroed; every byte is written.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kTurns = 20'000;
constexpr std::size_t kBlocks = 1000;
constexpr std::size_t kBlocksPerTurn = 500;
constexpr double kMinSize = 8;
constexpr double kMaxSize = 16'000;
constexpr std::size_t kMaxAlignedSize = 4096;

struct Block {
  unsigned char* bytes = nullptr;
  std::size_t size = 0;
};

using Parcel = std::vector<Block>;

// The density falls to zero at the largest size.
std::size_t any_size(Random& random) {
  const double size = kMinSize + (kMaxSize - kMinSize) * (1 - std::sqrt(1 - random.unit()));
  return static_cast<std::size_t>(size);
}

Block allocate(Random& random) {
  Block block{.bytes = nullptr, .size = any_size(random)};
  const std::uint64_t kind = random.below(3);
  if (block.size < kMaxAlignedSize && kind != 0) {
    const std::size_t alignment = kind == 1 ? 8 : 16;
    block.bytes = checked(static_cast<unsigned char*>(memalign(alignment, block.size)));
    verify(reinterpret_cast<std::uintptr_t>(block.bytes) % alignment == 0);
  } else {
    block.bytes = checked(static_cast<unsigned char*>(std::calloc(1, block.size)));
    verify(block.bytes[0] == 0 && block.bytes[block.size - 1] == 0);
  }
  std::memset(block.bytes, static_cast<int>(block.size & 0xffU), block.size);
  return block;
}

std::uint64_t release(const Block& block) {
  for (const std::size_t at : {std::size_t{0}, block.size / 2, block.size - 1}) {
    verify(block.bytes[at] == (block.size & 0xffU));
  }
  std::free(block.bytes);
  return mix(block.size);
}

std::uint64_t release_all(const Parcel& parcel) {
  std::uint64_t sum = 0;
  for (const Block& block : parcel) sum += release(block);
  return sum;
}

// Where a thread finds what was shipped to it. It holds one parcel; who brings another takes the
// old one back.
class Inbox {
 public:
  void exchange(Parcel& parcel) {
    const std::scoped_lock lock(mutex_);
    parcel_.swap(parcel);
  }

 private:
  std::mutex mutex_;
  Parcel parcel_;
};

Outcome one_thread(std::uint64_t member, std::uint64_t turns, Inbox& own, Inbox& next) {
  Outcome outcome;
  Random random(member);
  Parcel blocks;
  blocks.reserve(kBlocks);
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(allocate(random));
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    Parcel old;
    old.reserve(kBlocksPerTurn);
    const std::size_t start = random.below(kBlocks);
    for (std::size_t i = 0; i < kBlocksPerTurn; ++i) {
      old.push_back(std::exchange(blocks[(start + 2 * i) % kBlocks], allocate(random)));
    }
    if (turn % 2 != 0) next.exchange(old);
    outcome.checksum += release_all(old);
    Parcel received;
    own.exchange(received);
    outcome.checksum += release_all(received);
  }
  outcome.checksum += release_all(blocks);
  outcome.operations = kBlocks + turns * kBlocksPerTurn;
  return outcome;
}

Outcome work(const Flags& flags) {
  const std::uint64_t turns = flags.scaled(kTurns);
  std::vector<Inbox> inboxes(flags.threads);
  Tally tally;
  run_team(flags.threads, [&](std::uint64_t member) {
    tally.add(member, one_thread(member, share(turns, member, flags.threads), inboxes[member],
                                 inboxes[(member + 1) % flags.threads]));
  });
  for (Inbox& inbox : inboxes) {
    Parcel last;
    inbox.exchange(last);
    tally.add(0, {.checksum = release_all(last), .operations = 0});
  }
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"rptest", "blocks of 8 to 16000 bytes, half of them freed by another thread.",
              Threads::kMany, work},
             argc, argv);
}
