// SPDX-License-Identifier: MIT
#include "ironkv/net/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstring>

namespace quintet::ironkv {

Connection::Connection(tcp::socket socket, std::unique_ptr<Stream> stream, Owner& owner,
                       Options options)
    : socket_(std::move(socket)),
      stream_(std::move(stream)),
      owner_(owner),
      options_(std::move(options)) {}

void Connection::start() {
  error_code error;
  socket_.native_non_blocking(true, error);
  if (!error) socket_.set_option(tcp::no_delay(true), error);
  if (error) return close(error.message());
  state_ = State::kShaking;
  shake_hands();
}

void Connection::shake_hands() {
  switch (stream_->handshake()) {
    case IoState::kDone:
      break;
    case IoState::kWaitRead:
      return wait_to_read();
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
  if (is_closed()) return;
  if (!stream_->has_pending()) return wait_to_read();
  // What came together with the end of the handshake: the socket is not readable for it.
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->on_readable(); });
}

void Connection::open(Bytes key) {
  state_ = State::kOpen;
  was_opened_ = true;
  input_.set_max_frame(options_.max_frame_bytes);
  owner_.on_open(*this, key);
}

// Asio arms a wait for readiness by a system call, a read by none. So whatever can be read by Asio
// itself is.
void Connection::wait_to_read() {
  if (state_ != State::kShaking && stream_->is_transparent()) {
    const auto space = input_.space();
    return socket_.async_read_some(
        asio::buffer(space.data(), space.size()),
        [self = shared_from_this()](const error_code& error, std::size_t bytes) {
          self->on_read(error, bytes);
        });
  }
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](const error_code&) { self->on_readable(); });
}

void Connection::wait_to_write() {
  is_write_blocked_ = true;
  socket_.async_wait(tcp::socket::wait_write,
                     [self = shared_from_this()](const error_code&) { self->on_writable(); });
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
  end_read();
}

void Connection::on_read(const error_code& error, std::size_t bytes) {
  if (is_closed()) return;
  has_written_ = false;
  if (!error) {
    input_.received(bytes);
    give_frames();
  } else {
    close(error == asio::error::eof ? "closed by the other side" : error.message());
  }
  end_read();
}

void Connection::end_read() {
  if (!is_closed() && has_output()) owner_.wants_flush(*this);  // it may have waited for this read
  owner_.end_turn();
  if (is_closed()) return;
  acknowledge_quickly();
  wait_to_read();
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
  const int on = 1;
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
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
  while (!is_closed() && !is_write_blocked_ && !output_.is_empty()) {
    const IoResult result = stream_->write(output_.front());
    switch (result.state) {
      case IoState::kDone:
        output_.written(result.bytes);
        has_written_ = true;
        break;
      case IoState::kWaitWrite:
        wait_to_write();
        break;
      case IoState::kWaitRead:  // TLS; the next read goes on with it
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
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace quintet::ironkv
