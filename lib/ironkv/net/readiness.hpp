// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ironkv/net/asio.hpp"

// Which sockets of a loop are ready. A socket of Asio's costs a system call more for each event:
// waiting for it is armed by epoll_ctl(2), and reading from it begins with a read that finds
// nothing. Here sockets stay armed, in a set of epoll(7) of their own, for which the loop waits.
// There is one for each loop: Readiness::of(loop). It keeps the loop busy while it has sockets.
//
// Invariant: a socket is heard of from add() to remove(), and not after, also within one turn.
// Threading: that of the loop.
namespace quintet::ironkv {

class Readiness final : public asio::execution_context::service {
 public:
  class Watcher {
   public:
    // Ready as long as something can be read: it need not read all. An error can be read.
    virtual void on_readable() = 0;
    // Only when asked for.
    virtual void on_writable() = 0;

   protected:
    ~Watcher() = default;
  };

  // The first call for a loop throws boost::system::system_error if there is no descriptor left.
  static Readiness& of(asio::io_context& loop) { return asio::use_service<Readiness>(loop); }

  // For Asio.
  static asio::execution_context::id id;
  explicit Readiness(asio::execution_context& loop);
  ~Readiness() override;

  // A ticket for the calls below, or 0: the system has no room for one more, and errno says why.
  // `watcher` is kept until remove().
  [[nodiscard]] std::uint64_t add(int descriptor, std::shared_ptr<Watcher> watcher);
  void watch_writing(int descriptor, std::uint64_t ticket, bool is_wanted);
  // Before the descriptor is closed.
  void remove(int descriptor, std::uint64_t ticket);
  // Tells of what is ready now. For who looks by itself instead of waiting. Returns whether there
  // was something.
  bool serve();

 private:
  struct Slot {
    std::shared_ptr<Watcher> watcher{};  // none: free
    std::uint32_t use = 0;               // tells events of a former use from those of this one
  };

  void shutdown() override;
  void arm();
  [[nodiscard]] std::shared_ptr<Watcher> watcher_of(std::uint64_t ticket) const;

  asio::posix::stream_descriptor set_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t watched_ = 0;
  bool is_armed_ = false;
};

}  // namespace quintet::ironkv
