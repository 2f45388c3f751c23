// SPDX-License-Identifier: MIT
// Blocks that are freed twice, and pointers that are none to a block.
#include <alloca.h>

#include <array>

#include "allocator/test/misuse/misuse_case.hpp"

namespace quintet::allocator::misuse {
namespace {

constexpr std::size_t kOthers = 20;

bool twice(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  put_bytes(block);
  return false;
}
bool twice_delayed(std::size_t size) {
  const Bytes block = get_bytes(size);
  std::array<Bytes, kOthers> others{};
  for (Bytes& other : others) other = get_bytes(size);
  put_bytes(block);
  for (const Bytes other : others) put_bytes(other);
  put_bytes(block);
  return false;
}
bool twice_interleaved(std::size_t size) {
  const Bytes block = get_bytes(size);
  const Bytes other = get_bytes(size);
  put_bytes(block);
  put_bytes(other);
  put_bytes(block);
  return false;
}
// If the block has a new owner by now, the owner's own free is the second.
bool twice_reused(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  const Bytes next = get_bytes(size);
  put_bytes(block);
  put_bytes(next);
  return false;
}
// The new owner keeps its block: nothing is left to notice but that it is handed out again.
bool twice_reused_once(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  const Bytes next = get_bytes(size);
  put_bytes(block);
  return next == block && get_bytes(size) != next;
}

std::array<unsigned char, 512 << 10> global;

bool of_global(std::size_t size) {
  put_bytes(opaque(global.data()) + size);
  return false;
}
bool of_stack(std::size_t size) {
  std::array<unsigned char, 4096> local{};
  put_bytes(opaque(local.data()) + (size & 64));
  return false;
}
bool of_alloca(std::size_t size) {
  put_bytes(opaque(static_cast<unsigned char*>(alloca(size))));
  return false;
}
bool far_off(std::size_t size) {
  put_bytes(get_bytes(size) + (64 << 20));
  return false;
}
bool close_by(std::size_t size) {
  put_bytes(get_bytes(size) + 16);
  return false;
}
bool unaligned(std::size_t size) {
  put_bytes(get_bytes(size) + 1);
  return false;
}
bool in_the_middle_of_many(std::size_t size) {
  std::array<Bytes, kOthers> blocks{};
  for (Bytes& block : blocks) block = get_bytes(size);
  for (const Bytes block : blocks) put_bytes(block + size / 2);
  return false;
}

constexpr std::array<Case, 12> kCases{{
    {"double_free", "immediate", twice},
    {"double_free", "delayed", twice_delayed},
    {"double_free", "interleaved", twice_interleaved},
    {"double_free", "reuse", twice_reused},
    {"double_free", "single_reuse", twice_reused_once},
    {"invalid_free", "global", of_global},
    {"invalid_free", "stack", of_stack},
    {"invalid_free", "alloca", of_alloca},
    {"invalid_free", "far", far_off},
    {"invalid_free", "close", close_by},
    {"invalid_free", "unaligned", unaligned},
    {"invalid_free", "multiple", in_the_middle_of_many},
}};

}  // namespace

std::span<const Case> free_cases() { return kCases; }

}  // namespace quintet::allocator::misuse
