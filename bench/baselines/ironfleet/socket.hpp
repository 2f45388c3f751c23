// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "baselines/ironfleet/messages.hpp"
#include "ironkv/net/address.hpp"

// Blocking TCP sockets, and frames on them: each has its length in front, eight bytes, the high one
// first. Threading: one thread reads while one writes; shut_down() from any.
namespace quintet::baselines::ironfleet {

struct SocketOptions {
  bool no_delay = true;        // else the kernel waits with what is small (Nagle's algorithm)
  bool splits_frames = false;  // a frame's length and its bytes go out by a send of their own
};

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  // Waits until somebody listens there or refuses.
  [[nodiscard]] static std::optional<Socket> connect(const ironkv::ServerAddress& to);
  // Bound to the address, or why not.
  [[nodiscard]] static std::expected<Socket, std::string> listen(const ironkv::ServerAddress& at);
  [[nodiscard]] std::optional<Socket> accept() const;

  void apply(const SocketOptions& options);
  [[nodiscard]] std::uint16_t port() const;

  // None: the connection has ended, or announces more than 2 MiB.
  [[nodiscard]] std::optional<Buffer> receive_frame() const;
  [[nodiscard]] bool send_frame(const Buffer& frame) const;
  // Ends both directions, so that whoever waits returns.
  void shut_down() const;

 private:
  [[nodiscard]] bool receive_all(std::byte* at, std::size_t bytes) const;
  [[nodiscard]] bool send_all(Bytes bytes) const;

  int descriptor_;
  bool splits_frames_ = false;
};

}  // namespace quintet::baselines::ironfleet
