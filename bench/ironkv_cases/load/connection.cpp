// SPDX-License-Identifier: MIT
#include "ironkv_cases/load/connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "platform/clock.hpp"

namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::IoState;

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
  return descriptor;
}

}  // namespace

LoadConnection::LoadConnection(const LoadTarget& target, ironkv::SocketSet& set, Owner& owner)
    : set_(set),
      owner_(owner),
      session_(target.session()),
      socket_(set.adopt(connected_socket(target.port))),
      stream_(target.stream ? target.stream(*socket_) : ironkv::make_plain_stream(*socket_)) {}

void LoadConnection::start() {
  if (!socket_->watch(shared_from_this())) throw std::runtime_error("no room for a connection");
  for (;;) {
    const IoState state = stream_->handshake();
    if (state == IoState::kDone) break;
    if (state == IoState::kWaitWrite) socket_->watch_writing(true);
    if (state == IoState::kClosed || state == IoState::kFailed) {
      throw std::runtime_error("the server refuses the handshake: " + stream_->error());
    }
    if (!set_.serve(kPatienceMs)) throw std::runtime_error("the server stands still");
  }
  socket_->watch_writing(false);
  is_shaking_ = false;
  session_->hello(output_);
  flush();
}

void LoadConnection::ask(Request request, std::uint64_t keys, std::int64_t since) {
  session_->ask(request, ++asked_ % keys, output_);
  since_.push_back(since);
}

void LoadConnection::flush() {
  for (;;) {
    const bool has_more = !output_.is_empty();
    const ironkv::IoResult result =
        has_more ? stream_->write(output_.front()) : ironkv::IoResult{stream_->flush()};
    if (result.state == IoState::kDone) {
      if (!has_more) return;
      output_.written(result.bytes);
    } else if (result.state == IoState::kWaitWrite) {
      return socket_->watch_writing(true);
    } else {
      throw std::runtime_error("the connection broke: " + stream_->error());
    }
  }
}

void LoadConnection::on_writable() {
  if (is_shaking_) return;
  socket_->watch_writing(false);
  flush();
}

void LoadConnection::on_readable() {
  if (is_shaking_) return;
  while (read_some() && stream_->has_pending()) {
  }
  session_->end_turn(output_);
  flush();
}

bool LoadConnection::read_some() {
  const ironkv::IoResult result = stream_->read(std::span(input_).subspan(arrived_));
  if (result.state == IoState::kClosed) throw std::runtime_error("the server closed a connection");
  if (result.state == IoState::kFailed) {
    throw std::runtime_error("the connection broke: " + stream_->error());
  }
  if (result.state != IoState::kDone) return false;
  arrived_ += result.bytes;
  std::uint32_t answers = 0;
  const std::size_t used = session_->read(Bytes(input_).first(arrived_), answers);
  arrived_ -= used;
  if (arrived_ > 0 && used > 0) std::memmove(input_.data(), input_.data() + used, arrived_);
  if (answers > since_.size()) throw std::runtime_error("more answers than requests");
  const std::int64_t now = answers > 0 ? platform::now_ns() : 0;
  for (; answers > 0; --answers) {
    const std::int64_t since = since_.front();
    since_.pop_front();
    owner_.on_answer(*this, since, now);
  }
  return true;
}

}  // namespace quintet::bench::ironkv_cases
