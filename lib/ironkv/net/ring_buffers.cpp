// SPDX-License-Identifier: MIT
#include "ironkv/net/ring_buffers.hpp"

#include <sys/mman.h>

#include <cerrno>

namespace quintet::ironkv {

RingBuffers::~RingBuffers() {
  if (memory_ != nullptr) ::munmap(memory_, kBytes);
}

int RingBuffers::register_with(io_uring& ring) {
  void* const memory =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  memory_ = memory;
  io_uring_buf_reg wanted{};
  wanted.ring_addr = reinterpret_cast<std::uint64_t>(memory_);
  wanted.ring_entries = kBuffers;
  wanted.bgid = kGroup;
  if (const int error = io_uring_register_buf_ring(&ring, &wanted, 0); error != 0) return -error;
  ring_ = static_cast<io_uring_buf_ring*>(memory_);
  io_uring_buf_ring_init(ring_);
  for (unsigned i = 0; i < kBuffers; ++i) give_back(static_cast<std::uint16_t>(i));
  return 0;
}

}  // namespace quintet::ironkv
