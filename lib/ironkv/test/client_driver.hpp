// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ironkv/client_core.hpp"
#include "ironkv/test/host_driver.hpp"

// One client, what the test has its hosts say, and what it says and tells as text: frames as in
// host_driver.hpp, and answers as
//   "7: value"  "7: absent"  "7: timed out"  "7: unknown owner"
// where 7 is the token of the call.
namespace quintet::ironkv {

inline ClientOptions three_servers() {
  return {.servers = {end_point("one"), end_point("two"), end_point("three")}};
}

class ClientDriver {
 public:
  explicit ClientDriver(ClientOptions options = three_servers())
      : core(*ClientCore::create(std::move(options))) {}

  static constexpr std::uint64_t kNever = kLastNumber;
  ClientCore core;
  CollectingSink sink;

  Result<void> get(Key key, std::uint64_t token, std::uint64_t deadline = kNever) {
    return core.get(key, token, deadline, sink);
  }
  Result<void> set(Key key, std::string_view value, std::uint64_t token,
                   std::uint64_t deadline = kNever) {
    return core.set(key, bytes_of(value), token, deadline, sink);
  }
  Result<void> shard(ServerId from, const KeyRange& range, ServerId to, std::uint64_t token,
                     std::uint64_t deadline = kNever) {
    return core.shard(from, range, to, token, deadline, sink);
  }

  void say_as(std::uint64_t number, ServerId server, const MessageView& message) {
    core.on_frame(server, bytes_of(FrameView{.number = number, .message = message}), sink);
    core.check_invariants();
  }
  // With the number that is due, if every message so far was said by this.
  void say(ServerId server, const MessageView& message) {
    if (numbers_.size() <= server) numbers_.resize(server + 1);
    say_as(++numbers_[server], server, message);
  }
  void ack(ServerId server, std::uint64_t number) {
    core.on_frame(server, bytes_of(FrameView{.is_ack = true, .number = number}), sink);
    core.check_invariants();
  }
  void tick(std::uint64_t now) {
    core.on_tick(now, sink);
    core.check_invariants();
  }
  void connect(ServerId server) { core.on_connected(server, sink); }

  Texts told() { return describe(sink.take()); }
  Texts answers() {
    Texts texts;
    for (const auto& answer : std::exchange(sink.answers, {})) {
      std::string text = std::to_string(answer.token) + ": ";
      if (answer.status == CallStatus::kTimedOut) {
        text += "timed out";
      } else if (answer.status == CallStatus::kUnknownOwner) {
        text += "unknown owner";
      } else {
        text += answer.has_value ? answer.value : "absent";
      }
      texts.push_back(text);
    }
    return texts;
  }

 private:
  std::vector<std::uint64_t> numbers_;
};

}  // namespace quintet::ironkv
