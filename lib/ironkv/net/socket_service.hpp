// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "ironkv/net/asio.hpp"
#include "ironkv/net/socket.hpp"

// The sockets of a loop of Asio's: one set for each loop, for which the loop waits. A socket of
// Asio's own costs a system call more for each event, as waiting for it is armed by epoll_ctl(2),
// and reading from it begins with a read that finds nothing.
// It keeps the loop busy while it has sockets. Threading: that of the loop.
namespace quintet::ironkv {

class SocketService final : public asio::execution_context::service, private SocketSet::Owner {
 public:
  // The first call for a loop throws std::system_error if there is no descriptor left.
  static SocketService& of(asio::io_context& loop) {
    return asio::use_service<SocketService>(loop);
  }

  // For Asio.
  static asio::execution_context::id id;
  explicit SocketService(asio::execution_context& loop);
  ~SocketService() override;

  // Another set than one of epoll. Requires: no socket was adopted; for io_uring, that this is the
  // thread that runs the loop, now and later.
  std::expected<void, std::string> use(SocketEngine engine);
  [[nodiscard]] SocketEngine engine() const { return set_->engine(); }

  // Takes a connected socket.
  [[nodiscard]] std::unique_ptr<Socket> adopt(tcp::socket socket);
  // Tells of what is ready, after waiting for something for up to `wait_ms`. For who looks by
  // itself instead of waiting for the loop. Returns whether there was something.
  bool serve(int wait_ms = 0);
  // As asio::post(), and run_loop() hears of it.
  template <class Handler>
  void post(Handler handler) {
    has_posted_ = true;
    asio::post(loop_, std::move(handler));
  }
  // Since the last call.
  [[nodiscard]] bool take_posted() { return std::exchange(has_posted_, false); }
  // Before the loop is waited for. Returns false if there is something already.
  [[nodiscard]] bool before_sleep() { return set_->before_sleep(); }

 private:
  void shutdown() override;
  void on_written() override;
  void on_empty() override;
  void take(std::unique_ptr<SocketSet> set);
  void arm();

  asio::io_context& loop_;
  std::unique_ptr<SocketSet> set_;
  asio::posix::stream_descriptor event_;  // of the set
  bool is_armed_ = false;
  bool has_sockets_ = false;
  bool is_flush_posted_ = false;
  bool has_posted_ = false;
};

}  // namespace quintet::ironkv
