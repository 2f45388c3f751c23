// SPDX-License-Identifier: MIT
// Bytes that are written behind and before a block, between neighbours of its size, and then looked
// for when the blocks are freed. `byte_<n>` is the n-th byte from the block's edge alone, `run_<n>`
// all n of them.
#include <array>

#include "allocator/test/misuse/misuse_case.hpp"

namespace quintet::allocator::misuse {
namespace {

constexpr unsigned char kValue = 'A';
constexpr std::size_t kFar = 1 << 20;

// A block with a neighbour on each side, if the allocator goes through memory in order.
struct Blocks {
  Bytes before, block, after;

  explicit Blocks(std::size_t size)
      : before(get_bytes(size)), block(get_bytes(size)), after(get_bytes(size)) {}
  bool free_all() const {
    put_bytes(block);
    put_bytes(after);
    put_bytes(before);
    return false;
  }
};

template <std::size_t kCount>
bool byte_behind(std::size_t size) {
  const Blocks blocks(size);
  blocks.block[size + kCount - 1] = kValue;
  return blocks.free_all();
}
template <std::size_t kCount>
bool run_behind(std::size_t size) {
  const Blocks blocks(size);
  fill(blocks.block + size, kCount, kValue);
  return blocks.free_all();
}
template <std::size_t kCount>
bool byte_before(std::size_t size) {
  const Blocks blocks(size);
  *(blocks.block - kCount) = kValue;
  return blocks.free_all();
}
template <std::size_t kCount>
bool run_before(std::size_t size) {
  const Blocks blocks(size);
  fill(blocks.block - kCount, kCount, kValue);
  return blocks.free_all();
}

// A block of 0 bytes is used as if it had `size`.
unsigned read_all(Bytes bytes, std::size_t size) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += bytes[i];
  return sum;
}
bool read_of_nothing(std::size_t size) {
  (void)read_all(get_bytes(0), size);
  return false;
}
bool read_of_nothing_freed(std::size_t size) {
  const Bytes block = get_bytes(0);
  (void)read_all(block, size);
  put_bytes(block);
  return false;
}
bool write_of_nothing(std::size_t size) {
  fill(get_bytes(0), size, kValue);
  return false;
}
bool write_of_nothing_freed(std::size_t size) {
  const Bytes block = get_bytes(0);
  fill(block, size, kValue);
  put_bytes(block);
  return false;
}

constexpr std::array<Case, 16> kCases{{
    {"overflow", "byte_1", byte_behind<1>},
    {"overflow", "byte_32", byte_behind<32>},
    {"overflow", "byte_1MiB", byte_behind<kFar>},
    {"overflow", "run_1", run_behind<1>},
    {"overflow", "run_32", run_behind<32>},
    {"overflow", "run_1MiB", run_behind<kFar>},
    {"underflow", "byte_1", byte_before<1>},
    {"underflow", "byte_32", byte_before<32>},
    {"underflow", "byte_1MiB", byte_before<kFar>},
    {"underflow", "run_1", run_before<1>},
    {"underflow", "run_32", run_before<32>},
    {"underflow", "run_1MiB", run_before<kFar>},
    {"zero_size", "read", read_of_nothing},
    {"zero_size", "read_free", read_of_nothing_freed},
    {"zero_size", "write", write_of_nothing},
    {"zero_size", "write_free", write_of_nothing_freed},
}};

}  // namespace

std::span<const Case> bounds_cases() { return kCases; }

}  // namespace quintet::allocator::misuse
