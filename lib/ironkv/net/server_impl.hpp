// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ironkv/introduction.hpp"
#include "ironkv/net/asio.hpp"
#include "ironkv/net/connection.hpp"
#include "ironkv/net/dialer.hpp"
#include "ironkv/net/server.hpp"
#include "ironkv/net/socket_service.hpp"
#include "ironkv/net/tls.hpp"

// What a Server is made of; only server*.cpp include it.
//
// Invariants:
//   I1 peers_[p].newest is the open connection of p that was opened last, and p is known to the
//      host as long as it has one;
//   I2 the host is called from handlers of the loop only, each of which ends with end_turn();
//   I3 between two turns no connection is dirty, but when a commit is due, and connections has no
//      closed one;
//   I4 nothing is written to a connection while a record that is due to be durable is not;
//   I5 before is_serving the host has heard nothing.
namespace quintet::ironkv {

struct Server::Impl final : Connection::Owner {
  Impl(ServerOptions its_options, Host its_host);
  ~Impl();

  // Makes what TLS needs.
  std::expected<void, std::string> secure();
  // Opens the journal and brings the host to where it was.
  std::expected<void, std::string> recover();
  // Errors: an address that is none, or where we may not listen, or a port in use.
  std::expected<void, std::string> listen();
  void run();
  void begin_drain();

  // HostSink.
  std::byte* frame(PeerId to, std::size_t bytes);
  void ack(PeerId to, std::uint64_t number);
  void executed(PeerId source, Bytes frame);

  // Connection::Owner.
  void on_open(Connection& connection, Bytes key) override;
  void on_frame(Connection& connection, Bytes frame) override;
  void on_closed(Connection& connection) override;
  void end_turn() override;
  void wants_flush(Connection& connection) override { mark_dirty(connection); }

  struct PeerState {
    Connection* newest = nullptr;
    std::uint32_t connections = 0;
    std::uint64_t left_at = 0;
    bool is_listed = false;  // in `idle`
  };
  struct Idle {
    PeerId peer;
    std::uint64_t at;
  };

  void accept();
  void on_accept(const error_code& error, tcp::socket socket);
  void on_dialed(std::uint32_t server, tcp::socket socket);
  void adopt(tcp::socket socket, std::uint32_t server, bool is_dialed);
  std::unique_ptr<Stream> new_stream(Channel& channel, std::uint32_t server, bool is_dialed) const;
  PeerState& state_of(PeerId peer);
  bool identify(Connection& connection, Bytes key);
  void mark_dirty(Connection& connection);
  void on_request(Connection& connection, Bytes frame);
  void say(Connection& connection, Bytes bytes);

  // Before it serves (server_introduction.cpp).
  std::expected<void, std::string> begin_introduction();
  std::expected<void, std::string> begin_to_serve();
  void ask_whether_known(Connection& connection);
  [[nodiscard]] bool is_introduction(Connection& connection, Bytes frame);
  void let_in();
  void look_for_others();
  struct Late {
    std::shared_ptr<Connection> connection;
    std::vector<std::byte> frame;
    std::uint64_t refused_at;
  };
  void put_off(std::deque<Late>& queue, Connection& connection, Bytes frame);
  void refuse_late_requests(std::uint64_t now);
  void note_awaited();
  [[nodiscard]] std::string whom_it_awaits() const;

  // The journal (server_journal.cpp).
  std::expected<void, std::string> check_owner();
  std::expected<void, std::string> write_owner();
  void record(std::span<const std::byte> bytes);
  [[nodiscard]] bool is_commit_due() const;
  void post_commit();
  [[nodiscard]] bool gathers();
  void commit();
  void sync_in_time(std::uint64_t now);
  void fail(std::string why);
  void flush_dirty();

  // Who watches (server_metrics.cpp).
  struct Watcher;
  std::expected<void, std::string> listen_to_watchers();
  void accept_watcher();
  [[nodiscard]] std::string answer_watcher(std::string_view request_line) const;

  void arm_timer();
  void on_tick();
  void close_late(std::uint64_t now);
  void sort_leavers();
  void forget_idle(std::uint64_t now);
  void forget(PeerId client);
  bool is_settled() const;
  void finish();

  ServerOptions options;
  Host host;
  std::unique_ptr<TlsContext> tls;  // none: plain
  std::optional<Journal> journal;
  Recovered recovered;
  bool is_owner_known = false;  // who has the journal's folder is written in it
  Introduction introduction;
  bool is_serving = false;
  static constexpr PeerId kNobody = ~PeerId{0};
  std::atomic<PeerId> awaited = kNobody;  // for other threads
  std::string failure;
  std::vector<std::byte> record_bytes;
  bool speaks_to_host = false;  // since the last commit
  bool is_commit_posted = false;
  std::uint64_t sync_at = 0;
  // Of the commit that is due, which is never put off for longer than half of the last one took.
  std::uint64_t records = 0;  // not committed; and when the commit was last put off
  std::uint64_t records_seen = 0;
  std::uint64_t last_records = 0;    // of the last commit
  std::uint64_t commit_put_off = 0;  // ns; when it was first, and when a record came last
  std::uint64_t record_came = 0;
  std::uint64_t commit_ns = 0;  // that the last one took
  unsigned watchers = 0;        // before the loop, which destroys the last ones
  asio::io_context loop{1};
  tcp::acceptor acceptor{loop};
  asio::steady_timer timer{loop};
  asio::steady_timer accept_again{loop};
  tcp::acceptor watch{loop};
  asio::steady_timer watch_again{loop};
  std::vector<std::shared_ptr<Connection>> connections;
  std::deque<Late> late_requests;  // of people, until it serves
  std::deque<Late> late_frames;    // of others
  std::size_t late_bytes = 0;
  std::vector<Connection*> dirty;
  std::vector<Connection*> closed;
  std::vector<PeerState> peers;
  std::vector<PeerId> leavers;  // of this turn
  std::deque<Idle> idle;        // clients without a connection, each once
  std::uint32_t shaking = 0;    // connections whose handshake is not done
  std::uint64_t opened = 0;     // connections ever
  ServerCounters counters;
  Dialer dialer;
  bool was_active = true;  // since the last tick
  bool is_draining = false;
  std::uint64_t drain_until = 0;
};

}  // namespace quintet::ironkv
