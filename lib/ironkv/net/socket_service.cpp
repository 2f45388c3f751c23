// SPDX-License-Identifier: MIT
#include "ironkv/net/socket_service.hpp"

#include <fcntl.h>

#include <utility>

namespace quintet::ironkv {
namespace {

// In a row, before timers and what else the loop has get their turn.
constexpr int kMostRounds = 4;

}  // namespace

asio::execution_context::id SocketService::id;

SocketService::SocketService(asio::execution_context& loop)
    : service(loop), loop_(static_cast<asio::io_context&>(loop)), event_(loop_) {
  take(make_socket_set(SocketEngine::kEpoll, this).value());
}

SocketService::~SocketService() = default;

void SocketService::take(std::unique_ptr<SocketSet> set) {
  error_code ignored;
  event_.close(ignored);
  set_ = std::move(set);
  event_.assign(::fcntl(set_->descriptor(), F_DUPFD_CLOEXEC, 0));
}

std::expected<void, std::string> SocketService::use(SocketEngine engine) {
  auto set = make_socket_set(engine, this);
  if (!set) return std::unexpected(set.error());
  take(std::move(*set));
  return {};
}

void SocketService::shutdown() {
  error_code ignored;
  event_.close(ignored);
  set_ = nullptr;  // its watchers may be gone with it
}

std::unique_ptr<Socket> SocketService::adopt(tcp::socket socket) {
  auto adopted = set_->adopt(socket.release());
  has_sockets_ = true;
  arm();
  return adopted;
}

void SocketService::on_written() {
  if (std::exchange(is_flush_posted_, true)) return;
  post([this] {
    is_flush_posted_ = false;
    serve();
  });
}

void SocketService::on_empty() {
  has_sockets_ = false;
  error_code ignored;
  event_.cancel(ignored);
}

void SocketService::arm() {
  if (is_armed_ || !has_sockets_) return;
  is_armed_ = true;
  event_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
    is_armed_ = false;
    if (!error) serve();
    arm();
  });
}

bool SocketService::serve(int wait_ms) {
  int rounds = 0;
  while (rounds < kMostRounds && set_->serve(rounds == 0 ? wait_ms : 0)) ++rounds;
  if (rounds == kMostRounds) set_->flush();
  return rounds > 0;
}

}  // namespace quintet::ironkv
