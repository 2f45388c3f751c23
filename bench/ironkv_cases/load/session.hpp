// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

// What the load says over one connection, in each of the protocols: as little work as can be, so
// that servers are compared and not clients. Every answer is looked at: its kind, its size, and
// whether it is of the value that was stored.
// Threading: one thread.
namespace quintet::bench::ironkv_cases {

using Bytes = std::span<const std::byte>;

// Bytes that wait to be sent.
class Output {
 public:
  // Room for so many bytes, to be filled before the next call.
  std::byte* room(std::size_t bytes) {
    if (end_ + bytes > bytes_.size()) bytes_.resize(2 * (end_ + bytes));
    std::byte* const at = bytes_.data() + end_;
    end_ += bytes;
    return at;
  }
  void append(Bytes bytes) { std::memcpy(room(bytes.size()), bytes.data(), bytes.size()); }

  [[nodiscard]] bool is_empty() const { return begin_ == end_; }
  [[nodiscard]] Bytes front() const { return Bytes(bytes_).subspan(begin_, end_ - begin_); }
  void written(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

 private:
  std::vector<std::byte> bytes_ = std::vector<std::byte>(4096);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

enum class Request : std::uint8_t { kGet, kSet };

class Session {
 public:
  virtual ~Session() = default;
  // What comes first on a connection.
  virtual void hello(Output&) {}
  virtual void ask(Request request, std::uint64_t key, Output& output) = 0;
  // Reads whole answers from the front of what has arrived; says how many there were, and returns
  // how many bytes they took. Answers come in the order of the requests. Throws
  // std::runtime_error if one is wrong.
  virtual std::size_t read(Bytes arrived, std::uint32_t& answers) = 0;
  // After the answers of one read: what else the protocol wants said.
  virtual void end_turn(Output&) {}
};

// `name`: the 32 bytes that a plain connection calls itself; without, the connection is TLS.
[[nodiscard]] std::unique_ptr<Session> ironkv_session(std::size_t value_bytes,
                                                      std::vector<std::byte> name);
[[nodiscard]] std::unique_ptr<Session> redis_session(std::size_t value_bytes);
[[nodiscard]] std::unique_ptr<Session> memcached_session(std::size_t value_bytes);
// For a server that answers every `request` bytes with `reply` bytes.
struct EchoSizes {
  std::size_t request = 0;
  std::size_t reply = 0;
};
[[nodiscard]] std::unique_ptr<Session> echo_session(EchoSizes sizes);
// Those of IronKV's frames: a request, and its reply. A server acknowledges what it has read with
// the replies to it; so an acknowledgement comes with each reply where one request is on its way,
// and does not count where there are more.
[[nodiscard]] EchoSizes echo_sizes(Request request, std::size_t value_bytes, std::size_t depth);

}  // namespace quintet::bench::ironkv_cases
