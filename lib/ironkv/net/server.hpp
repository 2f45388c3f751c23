// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ironkv/admin.hpp"
#include "ironkv/host.hpp"
#include "ironkv/net/address.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/journal.hpp"
#include "ironkv/net/socket_engine.hpp"

// A host of IronKV on the network: one loop on one thread around the pure Host (host.hpp). What is
// read in one turn is answered with one write; nothing is allocated per request.
// Plain connections prove nothing: whoever connects says which key it has. So plain mode listens
// on the loopback interface only, if not told otherwise.
// Threading: run() on one thread; stop(), post(), reshard() and awaits() from any. Errors are
// sentences without a full stop that name the input and what helps.
namespace quintet::ironkv {

// When what a host has carried out outlives the process and the machine.
enum class Durability : std::uint8_t {
  kNone,      // never: a restarted host begins with nothing, and its clients need new names. One
              // of several must not return alone: it ends, see asks_others
  kPeriodic,  // after sync_ms at the latest; but before anything is said to another host, so that
              // no range of keys is lost. Clients whose last requests were lost need new names
  kAlways,    // before it is acknowledged or answered; requests of the same moment together
};

struct ServerOptions {
  std::vector<ServerAddress> servers{};  // all of the cluster; the first owns all keys at first
  PeerId me = 0;                         // which of them this is
  HostOptions host{};                    // its hosts, me and aliases are set from the above

  std::string listen_address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any that is free, see port()
  // With it connections are TLS, and it has the key of servers[me]; without, plain.
  std::shared_ptr<const Identity> identity{};
  bool allow_plain_anywhere = false;

  Durability durability = Durability::kNone;
  JournalOptions journal{};       // unless kNone
  std::uint32_t sync_ms = 1'000;  // kPeriodic

  // A server that begins with nothing serves when all others have said that they do not know it;
  // if one of them does, run() ends with a failure. False: at once, unasked, which is for servers
  // of other makes, who do not answer. Then one that returns alone makes ranges have two owners or
  // none.
  bool asks_others = true;

  // GET /metrics (Prometheus) and /healthz on this port of the loopback interface; 0: any.
  std::optional<std::uint16_t> metrics_port{};

  std::uint32_t max_connections = 10'000;
  std::size_t max_frame_bytes = std::size_t{2} << 20;
  std::size_t max_output_bytes = std::size_t{16} << 20;  // that wait for one slow reader
  std::uint32_t handshake_ms = 5'000;
  std::uint32_t idle_identity_seconds = 600;   // a client that is gone so long is forgotten
  std::uint32_t drain_ms = 2'000;              // the most that stop() waits
  std::uint32_t busy_poll_us = 0;              // looks for work so long before it sleeps
  SocketEngine sockets = SocketEngine::kAuto;  // refused by create() where it cannot be had
};

struct ServerCounters {
  std::uint64_t accepted = 0, dialed = 0, closed = 0;
  std::uint64_t refused = 0;            // connections: too many, or of our own name
  std::uint64_t handshakes_failed = 0;  // nobody said or proved who it is; those too late are
  std::uint64_t handshakes_late = 0;    // among them
  std::uint64_t forgotten = 0;          // identities
  std::uint64_t commits = 0;            // of the journal
  std::uint64_t checkpoints = 0;
  std::uint32_t connections = 0;  // now
};

// As statistics_text() of a host.
[[nodiscard]] std::string statistics_text(const ServerCounters& counters);

class Server {
 public:
  // Listens when it returns, and answers from run() on.
  [[nodiscard]] static std::expected<Server, std::string> create(ServerOptions options);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) = delete;
  ~Server();

  // Where it listens.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::uint16_t metrics_port() const;  // 0: there is none
  // What waits for its connections: not kAuto.
  [[nodiscard]] SocketEngine sockets() const;
  // Before run(): where another server listens, when that was not known yet.
  void set_port_of(PeerId server, std::uint16_t port);

  // What the journal had, if there is one.
  [[nodiscard]] const Recovered& recovered() const;

  // The first one of those that have not answered yet, without whom it does not serve. From any
  // thread.
  [[nodiscard]] std::optional<PeerId> awaits() const;

  // Until stop(), or until it fails: then failure() says why. Either the journal cannot be written,
  // and nothing has left this host that is not durable; or another one counts on what this one has
  // forgotten, and it has served nobody. Once.
  void run();
  [[nodiscard]] const std::string& failure() const;
  // Takes no new connections, waits a bounded time until everything said is sent and no range of
  // keys is on its way, and ends run().
  void stop();

  // Runs `look` between two turns; never, if run() has ended. It must not call the server.
  using Look = std::move_only_function<void(const Host& host, const ServerCounters& counters)>;
  void post(Look look);
  // Host::reshard(), answered on the server's thread.
  using Resharded = std::move_only_function<void(Result<std::uint64_t> id)>;
  void reshard(const KeyRange& range, PeerId recipient, Resharded resharded);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quintet::ironkv
