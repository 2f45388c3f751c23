// SPDX-License-Identifier: MIT
// Blocks that are used after they were freed, what they hold when they come and go, and what no
// heap should give: code that runs, and more memory than there are addresses.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "allocator/test/misuse/misuse_case.hpp"

namespace quintet::allocator::misuse {
namespace {

constexpr unsigned char kValue = 'A';

bool written_after_free(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  fill(block, size, kValue);
  for (int i = 0; i < 1000; ++i) put_bytes(get_bytes(size));
  return false;
}
bool written_after_reuse(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  const Bytes next = get_bytes(size);
  fill(next, size, 'B');
  fill(block, size, kValue);
  return is_filled(next, size, 'B');
}

bool given_again(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  return get_bytes(size) != block;
}
bool given_again_for_less(std::size_t size) {
  const Bytes block = get_bytes(size);
  put_bytes(block);
  return get_bytes(size - size / 8) != block;
}
bool given_again_after_resize(std::size_t size) {
  const Bytes block = get_bytes(size);
  const void* const longer = resize(const_cast<unsigned char*>(block), 4 * size);
  return longer == block || get_bytes(size) != block;
}

// Four bytes in a row: a disguised link may have any one of them.
bool has_any(Bytes bytes, std::size_t count, unsigned char value) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < count; ++i) {
    run = bytes[i] == value ? run + 1 : 0;
    if (run == 4) return true;
  }
  return false;
}
bool gone_after_free(std::size_t size) {
  const Bytes block = get_bytes(size);
  fill(block, size, kValue);
  put_bytes(block);
  return !has_any(block, size, kValue);
}
bool zero_when_given(std::size_t size) {
  const Bytes block = get_bytes(size);
  fill(block, size, kValue);
  put_bytes(block);
  const std::size_t blocks = std::min<std::size_t>(400, (64 << 20) / size);
  for (std::size_t i = 0; i < blocks; ++i) {
    const Bytes next = get_bytes(size);
    if (!is_filled(next, size, 0)) return false;
  }
  return true;
}

#if defined(__x86_64__)
constexpr std::array<unsigned char, 1> kReturn{0xC3};
#elif defined(__aarch64__)
constexpr std::array<unsigned char, 4> kReturn{0xC0, 0x03, 0x5F, 0xD6};
#endif
bool executed(std::size_t size) {
  const Bytes block = get_bytes(size);
  for (std::size_t i = 0; i < kReturn.size(); ++i) block[i] = kReturn[i];
  void (*code)() = nullptr;
  std::memcpy(static_cast<void*>(&code), static_cast<const void*>(&block), sizeof code);
  code();
  return false;
}

bool impossibly_large(std::size_t size) {
  errno = 0;
  return get(0 - size) == nullptr && errno == ENOMEM;
}

constexpr std::array<Case, 9> kCases{{
    {"write_after_free", "plain", written_after_free},
    {"write_after_free", "reuse", written_after_reuse},
    {"address_reuse", "malloc", given_again},
    {"address_reuse", "downsize", given_again_for_less},
    {"address_reuse", "realloc", given_again_after_resize},
    {"zero", "after_free", gone_after_free},
    {"zero", "on_malloc", zero_when_given},
    {"executable_heap", "return", executed},
    {"impossibly_large", "malloc", impossibly_large},
}};

}  // namespace

std::span<const Case> reuse_cases() { return kCases; }

}  // namespace quintet::allocator::misuse
