// SPDX-License-Identifier: MIT
#include "ironkv/net/stream.hpp"

#include <cstring>

namespace quintet::ironkv {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Channel& channel) : channel_(channel) {}

  IoState handshake() override { return IoState::kDone; }
  [[nodiscard]] const std::vector<std::byte>* peer_key() const override { return nullptr; }
  IoResult read(std::span<std::byte> space) override { return channel_.read(space); }
  IoResult write(Bytes bytes) override { return channel_.write(bytes); }
  IoState flush() override { return IoState::kDone; }
  [[nodiscard]] bool has_unsent() const override { return false; }
  [[nodiscard]] bool has_pending() const override { return channel_.has_pending(); }
  [[nodiscard]] std::string error() const override { return std::strerror(channel_.error()); }

 private:
  Channel& channel_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(Channel& channel) {
  return std::make_unique<PlainStream>(channel);
}

}  // namespace quintet::ironkv
