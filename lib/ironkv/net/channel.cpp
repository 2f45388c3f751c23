// SPDX-License-Identifier: MIT
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "ironkv/net/socket.hpp"

namespace quintet::ironkv {
namespace {

class DescriptorChannel final : public Channel {
 public:
  explicit DescriptorChannel(int descriptor) : descriptor_(descriptor) {}

  IoResult read(std::span<std::byte> space) override {
    return result(::recv(descriptor_, space.data(), space.size(), 0), IoState::kWaitRead);
  }
  IoResult write(Bytes bytes) override {
    return result(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  IoState::kWaitWrite);
  }
  [[nodiscard]] bool has_pending() const override { return false; }
  [[nodiscard]] int error() const override { return error_; }

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

void turn_on(int descriptor, int option) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, option, &on, sizeof(on));
}

}  // namespace

void send_at_once(int descriptor) { turn_on(descriptor, TCP_NODELAY); }
void acknowledge_now(int descriptor) { turn_on(descriptor, TCP_QUICKACK); }

std::unique_ptr<Channel> make_channel(int descriptor) {
  return std::make_unique<DescriptorChannel>(descriptor);
}

}  // namespace quintet::ironkv
