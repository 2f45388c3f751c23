// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace quintet::ironkv {

// What a server waits for its connections with. io_uring(7) receives and sends for all of them with
// one system call a turn; it takes Linux 6.1, and many containers forbid it.
enum class SocketEngine : std::uint8_t {
  kAuto,  // io_uring where it can be had, else epoll
  kEpoll,
  kIoUring,
};

}  // namespace quintet::ironkv
