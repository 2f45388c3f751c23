// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "ironkv/net/socket_engine.hpp"
#include "ironkv/value.hpp"

// Sockets that do not block, and the set that waits for all of a thread's: by epoll(7), or by
// io_uring(7), which receives and sends for all of them with one system call a turn.
// Threading: a set and its sockets belong to one thread.
namespace quintet::ironkv {

enum class IoState : std::uint8_t {
  kDone,
  kWaitRead,   // try again when it can be read
  kWaitWrite,  // or written
  kClosed,     // the other side closed it
  kFailed,
};

struct IoResult {
  IoState state{};
  std::size_t bytes = 0;  // if done; at least 1
};

// Bytes from and to the other side.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual IoResult read(std::span<std::byte> space) = 0;
  // Requires: bytes is not empty.
  virtual IoResult write(Bytes bytes) = 0;
  // Something is here that no watcher will be told of.
  [[nodiscard]] virtual bool has_pending() const = 0;
  // What failed, as errno.
  [[nodiscard]] virtual int error() const = 0;
};

// recv(2) and send(2). The descriptor stays the caller's, and has to live longer.
[[nodiscard]] std::unique_ptr<Channel> make_channel(int descriptor);

// Options of TCP; other sockets do without. Small frames do not wait for more of them:
void send_at_once(int descriptor);
// The acknowledgement of what arrived does not wait for an answer:
void acknowledge_now(int descriptor);

// A connected socket of a set; closed when destroyed. It may outlive the set, and is then deaf.
// Invariant: its watcher is heard of from watch() until the socket is destroyed, and not after,
// also within one turn.
class Socket : public Channel {
 public:
  class Watcher {
   public:
    // There is something to read, or an error. Who leaves something has to come back for it:
    // whether it is told again depends on the set.
    virtual void on_readable() = 0;
    // Only when asked for, and then until asked not to.
    virtual void on_writable() = 0;

   protected:
    ~Watcher() = default;
  };

  // Returns false if the system has no room for one more: errno says why.
  [[nodiscard]] virtual bool watch(std::shared_ptr<Watcher> watcher) = 0;
  virtual void watch_writing(bool is_wanted) = 0;
  virtual void acknowledge_now() = 0;
  // Something that was written has not left the process.
  [[nodiscard]] virtual bool is_sending() const = 0;
};

class SocketSet {
 public:
  // Who runs it, where that is not only a call of serve() after the other.
  class Owner {
   public:
    // Something was written outside of serve(): flush() is due.
    virtual void on_written() = 0;
    // The last socket is gone.
    virtual void on_empty() = 0;

   protected:
    ~Owner() = default;
  };

  virtual ~SocketSet() = default;
  // Takes the descriptor, of a connected socket.
  [[nodiscard]] virtual std::unique_ptr<Socket> adopt(int descriptor) = 0;
  // Tells watchers what has happened, after waiting for something for up to `wait_ms`; without end
  // if that is negative. Returns whether there was something. What watchers write may be sent by
  // the next call only, or by flush(); in a long turn before.
  virtual bool serve(int wait_ms) = 0;
  // Sends what was written.
  virtual void flush() = 0;
  // Before who serves it sleeps for descriptor(). Returns false if there is something already.
  [[nodiscard]] virtual bool before_sleep() = 0;
  // kEpoll or kIoUring.
  [[nodiscard]] virtual SocketEngine engine() const = 0;
  // Readable when serve() has something to tell, from before_sleep() on, until the next serve().
  // The set's.
  [[nodiscard]] virtual int descriptor() const = 0;
};

// `owner`, if there is one, has to live longer than the set. Throws std::system_error if there is
// no descriptor left. Errors: kIoUring, and the kernel has none, or an old one, or forbids it.
[[nodiscard]] std::expected<std::unique_ptr<SocketSet>, std::string> make_socket_set(
    SocketEngine engine, SocketSet::Owner* owner = nullptr);

namespace internal {

[[nodiscard]] std::unique_ptr<SocketSet> make_epoll_set(SocketSet::Owner* owner);
[[nodiscard]] std::expected<std::unique_ptr<SocketSet>, std::string> make_ring_set(
    SocketSet::Owner* owner);

}  // namespace internal
}  // namespace quintet::ironkv
