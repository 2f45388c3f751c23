// SPDX-License-Identifier: MIT
#include "ironkv/net/client_impl.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace quintet::ironkv {
namespace {

constexpr auto kPausedTick = std::chrono::milliseconds(1);  // calls wait out a re-shard
constexpr auto kTick = std::chrono::milliseconds(5);
constexpr auto kIdleTick = std::chrono::milliseconds(20);  // only connections are missing
constexpr std::uint64_t kIdleAfter = 50'000;  // microseconds; by then all is acknowledged

}  // namespace

Client::Impl::Impl(asio::io_context& its_loop, ClientSettings its_settings, ClientCore its_core)
    : loop(its_loop),
      settings(std::move(its_settings)),
      core(std::move(its_core)),
      dialer(loop, settings.servers,
             [this](std::uint32_t server, tcp::socket socket) {
               on_dialed(server, std::move(socket));
             }),
      connections(settings.servers.size()),
      absent(settings.servers.size()) {}

std::expected<void, std::string> Client::Impl::secure() {
  if (!settings.use_tls) return {};
  if (!settings.identity) {
    auto identity = Identity::make(kFewestKeyBits, "client", 365);
    if (!identity) return std::unexpected(identity.error());
    settings.identity = std::make_shared<const Identity>(std::move(*identity));
  }
  auto made = TlsContext::create(*settings.identity, settings.servers);
  if (!made) return std::unexpected(made.error());
  tls = std::move(*made);
  return {};
}

void Client::Impl::start() {
  SocketService::of(loop);  // if it cannot be, then now
  for (ServerId server = 0; server < connections.size(); ++server) dialer.want(server);
  core.on_tick(now_us(), *this);
  dialer.tick(now_us());
  ensure_ticking();
}

void Client::Impl::shut_down() {
  is_shut_down = true;
  timer.cancel();
  dialer.stop();
  for (const auto& connection : connections) {
    if (connection) connection->shut_down();
  }
}

// --- Calls.

std::uint64_t Client::Impl::take(Done done) {
  if (free.empty()) {
    calls.push_back(std::move(done));
    return calls.size() - 1;
  }
  const std::uint64_t token = free.back();
  free.pop_back();
  calls[token] = std::move(done);
  return token;
}

void Client::Impl::give_back(std::uint64_t token) {
  calls[token] = nullptr;
  free.push_back(token);
}

std::uint64_t Client::Impl::begin_call(Timeout timeout) {
  const std::uint64_t now = now_us();
  active_at = now;
  if (!is_ticking) core.on_tick(now, *this);  // it was not told the time for a while
  ensure_ticking();
  post_end_turn();
  const auto most = std::numeric_limits<std::uint64_t>::max() - now;
  return now +
         std::min(static_cast<std::uint64_t>(std::max<Timeout::rep>(timeout.count(), 0)), most);
}

// --- What the core has to say.

std::byte* Client::Impl::frame(ServerId to, std::size_t bytes) {
  Connection* const connection = connections[to].get();
  return connection != nullptr && connection->is_open() ? connection->frame(bytes) : nullptr;
}

void Client::Impl::ack(ServerId to, std::uint64_t number) {
  if (connections[to] && connections[to]->is_open()) connections[to]->ack(number);
}

void Client::Impl::done(std::uint64_t token, const Answer& answer) {
  const std::size_t at = answers.values.size();
  answers.values.insert(answers.values.end(), answer.value.begin(), answer.value.end());
  answers.told.push_back({token, answer.status, answer.has_value, at, answer.value.size()});
}

// --- Connections.

void Client::Impl::on_dialed(std::uint32_t server, tcp::socket socket) {
  auto adopted = SocketService::of(loop).adopt(std::move(socket));
  auto stream =
      tls ? tls->connect(*adopted, settings.servers[server]) : make_plain_stream(*adopted);
  const Connection::Options limits{.max_frame_bytes = settings.max_frame_bytes,
                                   .max_output_bytes = settings.max_output_bytes,
                                   .handshake_by = now_us() + 5'000'000,
                                   .own_key = settings.key,
                                   .is_dialed = true};
  const auto connection =
      std::make_shared<Connection>(loop, std::move(adopted), std::move(stream), *this, limits);
  connection->peer = server;
  connections[server] = connection;
  connection->start();
  end_turn();
}

void Client::Impl::on_open(Connection& connection, Bytes) {
  active_at = now_us();
  ensure_ticking();
  core.on_connected(connection.peer, *this);
  send_asks(connection.peer);
}

void Client::Impl::on_frame(Connection& connection, Bytes frame) {
  if (!connection.has_spoken) {
    connection.has_spoken = true;
    dialer.is_good(connection.peer);
  }
  if (is_admin_answer(frame)) return answer_ask(frame);
  core.on_frame(connection.peer, frame, *this);
}

void Client::Impl::on_closed(Connection& connection) {
  dialer.lost(connection.peer, connection.why_closed());
  dialer.want(connection.peer);
  fail_asks(connection.peer, connection.why_closed());
  ensure_ticking();
  post_end_turn();
}

void Client::Impl::post_end_turn() {
  if (is_end_posted || is_telling) return;
  is_end_posted = true;
  asio::post(loop, [self = shared_from_this()] {
    self->is_end_posted = false;
    self->end_turn();
  });
}

void Client::Impl::end_turn() {
  if (is_shut_down || is_telling) return;
  const auto self = shared_from_this();
  tell_answers();
  if (!is_shut_down) tell_asks();
  if (!is_shut_down) flush();
}

// Calls that answers lead to join the turn.
void Client::Impl::tell_answers() {
  if (answers.told.empty()) return;
  active_at = now_us();
  is_telling = true;
  while (!answers.told.empty() && !is_shut_down) {
    std::swap(answers, being_told);
    for (const ToldCall& told : being_told.told) {
      Done call = std::move(calls[told.token]);
      give_back(told.token);
      const Bytes value = Bytes(being_told.values).subspan(told.at, told.size);
      call({told.status, told.has_value, value});
      if (is_shut_down) break;
    }
    being_told.told.clear();
    being_told.values.clear();
  }
  is_telling = false;
}

void Client::Impl::flush() {
  for (auto& connection : connections) {
    if (!connection) continue;
    connection->flush();
    if (connection->is_closed()) connection = nullptr;
  }
}

// --- Time.

void Client::Impl::ensure_ticking() {
  if (is_ticking || is_shut_down) return;
  is_ticking = true;
  arm_timer();
}

void Client::Impl::arm_timer() {
  const bool is_waiting =
      core.open_calls() > 0 || !asks.empty() || now_us() - active_at < kIdleAfter;
  if (!is_waiting && !dialer.is_busy()) {
    is_ticking = false;
    return;
  }
  timer.expires_after(core.has_paused() ? kPausedTick : is_waiting ? kTick : kIdleTick);
  timer.async_wait([self = shared_from_this()](const error_code& stopped) {
    if (!stopped && !self->is_shut_down) self->on_tick();
  });
}

void Client::Impl::on_tick() {
  const std::uint64_t now = now_us();
  core.on_tick(now, *this);
  expire_asks(now);
  dialer.tick(now);
  divert(now);
  for (const auto& connection : connections) {
    if (connection && connection->is_late(now)) connection->close("no handshake in time");
  }
  end_turn();
  if (!is_shut_down) arm_timer();
}

// What was never said to a server that cannot be reached is asked of the others, one after the
// other: who has heard that the key is with that server says so, and the next one may have it. With
// pauses that double, as each such answer is a message that a durable server keeps.
void Client::Impl::divert(std::uint64_t now) {
  constexpr std::uint64_t kPatience = 500'000;  // where nothing says that it will not be
  constexpr std::uint64_t kMostPause = 200'000;
  const auto servers = static_cast<ServerId>(connections.size());
  const auto is_open = [&](ServerId server) {
    return connections[server] && connections[server]->is_open();
  };
  for (ServerId server = 0; server < servers; ++server) {
    Missing& missing = absent[server];
    if (is_open(server)) missing = {};
    if (!core.has_unsaid(server)) missing.since = 0;
    if (!core.has_unsaid(server) || is_open(server)) continue;
    if (missing.since == 0) missing.since = now;
    if (dialer.trouble(server).empty() && now - missing.since < kPatience) continue;
    if (now > missing.not_before + 5 * kMostPause) missing.pause = 0;
    if (now < missing.not_before) continue;
    for (ServerId i = 1; i < servers; ++i) {
      const ServerId other = (missing.last_asked + i) % servers;
      if (other == server || !is_open(other)) continue;
      missing.last_asked = other;
      // A round through all of them at once.
      if (++missing.asked % servers == 0) {
        missing.pause = std::clamp<std::uint64_t>(2 * missing.pause, 5'000, kMostPause);
      }
      missing.not_before = now + missing.pause;
      core.divert(server, other, *this);
      break;
    }
  }
}

std::string Client::Impl::troubles() const {
  std::string all;
  unsigned gone = 0;
  for (ServerId server = 0; server < connections.size(); ++server) {
    if (connections[server] && connections[server]->is_open()) continue;
    if (dialer.is_absent(server)) ++gone;
    const std::string& trouble = dialer.trouble(server);
    all += (all.empty() ? "" : "; ") + settings.servers[server].to_string() + ": " +
           (trouble.empty() ? "not connected yet" : trouble);
  }
  if (gone == 1) all += ": see whether it runs there";
  if (gone > 1) all += ": see whether they run there";
  return all;
}

}  // namespace quintet::ironkv
