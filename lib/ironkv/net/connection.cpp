// SPDX-License-Identifier: MIT
#include "ironkv/net/connection.hpp"
#include "ironkv/net/socket_service.hpp"

#include <cerrno>
#include <cstring>

#include <utility>

namespace quintet::ironkv {

Connection::Connection(asio::io_context& loop, std::unique_ptr<Socket> socket,
                       std::unique_ptr<Stream> stream, Owner& owner, Options options)
    : loop_(loop),
      socket_(std::move(socket)),
      stream_(std::move(stream)),
      owner_(owner),
      options_(std::move(options)) {}

Connection::~Connection() { shut_down(); }

void Connection::start() {
  state_ = State::kShaking;
  if (!socket_->watch(shared_from_this())) return close(std::strerror(errno));
  shake_hands();
}

void Connection::shake_hands() {
  switch (stream_->handshake()) {
    case IoState::kDone:
      break;
    case IoState::kWaitRead:
      return;
    case IoState::kWaitWrite:
      return wait_to_write();
    case IoState::kClosed:
      return close("closed during the handshake");
    case IoState::kFailed:
      return close("the handshake failed: " + stream_->error());
  }
  if (const auto* key = stream_->peer_key()) {
    open(*key);
  } else if (options_.is_dialed) {
    std::memcpy(output_.frame(options_.own_key.size()), options_.own_key.data(),
                options_.own_key.size());
    flush();  // I2: from here on no acknowledgement gets before it
    if (!is_closed()) open({});
  } else {
    state_ = State::kAnonymous;
  }
  if (!is_closed() && stream_->has_unsent()) flush();
  if (is_closed() || !stream_->has_pending()) return;
  // What came together with the end of the handshake: the socket is not readable for it.
  SocketService::of(loop_).post([self = shared_from_this()] { self->on_readable(); });
}

void Connection::open(Bytes key) {
  state_ = State::kOpen;
  was_opened_ = true;
  input_.set_max_frame(options_.max_frame_bytes);
  owner_.on_open(*this, key);
}

void Connection::wait_to_write() {
  is_write_blocked_ = true;
  socket_->watch_writing(true);
}

void Connection::on_readable() {
  if (is_closed()) return;
  if (state_ == State::kShaking) {
    shake_hands();
    return owner_.end_turn();
  }
  has_written_ = false;
  while (read_some() && stream_->has_pending()) {
  }
  // It may have waited for this read; or TLS has an answer of its own.
  if (!is_closed() && (has_output() || stream_->has_unsent())) owner_.wants_flush(*this);
  owner_.end_turn();
  if (!is_closed()) acknowledge_quickly();
}

// Reads once and gives out the frames. Returns whether there was something.
bool Connection::read_some() {
  const IoResult result = stream_->read(input_.space());
  switch (result.state) {
    case IoState::kDone:
      input_.received(result.bytes);
      give_frames();
      return !is_closed();
    case IoState::kWaitRead:
    case IoState::kWaitWrite:
      return false;
    case IoState::kClosed:
      close("closed by the other side");
      return false;
    case IoState::kFailed:
      close(stream_->error());
      return false;
  }
  return false;
}

void Connection::give_frames() {
  while (!is_closed()) {
    const auto frame = input_.next();
    if (!frame) break;
    if (state_ == State::kAnonymous) {
      open(*frame);
    } else {
      owner_.on_frame(*this, *frame);
    }
  }
  if (const auto size = input_.refused(); size && !is_closed()) {
    close("a frame of " + std::to_string(*size) + " bytes is over the limit");
  }
}

// Without this the kernel may keep back its acknowledgement for 40 ms, and a sender that has
// Nagle's algorithm on, as the reference's, keeps back the second half of its frame for that. An
// answer carries the acknowledgement anyway, also one that waits for the disk, so it costs nothing
// on the fast path.
void Connection::acknowledge_quickly() {
  if ((has_written_ || has_output()) && !input_.has_part()) return;
  socket_->acknowledge_now();
}

std::byte* Connection::frame(std::size_t bytes) {
  if (is_closed()) return nullptr;
  if (output_.waiting() + bytes > options_.max_output_bytes) {
    close("it reads too slowly: " + std::to_string(output_.waiting()) + " bytes wait for it");
    return nullptr;
  }
  return output_.frame(bytes);
}

void Connection::flush() {
  while (!is_closed() && !is_write_blocked_) {
    const bool has_more = !output_.is_empty();
    const IoResult result = has_more ? stream_->write(output_.front()) : IoResult{stream_->flush()};
    switch (result.state) {
      case IoState::kDone:
        if (!has_more) return;
        output_.written(result.bytes);
        has_written_ = true;
        break;
      case IoState::kWaitWrite:
        wait_to_write();
        break;
      case IoState::kWaitRead:
        return;
      case IoState::kClosed:
        return close("closed by the other side");
      case IoState::kFailed:
        return close(stream_->error());
    }
  }
}

void Connection::on_writable() {
  if (is_closed()) return;
  is_write_blocked_ = false;
  socket_->watch_writing(false);
  if (state_ == State::kShaking) {
    shake_hands();
  } else {
    owner_.wants_flush(*this);
  }
  owner_.end_turn();
}

void Connection::close(std::string why) {
  if (is_closed()) return;
  why_closed_ = std::move(why);
  shut_down();
  owner_.on_closed(*this);
}

void Connection::shut_down() {
  state_ = State::kClosed;
  const auto gone = std::exchange(socket_, nullptr);
}

}  // namespace quintet::ironkv
