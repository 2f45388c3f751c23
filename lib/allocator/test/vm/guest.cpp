// SPDX-License-Identifier: MIT
// Blocks that grow by turns, each in the way of the others, so that they are moved and grow in
// place: their pages come to lie in several mappings. Every block must keep what was written to it.
#include <array>
#include <cstdio>
#include <cstring>

#include "allocator/process.hpp"
#include "base/units.hpp"

namespace {

using namespace quintet;  // NOLINT(google-build-using-namespace): a program

constexpr std::size_t kPage = 4096;
constexpr std::size_t kStep = kMiB;
constexpr std::size_t kMost = 24 * kMiB;

bool is_filled(const unsigned char* block, std::size_t size, unsigned char value) {
  for (std::size_t at = 0; at < size; at += kPage) {
    if (block[at] != value || block[at + kPage - 1] != value) return false;
  }
  return true;
}

struct Block {
  unsigned char* at = nullptr;
  unsigned char value = 0;
  unsigned moves = 0;

  // False: no memory, or it is not what it was.
  bool grow(std::size_t from, std::size_t to) {
    auto* const longer = static_cast<unsigned char*>(allocator::reallocate(at, to));
    if (longer == nullptr || !is_filled(longer, from, value)) return false;
    moves += longer != at ? 1 : 0;
    at = longer;
    std::memset(at + from, value, to - from);
    return true;
  }
};

}  // namespace

int main() {
  std::array<Block, 4> blocks{};
  unsigned char value = 1;
  for (Block& block : blocks) block.value = value++;
  for (std::size_t size = 0; size < kMost; size += kStep) {
    for (Block& block : blocks) {
      if (block.grow(size, size + kStep)) continue;
      std::printf("bad: block %d at %zu bytes\n", block.value, size);
      return 1;
    }
  }
  for (const Block& block : blocks)
    std::printf("block %d has moved %u times\n", block.value, block.moves);
  std::puts("all blocks are what they were.");
}
