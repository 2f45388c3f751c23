// SPDX-License-Identifier: MIT
#include "ironkv/net/server_impl.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace quintet::ironkv {
namespace {

using std::chrono::milliseconds;

// Handshakes, pauses between attempts and drains are looked at so often; the host hears the time.
constexpr auto kTick = milliseconds(5);
constexpr auto kIdleTick = milliseconds(50);  // nothing happened since the last one

std::unexpected<std::string> cannot_listen(const ServerOptions& options, const std::string& why) {
  return std::unexpected("cannot listen on " + options.listen_address + ":" +
                         std::to_string(options.port) + ": " + why);
}

}  // namespace

Server::Impl::Impl(ServerOptions its_options, Host its_host)
    : options(std::move(its_options)),
      host(std::move(its_host)),
      dialer(loop, options.servers, [this](std::uint32_t server, tcp::socket socket) {
        on_dialed(server, std::move(socket));
      }) {}

Server::Impl::~Impl() {
  for (const auto& connection : connections) connection->shut_down();
}

std::expected<void, std::string> Server::Impl::secure() {
  if (!options.identity) return {};
  auto made = TlsContext::create(*options.identity, options.servers);
  if (!made) return std::unexpected(made.error());
  tls = std::move(*made);
  return {};
}

std::expected<void, std::string> Server::Impl::listen() {
  SocketService::of(loop);  // if it cannot be, then now
  const auto tried = make_socket_set(options.sockets);
  if (!tried) return std::unexpected(tried.error());
  options.sockets = (*tried)->engine();
  error_code error;
  tcp::resolver resolver(loop);
  const auto found = resolver.resolve(options.listen_address, "", tcp::resolver::passive, error);
  if (error || found.empty()) {
    return cannot_listen(options, "no such address: use 127.0.0.1, ::1 or one of this machine");
  }
  const asio::ip::address address = found.begin()->endpoint().address();
  if (!tls && !address.is_loopback() && !options.allow_plain_anywhere) {
    return cannot_listen(options,
                         "plain connections prove nothing, so they stay on the loopback interface: "
                         "use TLS, or allow plain ones explicitly");
  }
  const tcp::endpoint at(address, options.port);
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use) {
    return cannot_listen(options, "the port is in use: choose another, or end who has it");
  }
  if (error == asio::error::access_denied) {
    return cannot_listen(options, "not allowed: use a port from 1024 on");
  }
  if (error == boost::system::errc::address_not_available) {
    return cannot_listen(options, "not an address of this machine: use 127.0.0.1 or 0.0.0.0");
  }
  if (error) return cannot_listen(options, error.message());
  options.port = acceptor.local_endpoint(error).port();
  options.servers[options.me].port = options.port;
  return {};
}

void Server::Impl::run() {
  if (const auto used = SocketService::of(loop).use(options.sockets); !used) {
    failure = used.error();
    return;
  }
  accept();
  if (watch.is_open()) accept_watcher();
  arm_timer();
  run_loop(loop, options.busy_poll_us);
}

// --- Connections.

void Server::Impl::accept() {
  acceptor.async_accept(
      [this](const error_code& error, tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void Server::Impl::on_accept(const error_code& error, tcp::socket socket) {
  if (is_draining) return;
  if (!error && connections.size() < options.max_connections) {
    ++counters.accepted;
    adopt(std::move(socket), 0, false);
  } else if (!error) {
    ++counters.refused;
  } else if (error != asio::error::connection_aborted) {
    // Out of descriptors, most likely: others may close some.
    accept_again.expires_after(milliseconds(100));
    return accept_again.async_wait([this](const error_code& stopped) {
      if (!stopped) accept();
    });
  }
  accept();
}

void Server::Impl::on_dialed(std::uint32_t server, tcp::socket socket) {
  ++counters.dialed;
  adopt(std::move(socket), server, true);
}

void Server::Impl::adopt(tcp::socket socket, std::uint32_t server, bool is_dialed) {
  was_active = true;
  auto adopted = SocketService::of(loop).adopt(std::move(socket));
  auto stream = new_stream(*adopted, server, is_dialed);
  const Connection::Options limits{
      .max_frame_bytes = options.max_frame_bytes,
      .max_output_bytes = options.max_output_bytes,
      .handshake_by = now_us() + std::uint64_t{options.handshake_ms} * 1000,
      .own_key = options.servers[options.me].public_key,
      .is_dialed = is_dialed};
  auto connection =
      std::make_shared<Connection>(loop, std::move(adopted), std::move(stream), *this, limits);
  connection->peer = server;
  connection->place = connections.size();
  connections.push_back(connection);
  ++shaking;
  ++counters.connections;
  connection->start();
  end_turn();
}

std::unique_ptr<Stream> Server::Impl::new_stream(Channel& channel, std::uint32_t server,
                                                 bool is_dialed) const {
  if (!tls) return make_plain_stream(channel);
  return is_dialed ? tls->connect(channel, options.servers[server]) : tls->accept(channel);
}

Server::Impl::PeerState& Server::Impl::state_of(PeerId peer) {
  if (peer >= peers.size()) peers.resize(peer + 1);
  return peers[peer];
}

// Whose connection it is, when somebody else made it.
bool Server::Impl::identify(Connection& connection, Bytes key) {
  const auto peer = host.peer(end_point_of_key(key));
  if (!peer || *peer == options.me) {
    ++counters.refused;
    connection.close(peer ? "it says that it is this server"
                          : std::string(to_string(peer.error())));
    return false;
  }
  connection.peer = *peer;
  return true;
}

void Server::Impl::on_open(Connection& connection, Bytes key) {
  --shaking;
  if (!connection.is_dialed() && !identify(connection, key)) return;
  connection.is_registered = true;
  PeerState& state = state_of(connection.peer);
  connection.serial = ++opened;
  state.newest = &connection;
  ++state.connections;
  host.on_connected(connection.peer, *this);
  if (!is_serving) ask_whether_known(connection);
}

void Server::Impl::on_frame(Connection& connection, Bytes frame) {
  was_active = true;
  if (!connection.has_spoken) {
    connection.has_spoken = true;
    if (connection.is_dialed()) dialer.is_good(connection.peer);
  }
  if (!is_serving && is_introduction(connection, frame)) return;
  if (is_admin_request(frame)) return on_request(connection, frame);
  host.on_frame(connection.peer, frame, *this);
}

void Server::Impl::on_request(Connection& connection, Bytes frame) {
  const auto request = read_admin_request(frame);
  if (!request) return;  // as any other garbage
  if (!is_serving && request->kind != AdminKind::kHello &&
      request->kind != AdminKind::kStatistics) {
    return put_off(late_requests, connection, frame);
  }
  say(connection, answer_admin(host, connection.peer, *request, statistics_text(counters), *this));
}

void Server::Impl::say(Connection& connection, Bytes bytes) {
  std::byte* const at = connection.frame(bytes.size());
  if (at == nullptr) return;
  std::memcpy(at, bytes.data(), bytes.size());
  mark_dirty(connection);
}

// Called also from within the host, so the host is not told here.
void Server::Impl::on_closed(Connection& connection) {
  closed.push_back(&connection);
  ++counters.closed;
  if (!connection.was_opened()) ++counters.handshakes_failed;
  if (connection.is_dialed()) dialer.lost(connection.peer, connection.why_closed());
  if (!connection.is_registered) return;
  PeerState& state = state_of(connection.peer);
  --state.connections;
  if (state.connections == 0) {
    leavers.push_back(connection.peer);
    state.newest = nullptr;
    return;
  }
  if (state.newest != &connection) return;
  Connection* newest = nullptr;
  for (const auto& other : connections) {
    if (!other->is_open() || !other->is_registered || other->peer != connection.peer) continue;
    if (newest == nullptr || newest->serial < other->serial) newest = other.get();
  }
  state.newest = newest;
}

void Server::Impl::mark_dirty(Connection& connection) {
  if (connection.is_dirty) return;
  connection.is_dirty = true;
  dirty.push_back(&connection);
}

// --- What the host has to say.

std::byte* Server::Impl::frame(PeerId to, std::size_t bytes) {
  Connection* const connection = state_of(to).newest;
  if (connection == nullptr) {
    if (host.is_host(to) && to != options.me && !is_draining) dialer.want(to);
    return nullptr;
  }
  mark_dirty(*connection);
  speaks_to_host = speaks_to_host || host.is_host(to);
  return connection->frame(bytes);
}

void Server::Impl::ack(PeerId to, std::uint64_t number) {
  Connection* const connection = state_of(to).newest;
  if (connection == nullptr) return;
  mark_dirty(*connection);
  speaks_to_host = speaks_to_host || host.is_host(to);
  connection->ack(number);
}

void Server::Impl::end_turn() {
  if (is_commit_due()) {
    post_commit();
  } else {
    flush_dirty();
  }
  sort_leavers();
  for (Connection* connection : closed) {
    if (connection->is_dirty) std::erase(dirty, connection);
    if (!connection->was_opened()) --shaking;
    const std::size_t place = connection->place;
    connections.back()->place = place;
    std::swap(connections[place], connections.back());
    connections.pop_back();
    --counters.connections;
  }
  closed.clear();
  if (is_draining && is_settled()) finish();
}

// --- Time.

void Server::Impl::arm_timer() {
  const bool is_idle = !was_active && is_serving && shaking == 0 && !is_draining &&
                       !dialer.is_busy() && host.is_quiet();
  was_active = false;
  timer.expires_after(is_idle ? kIdleTick : kTick);
  timer.async_wait([this](const error_code& stopped) {
    if (!stopped) on_tick();
  });
}

void Server::Impl::on_tick() {
  const std::uint64_t now = now_us();
  host.on_tick(now, *this);
  sync_in_time(now);
  if (!is_serving) look_for_others();
  dialer.tick(now);
  if (shaking > 0) close_late(now);
  forget_idle(now);
  end_turn();
  if (is_draining && now >= drain_until) finish();
  if (!loop.stopped()) arm_timer();
}

void Server::Impl::close_late(std::uint64_t now) {
  for (std::size_t i = 0; i < connections.size(); ++i) {
    if (!connections[i]->is_late(now)) continue;
    ++counters.handshakes_late;
    connections[i]->close("no handshake in time");
  }
}

// Clients whose last connection was closed in this turn. Who never said anything is forgotten now.
void Server::Impl::sort_leavers() {
  for (const PeerId leaver : leavers) {
    PeerState& state = state_of(leaver);
    if (host.is_host(leaver) || state.connections > 0) continue;
    const Peer& peer = host.peers()[leaver];
    if (!peer.is_known) continue;  // it left twice
    if (peer.last_received == 0 && peer.acked == 0 && peer.window.is_empty()) {
      forget(leaver);
    } else {
      state.left_at = now_us();
      if (!std::exchange(state.is_listed, true)) idle.push_back({leaver, state.left_at});
    }
  }
  leavers.clear();
}

void Server::Impl::forget_idle(std::uint64_t now) {
  const std::uint64_t after = std::uint64_t{options.idle_identity_seconds} * 1'000'000;
  while (!idle.empty() && now - idle.front().at >= after) {
    const PeerId client = idle.front().peer;
    idle.pop_front();
    PeerState& state = state_of(client);
    if (state.connections > 0) {
      state.is_listed = false;
    } else if (now - state.left_at < after) {  // it was here meanwhile
      idle.push_back({client, state.left_at});
    } else {
      forget(client);
    }
  }
}

void Server::Impl::forget(PeerId client) {
  if (journal && host.peers()[client].last_received > 0) {  // else no record is of it
    record_bytes.clear();
    host.append_forget_record(client, record_bytes);
    record(record_bytes);
  }
  host.forget(client);
  state_of(client) = PeerState();
  ++counters.forgotten;
}

// --- The end.

void Server::Impl::begin_drain() {
  if (is_draining) return;
  is_draining = true;
  drain_until = now_us() + std::uint64_t{options.drain_ms} * 1000;
  error_code ignored;
  acceptor.close(ignored);
  accept_again.cancel();
  watch.close(ignored);
  watch_again.cancel();
  end_turn();
}

bool Server::Impl::is_settled() const {
  if (journal && journal->has_uncommitted()) return false;
  return host.is_quiet() && std::ranges::none_of(connections, [](const auto& connection) {
           return connection->is_sending();
         });
}

void Server::Impl::finish() {
  if (journal && journal->has_uncommitted()) commit();  // in vain if it is what has failed
  timer.cancel();
  dialer.stop();
  loop.stop();
}

}  // namespace quintet::ironkv
