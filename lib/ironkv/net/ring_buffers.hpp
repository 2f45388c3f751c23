// SPDX-License-Identifier: MIT
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>

#include "ironkv/value.hpp"

namespace quintet::ironkv {

// Buffers of a ring of io_uring(7), that the kernel takes for what arrives, in their order, and we
// give back.
class RingBuffers {
 public:
  static constexpr unsigned kBuffers = 128;  // a power of 2
  static constexpr std::size_t kBufferBytes = 16 << 10;
  static constexpr std::uint16_t kGroup = 0;

  RingBuffers() = default;
  ~RingBuffers();
  RingBuffers(const RingBuffers&) = delete;
  RingBuffers& operator=(const RingBuffers&) = delete;

  // Once. Returns errno, or 0.
  int register_with(io_uring& ring);
  [[nodiscard]] Bytes used(std::uint16_t buffer, std::size_t bytes) const {
    return {at(buffer), bytes};
  }
  void give_back(std::uint16_t buffer) {
    io_uring_buf_ring_add(ring_, at(buffer), kBufferBytes, buffer, io_uring_buf_ring_mask(kBuffers),
                          0);
    io_uring_buf_ring_advance(ring_, 1);
  }

 private:
  static constexpr std::size_t kRingBytes = 4096;
  static constexpr std::size_t kBytes = kRingBytes + kBuffers * kBufferBytes;
  static_assert(sizeof(io_uring_buf) * kBuffers <= kRingBytes);

  [[nodiscard]] std::byte* at(std::uint16_t buffer) const {
    return static_cast<std::byte*>(memory_) + kRingBytes + buffer * kBufferBytes;
  }

  void* memory_ = nullptr;
  io_uring_buf_ring* ring_ = nullptr;
};

}  // namespace quintet::ironkv
