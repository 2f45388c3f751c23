// SPDX-License-Identifier: MIT
#include "ironkv_cases/load/connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::IoState;

constexpr int kPatienceMs = 10'000;

int connected_socket(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    ::close(descriptor);
    throw std::runtime_error("no server listens any more");
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return descriptor;
}

}  // namespace

LoadConnection::LoadConnection(const LoadTarget& target)
    : descriptor_(connected_socket(target.port)),
      session_(target.session()),
      stream_(target.stream ? target.stream(descriptor_) : ironkv::make_plain_stream(descriptor_)) {
  shake_hands();
  session_->hello(output_);
  flush();
}

LoadConnection::~LoadConnection() { ::close(descriptor_); }

void LoadConnection::shake_hands() {
  for (;;) {
    const IoState state = stream_->handshake();
    if (state == IoState::kDone) return;
    if (state == IoState::kWaitRead) {
      wait(POLLIN);
    } else if (state == IoState::kWaitWrite) {
      wait(POLLOUT);
    } else {
      throw std::runtime_error("the server refuses the handshake: " + stream_->error());
    }
  }
}

void LoadConnection::wait(short events) const {
  pollfd poll{.fd = descriptor_, .events = events, .revents = 0};
  if (::poll(&poll, 1, kPatienceMs) == 0) throw std::runtime_error("the server stands still");
}

void LoadConnection::ask(Request request, std::uint64_t keys, std::int64_t since) {
  session_->ask(request, ++asked_ % keys, output_);
  since_.push_back(since);
}

void LoadConnection::flush() {
  while (!output_.is_empty()) {
    const ironkv::IoResult result = stream_->write(output_.front());
    if (result.state == IoState::kDone) {
      output_.written(result.bytes);
    } else if (result.state == IoState::kWaitWrite) {
      wait(POLLOUT);
    } else if (result.state == IoState::kWaitRead) {
      wait(POLLIN);
    } else {
      throw std::runtime_error("the connection broke: " + stream_->error());
    }
  }
}

std::uint32_t LoadConnection::read_some() {
  const ironkv::IoResult result = stream_->read(std::span(input_).subspan(arrived_));
  if (result.state == IoState::kClosed) throw std::runtime_error("the server closed a connection");
  if (result.state == IoState::kFailed) {
    throw std::runtime_error("the connection broke: " + stream_->error());
  }
  if (result.state != IoState::kDone) return 0;
  arrived_ += result.bytes;
  std::uint32_t answers = 0;
  const std::size_t used = session_->read(Bytes(input_).first(arrived_), answers);
  arrived_ -= used;
  if (arrived_ > 0 && used > 0) std::memmove(input_.data(), input_.data() + used, arrived_);
  if (answers > since_.size()) throw std::runtime_error("more answers than requests");
  return answers;
}

}  // namespace quintet::bench::ironkv_cases
