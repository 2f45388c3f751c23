// SPDX-License-Identifier: MIT
#include "ironkv/net/stream.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace quintet::ironkv {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(int descriptor) : descriptor_(descriptor) {}

  IoState handshake() override { return IoState::kDone; }
  [[nodiscard]] const std::vector<std::byte>* peer_key() const override { return nullptr; }
  IoResult read(std::span<std::byte> space) override {
    return result(::recv(descriptor_, space.data(), space.size(), 0), IoState::kWaitRead);
  }
  IoResult write(Bytes bytes) override {
    return result(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  IoState::kWaitWrite);
  }
  [[nodiscard]] bool has_pending() const override { return false; }
  [[nodiscard]] std::string error() const override { return std::strerror(error_); }

 private:
  IoResult result(ssize_t bytes, IoState wait) {
    if (bytes > 0) return {IoState::kDone, static_cast<std::size_t>(bytes)};
    if (bytes == 0) return {IoState::kClosed};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {wait};
    error_ = errno;
    return {IoState::kFailed};
  }

  int descriptor_;
  int error_ = 0;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(int descriptor) {
  return std::make_unique<PlainStream>(descriptor);
}

}  // namespace quintet::ironkv
