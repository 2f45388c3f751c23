// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ironkv/net/socket.hpp"

// A stream of bytes over a channel: plain, or TLS. It tries, and says what to wait for; waiting is
// the connection's business. Threading: one thread.
namespace quintet::ironkv {

class Stream {
 public:
  virtual ~Stream() = default;

  // Until it is done nothing may be read or written. A plain stream has none.
  virtual IoState handshake() = 0;
  // Who is on the other side, if the handshake says so (TLS): its public key.
  [[nodiscard]] virtual const std::vector<std::byte>* peer_key() const = 0;

  virtual IoResult read(std::span<std::byte> space) = 0;
  // Requires: bytes is not empty. What is done may wait here still, and needs flush().
  virtual IoResult write(Bytes bytes) = 0;
  // kDone: nothing waits. Reading and shaking hands may leave something, too.
  virtual IoState flush() = 0;
  [[nodiscard]] virtual bool has_unsent() const = 0;
  // Something can be read that nobody will be told of.
  [[nodiscard]] virtual bool has_pending() const = 0;
  [[nodiscard]] virtual std::string error() const = 0;
};

// The channel has to live longer.
[[nodiscard]] std::unique_ptr<Stream> make_plain_stream(Channel& channel);

}  // namespace quintet::ironkv
