// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/net/framing.hpp"

// A socket without manners, for tests of what a server does with it.
namespace quintet::ironkv {

class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    QT_CHECK(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  }
  ~RawSocket() { ::close(descriptor_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // Returns whether all was taken.
  bool send(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool send_frame(Bytes frame) {
    std::array<std::byte, kLengthBytes> length;
    store_be64(length.data(), frame.size());
    return send(length) && send(frame);
  }
  // The other side closes it within half a minute; what it says until then is dropped.
  bool is_closed_in_time() {
    std::byte some[4096];
    for (;;) {
      pollfd poll{.fd = descriptor_, .events = POLLIN, .revents = 0};
      if (::poll(&poll, 1, 30'000) != 1) return false;
      if (::recv(descriptor_, some, sizeof(some), 0) <= 0) return true;
    }
  }
  // What the other side says until it closes the connection.
  std::vector<std::byte> read_to_end() {
    std::vector<std::byte> all;
    std::byte some[4096];
    for (;;) {
      pollfd poll{.fd = descriptor_, .events = POLLIN, .revents = 0};
      if (::poll(&poll, 1, 30'000) != 1) return all;
      const ssize_t got = ::recv(descriptor_, some, sizeof(some), 0);
      if (got <= 0) return all;
      all.insert(all.end(), some, some + got);
    }
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace quintet::ironkv
