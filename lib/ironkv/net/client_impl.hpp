// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/net/asio.hpp"
#include "ironkv/net/client.hpp"
#include "ironkv/net/connection.hpp"
#include "ironkv/net/dialer.hpp"
#include "ironkv/net/socket_service.hpp"
#include "ironkv/net/tls.hpp"

// What a Client is made of; only client*.cpp include it.
//
// Invariants:
//   I1 the core is called from handlers of the loop and from calls, each of which is followed by an
//      end_turn(): at once, or posted;
//   I2 answers are told in end_turn() only, outside of the core, from copies of their values.
namespace quintet::ironkv {

struct Client::Impl final : Connection::Owner, std::enable_shared_from_this<Client::Impl> {
  Impl(asio::io_context& its_loop, ClientSettings its_settings, ClientCore its_core);

  // Makes what TLS needs.
  std::expected<void, std::string> secure();
  void start();
  void shut_down();
  // Of a call that the core is to take: its token.
  std::uint64_t take(Done done);
  void give_back(std::uint64_t token);
  std::uint64_t begin_call(Timeout timeout);  // returns the deadline
  std::string troubles() const;

  // ClientSink.
  std::byte* frame(ServerId to, std::size_t bytes);
  void ack(ServerId to, std::uint64_t number);
  void done(std::uint64_t token, const Answer& answer);

  // Connection::Owner.
  void on_open(Connection& connection, Bytes key) override;
  void on_frame(Connection& connection, Bytes frame) override;
  void on_closed(Connection& connection) override;
  void end_turn() override;
  void wants_flush(Connection&) override {}  // end_turn() flushes all

  // What was asked beside the calls (client_admin.cpp).
  struct Ask {
    ServerId server;
    AdminKind kind;
    std::vector<std::byte> frame;
    std::uint64_t deadline;
    bool is_sent;
    Client::Told told;
  };
  void send_asks(ServerId server);
  void answer_ask(Bytes frame);
  void fail_asks(ServerId server, const std::string& why);
  void expire_asks(std::uint64_t now);
  void tell_asks();

  struct ToldCall {
    std::uint64_t token;
    CallStatus status;
    bool has_value;
    std::size_t at;  // of its value
    std::size_t size;
  };
  struct Answers {
    std::vector<ToldCall> told{};
    std::vector<std::byte> values{};
  };

  // Of a server that is not connected.
  struct Missing {
    std::uint64_t since = 0;  // something waited for it
    std::uint64_t not_before = 0;
    std::uint64_t pause = 0;
    std::uint32_t asked = 0;
    ServerId last_asked = 0;  // of the others, instead
  };

  void on_dialed(std::uint32_t server, tcp::socket socket);
  void tell_answers();
  void flush();
  void post_end_turn();
  void ensure_ticking();
  void arm_timer();
  void on_tick();
  void divert(std::uint64_t now);

  asio::io_context& loop;
  ClientSettings settings;
  std::unique_ptr<TlsContext> tls;  // none: plain
  ClientCore core;
  Dialer dialer;
  asio::steady_timer timer{loop};
  std::vector<std::shared_ptr<Connection>> connections;  // by server; none while not connected
  std::vector<Missing> absent;                           // by server
  std::vector<Done> calls;                               // by token
  std::vector<std::uint64_t> free;
  Answers answers;
  Answers being_told;
  std::map<std::uint64_t, Ask> asks;  // by id
  std::uint64_t asked = 0;
  std::vector<std::pair<Client::Told, std::expected<AdminAnswer, std::string>>> asks_answered;
  std::uint64_t active_at = 0;
  bool is_telling = false;
  bool is_end_posted = false;
  bool is_ticking = false;
  bool is_shut_down = false;
};

}  // namespace quintet::ironkv
