// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "ironkv/wire.hpp"

// Frames in a stream of bytes: each has its length before it, 64 bits, HIGH byte first (all other
// numbers of the protocol are low byte first). Buffers for both directions of a connection; no I/O.
// Threading: one thread.
namespace quintet::ironkv {

inline constexpr std::size_t kLengthBytes = 8;
inline constexpr std::size_t kMostFrameBytes = std::size_t{2} << 20;  // if nothing else is said

[[nodiscard]] inline std::uint64_t load_be64(const std::byte* at) {
  return __builtin_bswap64(load_le64(at));
}
inline std::byte* store_be64(std::byte* at, std::uint64_t value) {
  return store_le64(at, __builtin_bswap64(value));
}

namespace internal {

// Bytes that are not initialized.
struct Block {
  std::unique_ptr<std::byte[]> bytes{};
  std::size_t capacity = 0;

  // Keeps [from, to), which moves to `at`. Requires: it fits.
  void reallocate(std::size_t new_capacity, std::size_t from, std::size_t to, std::size_t at) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(new_capacity);
    if (to > from) std::memcpy(larger.get() + at, bytes.get() + from, to - from);
    bytes = std::move(larger);
    capacity = new_capacity;
  }
};

}  // namespace internal

// What arrives: bytes go in at the end, whole frames come out in place.
// I1: the capacity grows when bytes fill it, never by what a length announces; after a large frame
// it shrinks again.
class InputBuffer {
 public:
  static constexpr std::size_t kFirstCapacity = 4 << 10;
  static constexpr std::size_t kMostKept = 64 << 10;  // also the most to read at once

  explicit InputBuffer(std::size_t max_frame = kMostFrameBytes) : max_frame_(max_frame) {}

  // For the frames that are not yet read.
  void set_max_frame(std::size_t bytes) { max_frame_ = bytes; }

  // Where to put what arrives: from 1 byte to 64 KiB. Frames given out before are gone.
  [[nodiscard]] std::span<std::byte> space() {
    make_room();
    return {block_.bytes.get() + end_, std::min(block_.capacity - end_, kMostKept)};
  }
  // So many bytes were put into space().
  void received(std::size_t bytes) {
    QT_ASSERT(bytes <= block_.capacity - end_);
    end_ += bytes;
  }

  // The next whole frame, without its length; it stays until space() is called.
  [[nodiscard]] std::optional<Bytes> next() {
    if (end_ - begin_ < kLengthBytes) return std::nullopt;
    const std::uint64_t size = load_be64(block_.bytes.get() + begin_);
    if (size > max_frame_) {
      refused_ = size;
      return std::nullopt;
    }
    if (end_ - begin_ - kLengthBytes < size) return std::nullopt;
    const Bytes frame{block_.bytes.get() + begin_ + kLengthBytes, static_cast<std::size_t>(size)};
    begin_ += kLengthBytes + frame.size();
    return frame;
  }

  // The length of a frame that is over the limit: next() never gets past it.
  [[nodiscard]] std::optional<std::uint64_t> refused() const { return refused_; }
  // Some bytes of a frame are here and others are not.
  [[nodiscard]] bool has_part() const { return begin_ < end_; }
  [[nodiscard]] std::size_t capacity() const { return block_.capacity; }

 private:
  void make_room() {
    const std::size_t part = end_ - begin_;
    const bool was_full = end_ == block_.capacity;
    std::size_t wanted = block_.capacity;
    if (block_.capacity > kMostKept && part < kMostKept / 2) {
      wanted = kMostKept;
    } else if (part == block_.capacity || (was_full && block_.capacity < kMostKept)) {
      wanted = std::max(kFirstCapacity, 2 * block_.capacity);
    }
    if (wanted != block_.capacity) {
      block_.reallocate(wanted, begin_, end_, 0);
    } else if (part > 0 && begin_ > 0) {
      std::memmove(block_.bytes.get(), block_.bytes.get() + begin_, part);
    }
    begin_ = 0;
    end_ = part;
  }

  internal::Block block_;
  std::size_t begin_ = 0;  // what is not given out yet
  std::size_t end_ = 0;
  std::size_t max_frame_;
  std::optional<std::uint64_t> refused_;
};

// What is to be sent: frames are appended to one block while the other is on its way.
// I2: of all acknowledgements since the last front() one is sent, before the frames: a client may
// expect it before the answer.
class OutputBuffer {
 public:
  static constexpr std::size_t kFirstCapacity = 4 << 10;
  static constexpr std::size_t kMostKept = 256 << 10;

  // Room for a frame, to be filled before the next call.
  [[nodiscard]] std::byte* frame(std::size_t bytes) {
    reserve(kLengthBytes + bytes);
    std::byte* const at = store_be64(filling_.block.bytes.get() + filling_.end, bytes);
    filling_.end += kLengthBytes + bytes;
    return at;
  }
  void ack(std::uint64_t number) {
    ack_ = std::max(ack_, number);
    has_ack_ = true;
  }

  [[nodiscard]] bool is_empty() const { return waiting() == 0; }
  // Bytes that are not written.
  [[nodiscard]] std::size_t waiting() const {
    return writing_.size() + filling_.size() + (has_ack_ ? kAckPlace : 0);
  }

  // What to write next: contiguous, and the same until written() says that some of it went.
  [[nodiscard]] Bytes front() {
    if (writing_.size() == 0) turn_over();
    return {writing_.block.bytes.get() + writing_.begin, writing_.size()};
  }
  void written(std::size_t bytes) {
    QT_ASSERT(bytes <= writing_.size());
    writing_.begin += bytes;
  }

 private:
  static constexpr std::size_t kAckPlace = kLengthBytes + kAckBytes;

  struct Part {
    internal::Block block{};
    std::size_t begin = kAckPlace;
    std::size_t end = kAckPlace;
    [[nodiscard]] std::size_t size() const { return end - begin; }
  };

  void reserve(std::size_t bytes) {
    Part& part = filling_;
    if (part.end + bytes <= part.block.capacity) return;
    const std::size_t least = std::max(kFirstCapacity, part.end + bytes);
    const std::size_t wanted = std::max(std::bit_ceil(least), 2 * part.block.capacity);
    part.block.reallocate(wanted, part.begin, part.end, part.begin);
  }
  void turn_over() {
    if (has_ack_) {
      reserve(0);
      filling_.begin = 0;
      std::byte* const at = store_be64(filling_.block.bytes.get(), kAckBytes);
      write_ack(ack_, at);
      has_ack_ = false;
      ack_ = 0;
    }
    std::swap(filling_, writing_);
    if (filling_.block.capacity > kMostKept) filling_.block = {};
    filling_.begin = filling_.end = kAckPlace;
  }

  Part filling_;
  Part writing_;
  std::uint64_t ack_ = 0;
  bool has_ack_ = false;
};

}  // namespace quintet::ironkv
