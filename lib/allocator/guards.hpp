// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "allocator/region.hpp"

// What the hardening levels keep beside and in blocks. Level 0 has none of it.
//
// From kGuarded on a region has a byte for each 16 of its memory, and the byte of a block's first
// 16 says what the block is. At kParanoid a block ends with a trailer, the last eight bytes that
// its class gives: the size asked for and, disguised with a secret and the block's address, that
// nobody has changed it; between both lie bytes of a pattern. Free blocks are zero but for their
// link. Threading: a block's guards belong to whoever has the block, but for state(): any thread.
namespace quintet::allocator {

enum class BlockState : std::uint8_t {
  kNever,  // no block has begun here since the slab was made
  kFree,
  kMalloc,  // in use, and how it was asked for
  kNew,
  kNewArray,
};

template <class Env>
struct Guards {
  using G = typename Env::G;
  static constexpr bool kStates = Env::at_least(Hardening::kGuarded);
  static constexpr bool kTrailers = Env::at_least(Hardening::kParanoid);
  static constexpr std::uint64_t kTrailer = kTrailers ? 8 : 0;
  // Of the bytes behind a block's user's, so many are looked at.
  static constexpr std::uint64_t kPatternBytes = 64;
  static constexpr std::byte kPattern{0xA5};

  // What a request for `size` bytes needs. Requires: no overflow.
  [[nodiscard]] static constexpr std::size_t padded(std::size_t size) { return size + kTrailer; }

  [[nodiscard]] static BlockState state(const Region<Env>& region, const std::byte* block) {
    return static_cast<BlockState>(region.state(block).load(std::memory_order_relaxed));
  }
  static void set_state(const Region<Env>& region, const std::byte* block, BlockState state) {
    region.state(block).store(static_cast<std::uint8_t>(state), std::memory_order_relaxed);
  }
  [[nodiscard]] static bool is_in_use(BlockState state) { return state >= BlockState::kMalloc; }

  // The user's bytes are `size` of the block's `bytes`. Requires: padded(size) <= bytes.
  static void seal(std::byte* block, std::uint64_t bytes, std::uint64_t size) {
    std::byte* const end = block + bytes - kTrailer;
    std::memset(
        block + size, static_cast<int>(kPattern),
        std::min<std::uint64_t>(static_cast<std::uint64_t>(end - block) - size, kPatternBytes));
    const std::uint64_t trailer = size ^ mask(block);
    std::memcpy(end, &trailer, sizeof trailer);
  }
  // The size that the trailer says, or more than fits if it is no trailer.
  [[nodiscard]] static std::uint64_t sealed_size(const std::byte* block, std::uint64_t bytes) {
    std::uint64_t trailer = 0;
    std::memcpy(&trailer, block + bytes - kTrailer, sizeof trailer);
    return trailer ^ mask(block);
  }
  [[nodiscard]] static bool is_sealed(const std::byte* block, std::uint64_t bytes) {
    const std::uint64_t size = sealed_size(block, bytes);
    if (size > bytes - kTrailer) return false;
    const std::uint64_t pattern = std::min(bytes - kTrailer - size, kPatternBytes);
    return std::all_of(block + size, block + size + pattern,
                       [](std::byte byte) { return byte == kPattern; });
  }

  // The trailer alone: of a neighbour, which its thread may be about to change.
  [[nodiscard]] static bool has_trailer(const std::byte* block, std::uint64_t bytes) {
    return sealed_size(block, bytes) <= bytes - kTrailer;
  }

  // Free blocks are zero but for their link, and keep their trailer.
  static void wipe(std::byte* block, std::uint64_t bytes) {
    std::memset(block, 0, bytes - kTrailer);
  }
  [[nodiscard]] static bool is_wiped(const std::byte* block, std::uint64_t bytes) {
    const std::byte* const end = block + std::min(bytes - kTrailer, kLookedAt);
    return std::all_of(block + sizeof(void*), end,
                       [](std::byte byte) { return byte == std::byte{0}; });
  }

 private:
  static constexpr std::uint64_t kLookedAt = 256;

  [[nodiscard]] static std::uint64_t mask(const std::byte* block) {
    return (Env::Os::secret() ^ reinterpret_cast<std::uintptr_t>(block)) * 0x9E3779B97F4A7C15;
  }
};

}  // namespace quintet::allocator
