// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"

// The world of a log: byte-addressable memory that keeps its content over a power failure, if it
// is asked to. What a failure keeps is decided word by word (8 aligned bytes):
//
//   store(offset, bytes)    visible at once; durable after flush() of its lines and a fence()
//   stream(offset, bytes)   whole lines, visible at once; durable after the next fence()
//   flush(offset, size)     the lines of the range will be durable after the next fence()
//   fence()                 ends an epoch: false if the device did not take what was written
//   read(offset, bytes)     the visible content: false if the device cannot read it
//
// Until the fence, each word that was written may be durable or not, in any combination.
// Requires: ranges inside size(); stream() has an offset and a size that are multiples of a line.
// Threading: one thread, unless the world says more.
namespace quintet::pm_log {

inline constexpr std::size_t kLineBytes = kCacheLineBytes;

template <class M>
concept PersistentMemory = requires(M& memory, const M& constant, std::uint64_t offset,
                                    std::span<const std::byte> bytes, std::span<std::byte> target) {
  { constant.size() } -> std::same_as<std::uint64_t>;
  memory.store(offset, bytes);
  memory.stream(offset, bytes);
  memory.flush(offset, offset);
  { memory.fence() } -> std::same_as<bool>;
  { constant.read(offset, target) } -> std::same_as<bool>;
};

// A memory that can sum what it streams says so by a function of its own,
//   stream_summed(offset, lines, crc)    stream(), and the CRC-32C of what came before and the
//   lines
// because the sum costs next to nothing while the lines pass.
template <class M>
concept SummingMemory =
    PersistentMemory<M> &&
    requires(M& memory, std::uint64_t offset, std::span<const std::byte> lines, std::uint32_t crc) {
      { memory.stream_summed(offset, lines, crc) } -> std::same_as<std::uint32_t>;
    };

// Memory that a program may look at, and write to, without a copy.
template <class M>
concept MappedMemory = PersistentMemory<M> && requires(const M& memory) {
  { memory.data() } -> std::same_as<std::byte*>;
};

}  // namespace quintet::pm_log
