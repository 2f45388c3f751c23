// SPDX-License-Identifier: MIT
#pragma once

#include <liburing.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ironkv/net/ring_buffers.hpp"
#include "ironkv/net/socket.hpp"

// What the sockets of a set of io_uring(7) share; only ring*.cpp include it. A request that is
// never withdrawn receives for each socket, into buffers that all share; sends are handed over
// together, with the call that waits. Threading: one thread.
namespace quintet::ironkv {

// Of one socket. Invariant: it stays as long as the kernel may say something of it.
struct Line {
  int descriptor = -1;  // -1: the socket is gone
  std::shared_ptr<Socket::Watcher> watcher{};
  Bytes arrived{};                // and is being told of
  std::vector<std::byte> kept{};  // arrived before, and was not read, from `kept_from` on
  std::size_t kept_from = 0;
  std::vector<std::byte> sending{};
  std::size_t sent = 0;
  int error = 0;
  bool has_ended = false;  // nothing more arrives
  bool is_receiving = false;
  bool is_sending = false;
  bool wants_to_write = false;
  bool is_buried = false;
  std::size_t place = 0;

  [[nodiscard]] bool is_done() const { return descriptor < 0 && !is_receiving && !is_sending; }
};

class Ring {
 public:
  explicit Ring(SocketSet::Owner* owner) : owner_(owner) {}
  ~Ring() {
    if (is_made_) io_uring_queue_exit(&ring_);
    if (event_ >= 0) ::close(event_);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  int make();  // errno, or 0
  Line& add(int descriptor);
  void receive(Line& line);
  void send(Line& line);
  void remove(Line& line);
  bool serve(int wait_ms);
  void flush() { io_uring_submit(&ring_); }
  bool before_sleep();
  // No watcher is told any more.
  void end();
  [[nodiscard]] int descriptor() const { return event_; }

 private:
  io_uring_sqe& next_submission();
  [[nodiscard]] bool has_work() const;
  void wait(int wait_ms);
  void on_received(Line& line, int result, std::uint32_t flags);
  void on_sent(Line& line, int result);
  void tell_arrived(Line& line, Bytes bytes);
  void written() {
    if (!is_serving_ && owner_ != nullptr) owner_->on_written();
  }
  void bury(Line& line) {
    if (line.is_done() && !std::exchange(line.is_buried, true)) dead_.push_back(&line);
  }
  void clear_dead();

  SocketSet::Owner* owner_;
  io_uring ring_{};
  RingBuffers buffers_;
  int event_ = -1;  // told of what happens while is_signalled_
  bool is_signalled_ = false;
  bool is_made_ = false;
  bool is_serving_ = false;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<Line*> dead_;
  std::size_t sockets_ = 0;
};

}  // namespace quintet::ironkv
