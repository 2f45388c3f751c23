// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ironkv/net/client.hpp"
#include "ironkv_cases/load/load.hpp"

// Load by our client library: callers in a closed loop on one thread, each with a connection of its
// own or all over one. As in load.hpp, each asks for keys one after the other and looks at answers.
// Threading: one thread.
namespace quintet::bench::ironkv_cases {

class LibraryLoad {
 public:
  struct Plan {
    Request request = Request::kGet;
    std::size_t callers = 10;
    bool is_shared = false;
    std::uint32_t busy_poll_us = 0;
    std::uint64_t keys = 1;
    std::size_t value_bytes = 128;
  };
  // `key`, when it was asked for, and when it was answered, in nanoseconds.
  using Answered = std::function<void(std::uint64_t key, std::int64_t since, std::int64_t now)>;

  LibraryLoad(const Plan& plan, const std::vector<ironkv::ServerAddress>& servers);

  // Stores all keys. Throws std::runtime_error, as all of these do, when a call fails.
  void store_keys();
  // Moves a range of keys, and waits until it is there.
  void move(const ironkv::KeyRange& range, ironkv::ServerId from, ironkv::ServerId to);
  // Begins such a move, and calls `moved` when it is done.
  void begin_move(const ironkv::KeyRange& range, ironkv::ServerId from, ironkv::ServerId to,
                  std::function<void()> moved);
  // From now on callers ask.
  void begin(Answered answered);
  // Until the time, in nanoseconds; returns it.
  std::int64_t drive_until(std::int64_t end);

 private:
  struct Caller {
    ironkv::Client* client;
    std::uint64_t asked = 0;
  };

  void ask(Caller& caller);
  void look(ironkv::ServerId from, std::uint64_t reshard, std::function<void()> moved);
  void check(const ironkv::Answer& answer);
  void drive_while(const std::function<bool()>& goes_on);

  Plan plan_;
  std::vector<ironkv::EndPoint> end_points_;
  boost::asio::io_context loop_{1};
  std::vector<ironkv::Client> clients_;
  std::vector<Caller> callers_;
  std::vector<std::byte> value_;
  Answered answered_;
  std::string failure_;  // thrown from the loop's outside: handlers must not throw
};

}  // namespace quintet::bench::ironkv_cases
