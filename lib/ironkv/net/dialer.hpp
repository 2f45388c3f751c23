// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ironkv/net/address.hpp"
#include "ironkv/net/asio.hpp"

// Makes connections to the servers of a cluster, as they are wanted, and again with pauses that
// double when it fails. Threading: that of the loop.
namespace quintet::ironkv {

class Dialer {
 public:
  struct Options {
    std::uint64_t pause_first = 10'000;  // microseconds after a failure
    std::uint64_t pause_most = 1'000'000;
    std::uint64_t patience = 5'000'000;  // for one attempt
  };
  using Connected = std::function<void(std::uint32_t server, tcp::socket socket)>;

  // `connected` is called from the loop, never from within a call. `servers` stays the caller's.
  Dialer(asio::io_context& loop, const std::vector<ServerAddress>& servers, Connected connected,
         Options options);
  Dialer(asio::io_context& loop, const std::vector<ServerAddress>& servers, Connected connected)
      : Dialer(loop, servers, std::move(connected), Options()) {}
  ~Dialer();  // nothing is told from then on
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // From now on until it is connected, tick() tries.
  void want(std::uint32_t server);
  // What connected() gave is no more, and was not good for anything if not told so.
  void lost(std::uint32_t server, std::string why);
  // What connected() gave is good: the pauses start again with the shortest.
  void is_good(std::uint32_t server);
  void tick(std::uint64_t now);
  // Some server is wanted and not connected.
  [[nodiscard]] bool is_busy() const { return missing_ > 0; }
  // Why the last attempt failed; empty if none did since the last success.
  [[nodiscard]] const std::string& trouble(std::uint32_t server) const {
    return states_[server].trouble;
  }
  // Nobody was there: the trouble is not of a connection.
  [[nodiscard]] bool is_absent(std::uint32_t server) const { return states_[server].is_absent; }
  void stop();

 private:
  struct Attempt;
  struct State {
    bool is_wanted = false;
    bool is_connected = false;
    bool is_absent = false;
    std::uint64_t not_before = 0;
    std::uint64_t pause = 0;
    std::string trouble{};
    std::shared_ptr<Attempt> attempt{};
  };

  void begin(std::uint32_t server, std::uint64_t now);
  void end(std::uint32_t server, const std::shared_ptr<Attempt>& attempt, const error_code& error);
  void failed(State& state, std::string why);  // to connect
  void pause(State& state, std::string why);

  asio::io_context& loop_;
  const std::vector<ServerAddress>& servers_;
  Connected connected_;
  Options options_;
  std::vector<State> states_;
  std::uint32_t missing_ = 0;
};

}  // namespace quintet::ironkv
