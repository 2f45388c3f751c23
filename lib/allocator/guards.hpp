// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
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
// nobody has changed it. What is left between the user's bytes and the trailer begins and ends with
// bytes of a pattern. Free blocks are zero but for their link.
// Threading: a block's guards belong to whoever has the block, but for state(): any thread.
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
  // Of the bytes between the user's and the trailer, so many are looked at from each end.
  static constexpr std::uint64_t kPatternBytes = 64;
  static constexpr std::byte kPattern{0xA5};
  static constexpr std::uint64_t kPatternWord = 0xA5A5A5A5A5A5A5A5;

  // What a request for `size` bytes needs. Requires: no overflow.
  [[nodiscard]] static constexpr std::size_t padded(std::size_t size) { return size + kTrailer; }

  [[nodiscard]] static BlockState state(const Region<Env>& region, const std::byte* block) {
    // acquire: pairs with set_state(), for the trailer of a neighbour that is being handed out.
    return static_cast<BlockState>(region.state(block).load(std::memory_order_acquire));
  }
  static void set_state(const Region<Env>& region, const std::byte* block, BlockState state) {
    region.state(block).store(static_cast<std::uint8_t>(state), std::memory_order_release);
  }
  [[nodiscard]] static bool is_in_use(BlockState state) { return state >= BlockState::kMalloc; }

  // The user's bytes are `size` of the block's `bytes`. Requires: padded(size) <= bytes.
  static void seal(std::byte* block, std::uint64_t bytes, std::uint64_t size) {
    std::byte* const end = block + bytes - kTrailer;
    const std::uint64_t left = bytes - kTrailer - size;
    const std::uint64_t some = std::min(left, kPatternBytes);
    put_pattern(block + size, some);
    if (left > some) put_pattern(end - some, some);
    trailer_at(end).store(size ^ mask(block), std::memory_order_relaxed);
  }
  // The size that the trailer says, or more than fits if it is no trailer.
  [[nodiscard]] static std::uint64_t sealed_size(const std::byte* block, std::uint64_t bytes) {
    // A neighbour's may be written meanwhile: the old one is as good as the new one.
    return trailer_at(block + bytes - kTrailer).load(std::memory_order_relaxed) ^ mask(block);
  }
  [[nodiscard]] static bool is_sealed(const std::byte* block, std::uint64_t bytes) {
    const std::uint64_t size = sealed_size(block, bytes);
    if (size > bytes - kTrailer) return false;
    const std::uint64_t left = bytes - kTrailer - size;
    const std::uint64_t some = std::min(left, kPatternBytes);
    return is_pattern(block + size, some) &&
           (left == some || is_pattern(block + bytes - kTrailer - some, some));
  }

  // The trailer alone: of a neighbour, which its thread may be about to change.
  [[nodiscard]] static bool has_trailer(const std::byte* block, std::uint64_t bytes) {
    return sealed_size(block, bytes) <= bytes - kTrailer;
  }

  // Free blocks are zero but for their link, and keep their trailer.
  static void wipe(std::byte* block, std::uint64_t bytes) {
    std::memset(block, 0, bytes - kTrailer);
  }
  // What wipe() has left is as it was. The link is not looked at; of long blocks the start only.
  [[nodiscard]] static bool is_wiped(const std::byte* block, std::uint64_t bytes) {
    return is_zero(block + sizeof(void*), block + std::min(bytes - kTrailer, kLookedAt));
  }
  // The same of a block that has no link yet. What will be looked at with is_wiped() is not: it
  // would cost a cache miss or two. A block that is alone in its slab will not be.
  [[nodiscard]] static bool is_wiped_for_link(const std::byte* block, std::uint64_t bytes) {
    const std::uint64_t some = 2 * bytes > G::kUnit ? kLookedAt : sizeof(void*);
    return is_zero(block, block + some);
  }

 private:
  static constexpr std::uint64_t kLookedAt = 256;

  [[nodiscard]] static std::uint64_t word_at(const std::byte* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }
  // Of both: words that may overlap, and no call, since most often there is one or none. Nothing
  // behind is written: a neighbour's thread may be reading the trailer.
  static void put_pattern(std::byte* bytes, std::uint64_t count) {
    if (count < sizeof kPatternWord) {
      for (const std::uint64_t part : {4U, 2U, 1U}) {
        if ((count & part) == 0) continue;
        std::memcpy(bytes, &kPatternWord, part);
        bytes += part;
      }
      return;
    }
    for (std::uint64_t i = 0; i < count; i += sizeof kPatternWord) {
      std::memcpy(bytes + std::min(i, count - sizeof kPatternWord), &kPatternWord,
                  sizeof kPatternWord);
    }
  }
  // Blocks are aligned, and a class's bytes a multiple of 8.
  [[nodiscard]] static std::atomic_ref<std::uint64_t> trailer_at(const std::byte* at) {
    auto* const word = reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(at));
    return std::atomic_ref<std::uint64_t>(*word);
  }
  [[nodiscard]] static bool is_pattern(const std::byte* bytes, std::uint64_t count) {
    if (count == 0) return true;
    const std::uint64_t first = word_at(bytes) ^ kPatternWord;
    if (count < sizeof first) return first << (64 - 8 * count) == 0;
    if (first != 0) return false;
    for (std::uint64_t i = sizeof first; i < count; i += sizeof first) {
      if (word_at(bytes + std::min(i, count - sizeof first)) != kPatternWord) return false;
    }
    return true;
  }
  // Requires: whole words. Lines are looked at one after the other, and the last one as far as it
  // goes back.
  [[nodiscard]] static bool is_zero(const std::byte* begin, const std::byte* end) {
    if (end - begin < kLine) {
      for (; begin != end; begin += sizeof(std::uint64_t)) {
        if (word_at(begin) != 0) return false;
      }
      return true;
    }
    for (; end - begin > kLine; begin += kLine) {
      if (!is_zero_line(begin)) return false;
    }
    return is_zero_line(end - kLine);
  }
  static constexpr std::ptrdiff_t kLine = 64;
  [[nodiscard]] static bool is_zero_line(const std::byte* at) {
    using Pair [[gnu::vector_size(16)]] = std::uint64_t;
    std::array<Pair, 4> pairs;
    std::memcpy(pairs.data(), at, sizeof pairs);
    const Pair all = (pairs[0] | pairs[1]) | (pairs[2] | pairs[3]);
    return (all[0] | all[1]) == 0;
  }

  [[nodiscard]] static std::uint64_t mask(const std::byte* block) {
    return (Env::Os::secret() ^ reinterpret_cast<std::uintptr_t>(block)) * 0x9E3779B97F4A7C15;
  }
};

}  // namespace quintet::allocator
