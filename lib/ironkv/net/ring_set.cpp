// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "ironkv/net/ring.hpp"
#include "ironkv/net/socket.hpp"

namespace quintet::ironkv {
namespace {

constexpr std::size_t kMostSend = 256 << 10;
constexpr std::size_t kMostKept = 64 << 10;  // of memory for one socket, between sends

class RingSocket final : public Socket {
 public:
  RingSocket(std::shared_ptr<Ring> ring, int descriptor)
      : ring_(std::move(ring)), line_(ring_->add(descriptor)) {
    ::fcntl(descriptor, F_SETFL, 0);  // requests wait; of non-blocking descriptors they fail
    send_at_once(descriptor);
  }
  ~RingSocket() override { ring_->remove(line_); }
  RingSocket(const RingSocket&) = delete;
  RingSocket& operator=(const RingSocket&) = delete;

  bool watch(std::shared_ptr<Watcher> watcher) override {
    line_.watcher = std::move(watcher);
    ring_->receive(line_);
    return true;
  }
  void watch_writing(bool is_wanted) override { line_.wants_to_write = is_wanted; }
  void acknowledge_now() override { ironkv::acknowledge_now(line_.descriptor); }
  IoResult read(std::span<std::byte> space) override;
  IoResult write(Bytes bytes) override;
  [[nodiscard]] bool has_pending() const override {
    return !line_.arrived.empty() || !line_.kept.empty();
  }
  [[nodiscard]] bool is_sending() const override { return line_.is_sending; }
  [[nodiscard]] int error() const override { return line_.error; }

 private:
  std::shared_ptr<Ring> ring_;
  Line& line_;
};

IoResult RingSocket::read(std::span<std::byte> space) {
  Line& line = line_;
  const bool is_kept = !line.kept.empty();
  const Bytes from = is_kept ? Bytes(line.kept).subspan(line.kept_from) : line.arrived;
  if (from.empty()) {
    if (!line.has_ended) return {IoState::kWaitRead};
    return {line.error == 0 ? IoState::kClosed : IoState::kFailed};
  }
  const std::size_t bytes = std::min(space.size(), from.size());
  std::memcpy(space.data(), from.data(), bytes);
  if (!is_kept) {
    line.arrived = line.arrived.subspan(bytes);
  } else if ((line.kept_from += bytes) == line.kept.size()) {
    line.kept = {};
    line.kept_from = 0;
  }
  return {IoState::kDone, bytes};
}

// One send at a time: the next may begin when all of this one has left.
IoResult RingSocket::write(Bytes bytes) {
  Line& line = line_;
  if (line.error != 0) return {IoState::kFailed};
  if (line.is_sending) return {IoState::kWaitWrite};
  const Bytes taken = bytes.first(std::min(bytes.size(), kMostSend));
  if (line.sending.capacity() > kMostKept) line.sending = {};
  line.sending.assign(taken.begin(), taken.end());
  line.sent = 0;
  ring_->send(line);
  return {IoState::kDone, taken.size()};
}

class RingSet final : public SocketSet {
 public:
  explicit RingSet(std::shared_ptr<Ring> ring) : ring_(std::move(ring)) {}
  ~RingSet() override { ring_->end(); }
  RingSet(const RingSet&) = delete;
  RingSet& operator=(const RingSet&) = delete;

  std::unique_ptr<Socket> adopt(int descriptor) override {
    return std::make_unique<RingSocket>(ring_, descriptor);
  }
  bool serve(int wait_ms) override { return ring_->serve(wait_ms); }
  void flush() override { ring_->flush(); }
  bool before_sleep() override { return ring_->before_sleep(); }
  [[nodiscard]] SocketEngine engine() const override { return SocketEngine::kIoUring; }
  [[nodiscard]] int descriptor() const override { return ring_->descriptor(); }

 private:
  std::shared_ptr<Ring> ring_;
};

}  // namespace

std::expected<std::unique_ptr<SocketSet>, std::string> internal::make_ring_set(
    SocketSet::Owner* owner) {
  auto ring = std::make_shared<Ring>(owner);
  if (const int error = ring->make()) {
    return std::unexpected(std::string("no io_uring here: ") + std::strerror(error) +
                           "; it takes Linux 6.1, and a container that allows it: use epoll");
  }
  return std::make_unique<RingSet>(std::move(ring));
}

}  // namespace quintet::ironkv
