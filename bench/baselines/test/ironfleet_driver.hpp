// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "baselines/ironfleet/host.hpp"
#include "ironkv/test/host_driver.hpp"

// The re-created host without sockets: what tests put to it, and what it says, as text.
namespace quintet::baselines::ironfleet {

using ironkv::bytes_of;
using ironkv::FrameView;
using ironkv::MessageView;
using ironkv::Texts;

// Says nothing by itself and keeps all that is sent.
class ScriptedNetwork : public Network {
 public:
  std::deque<Received> arriving;
  std::vector<std::pair<EndPoint, Buffer>> sent;

  std::optional<Received> receive() override {
    if (arriving.empty()) return std::nullopt;
    Received first = std::move(arriving.front());
    arriving.pop_front();
    return first;
  }
  void send(const EndPoint& to, Buffer bytes) override { sent.emplace_back(to, std::move(bytes)); }
};

inline std::vector<EndPoint> three_names() { return ironkv::three_hosts().hosts; }

class FleetDriver {
 public:
  explicit FleetDriver(std::size_t me = 0, std::uint64_t resend_period = 100'000'000)
      : host({.hosts = three_names(), .me = me, .resend_period = resend_period}, network) {}
  FleetDriver(const FleetDriver&) = delete;
  FleetDriver& operator=(const FleetDriver&) = delete;

  ScriptedNetwork network;
  Host host;

  void frame(const EndPoint& source, Bytes bytes) {
    network.arriving.push_back({source, Buffer(bytes.begin(), bytes.end())});
    host.round();
  }
  void say_as(std::uint64_t number, std::string_view source, const MessageView& message) {
    frame(ironkv::end_point(source), bytes_of(FrameView{.number = number, .message = message}));
  }
  // With the number that is due.
  void say(std::string_view source, const MessageView& message) {
    say_as(++numbers_[std::string(source)], source, message);
  }
  void ack(std::string_view source, std::uint64_t number) {
    frame(ironkv::end_point(source), bytes_of(FrameView{.is_ack = true, .number = number}));
  }
  // Since the last time: "client: ack 1".
  Texts told() {
    Texts texts;
    for (const auto& [to, bytes] : std::exchange(network.sent, {})) {
      texts.push_back(ironkv::text_of(Bytes(to)) + ": " + ironkv::describe(bytes));
    }
    return texts;
  }

 private:
  std::map<std::string, std::uint64_t> numbers_;
};

}  // namespace quintet::baselines::ironfleet
