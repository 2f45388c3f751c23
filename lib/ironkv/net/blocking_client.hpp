// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/net/client.hpp"

// A client for threads that may block. It has a thread of its own with the loop; the calls of all
// threads travel over one connection to each server.
// Threading: any thread, until it is destroyed.
namespace quintet::ironkv {

struct CallError {
  enum class Kind : std::uint8_t {
    kTimedOut,      // a set may have taken effect, or may yet
    kUnknownOwner,  // the key is with a server that is not in the list
    kRefused,       // bad arguments: nothing was sent
  };
  Kind kind{};
  std::string text;  // one sentence without a full stop, that says what helps
};

class BlockingClient {
 public:
  struct Options {
    std::chrono::microseconds timeout = std::chrono::seconds(5);  // of a call, with all repetitions
    std::uint32_t busy_poll_us = 0;  // looks for answers so long before it sleeps
  };
  using Value = std::optional<std::vector<std::byte>>;  // none: absent
  template <class T>
  using Outcome = std::expected<T, CallError>;

  // Does not wait for connections: calls do.
  [[nodiscard]] static std::expected<BlockingClient, std::string> create(ClientSettings settings,
                                                                         Options options);
  [[nodiscard]] static std::expected<BlockingClient, std::string> create(ClientSettings settings) {
    return create(std::move(settings), Options());
  }
  BlockingClient(BlockingClient&&) noexcept;
  BlockingClient& operator=(BlockingClient&&) = delete;
  // Requires: no call is open.
  ~BlockingClient();

  Outcome<Value> get(Key key);
  Outcome<void> set(Key key, Bytes value);
  Outcome<void> erase(Key key);
  // All at the same time, in no order. The first error, if any is one.
  Outcome<std::vector<Value>> multi_get(std::span<const Key> keys);
  Outcome<void> multi_set(std::span<const std::pair<Key, Bytes>> pairs);
  // Asks a server to hand over at most 61 keys. Servers refuse in silence.
  Outcome<void> shard(ServerId from, const KeyRange& range, ServerId to);
  // Client::ask(). Errors are kRefused with what the server says, or why it does not answer.
  Outcome<AdminAnswer> ask(ServerId server, const AdminRequest& request);

 private:
  struct Impl;
  explicit BlockingClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quintet::ironkv
