// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ironkv/net/asio.hpp"
#include "ironkv/net/framing.hpp"
#include "ironkv/net/socket.hpp"
#include "ironkv/net/stream.hpp"

// One connection, of either side of it: handshake, frames in, frames out.
//
// Invariants:
//   I1 on_open() comes before any on_frame(), and on_closed() once and last, also without
//   on_open(); I2 frames leave in their order; an acknowledgement may overtake frames, never the
//   handshake; I3 its socket is watched from start() until it is closed.
// All calls of a turn (one event) to frame() and ack() go out with one write, at flush().
// Threading: that of its socket.
namespace quintet::ironkv {

class Connection final : public Socket::Watcher, public std::enable_shared_from_this<Connection> {
 public:
  // What owns it hears what happens, and must live until shut_down() or on_closed().
  class Owner {
   public:
    // The handshake is done. `key`: what the other side says or proves that it is.
    virtual void on_open(Connection& connection, Bytes key) = 0;
    virtual void on_frame(Connection& connection, Bytes frame) = 0;
    // Within any call to the connection; the connection is still there.
    virtual void on_closed(Connection& connection) = 0;
    // It has something left to write: at end_turn(), or when the owner lets it.
    virtual void wants_flush(Connection& connection) = 0;
    // Nothing more happens in this turn: time to flush.
    virtual void end_turn() = 0;

   protected:
    ~Owner() = default;
  };

  struct Options {
    std::size_t max_frame_bytes = kMostFrameBytes;
    std::size_t max_output_bytes = std::size_t{16} << 20;  // waiting; beyond it is closed
    std::uint64_t handshake_by = 0;  // of now_us(); the owner looks after it: is_late()
    Bytes own_key{};                 // what a dialer of a plain stream says first
    bool is_dialed = false;
  };

  // `stream` is over `socket`.
  Connection(asio::io_context& loop, std::unique_ptr<Socket> socket, std::unique_ptr<Stream> stream,
             Owner& owner, Options options);
  ~Connection();

  // Begins the handshake. Requires: a shared_ptr to it exists.
  void start();
  // Room for one frame, or nullptr: closed, or too much is waiting (then it is closed now).
  [[nodiscard]] std::byte* frame(std::size_t bytes);
  void ack(std::uint64_t number) { output_.ack(number); }
  // Writes what waits, as far as it goes now; goes on by itself later.
  void flush();
  void close(std::string why);
  // Closes without a word to the owner, which may go away then.
  void shut_down();

  [[nodiscard]] bool is_open() const { return state_ == State::kOpen; }
  [[nodiscard]] bool is_closed() const { return state_ == State::kClosed; }
  [[nodiscard]] bool is_late(std::uint64_t now) const {
    return state_ < State::kOpen && now >= options_.handshake_by;
  }
  [[nodiscard]] bool is_dialed() const { return options_.is_dialed; }
  [[nodiscard]] bool has_output() const { return !output_.is_empty(); }
  // Something that was said has not left.
  [[nodiscard]] bool is_sending() const {
    return !output_.is_empty() || (socket_ && (socket_->is_sending() || stream_->has_unsent()));
  }
  [[nodiscard]] const std::string& why_closed() const { return why_closed_; }

  [[nodiscard]] bool was_opened() const { return was_opened_; }

  // The owner's notes.
  std::uint64_t serial = 0;
  std::uint32_t peer = 0;
  std::size_t place = 0;
  bool is_registered = false;
  bool is_dirty = false;
  bool has_spoken = false;

 private:
  enum class State : std::uint8_t {
    kNew,
    kShaking,    // the stream's handshake
    kAnonymous,  // waits for the key that a dialer of a plain stream says first
    kOpen,
    kClosed,
  };
  // Longer keys than any of RSA. What is not known yet gets no more memory than that.
  static constexpr std::size_t kMostHandshakeBytes = 64 << 10;

  void shake_hands();
  void open(Bytes key);
  void wait_to_write();
  void on_readable() override;
  void on_writable() override;
  bool read_some();
  void give_frames();
  void acknowledge_quickly();

  asio::io_context& loop_;
  std::unique_ptr<Socket> socket_;  // none: closed
  std::unique_ptr<Stream> stream_;
  Owner& owner_;
  Options options_;
  InputBuffer input_{kMostHandshakeBytes};
  OutputBuffer output_;
  std::string why_closed_;
  State state_ = State::kNew;
  bool was_opened_ = false;
  bool is_write_blocked_ = false;
  bool has_written_ = false;  // in this turn
};

}  // namespace quintet::ironkv
