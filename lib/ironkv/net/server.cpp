// SPDX-License-Identifier: MIT
#include "ironkv/net/server.hpp"

#include <algorithm>
#include <utility>

#include "ironkv/net/server_impl.hpp"

namespace quintet::ironkv {
namespace {

std::unexpected<std::string> refused(std::string why) { return std::unexpected(std::move(why)); }

// The host of the core: its end points are the hashes of the keys. A Shard may also name a key
// itself, as the reference's client does.
std::expected<Host, std::string> make_host(const ServerOptions& options) {
  HostOptions host = options.host;
  host.me = options.me;
  for (const ServerAddress& server : options.servers) {
    host.aliases.emplace_back(server.public_key, static_cast<PeerId>(host.hosts.size()));
    host.hosts.push_back(end_point_of_key(server.public_key));
  }
  auto made = Host::create(std::move(host));
  if (!made) return refused("the cluster: " + std::string(to_string(made.error())));
  return std::move(*made);
}

std::expected<void, std::string> check(const ServerOptions& options) {
  if (options.me >= options.servers.size()) {
    return refused("this server is number " + std::to_string(options.me) + " of " +
                   std::to_string(options.servers.size()) + ": it must be one of the list");
  }
  if (options.max_connections == 0) return refused("max_connections is 0: nobody could connect");
  constexpr std::size_t kLeastFrame = 64 << 10;  // of Delegates that hosts make
  if (options.max_frame_bytes < kLeastFrame || options.max_output_bytes < kLeastFrame) {
    return refused("max_frame_bytes and max_output_bytes must be at least 65536");
  }
  if (options.identity &&
      !std::ranges::equal(options.identity->public_key(), options.servers[options.me].public_key)) {
    return refused("the private key is not that of server " + std::to_string(options.me) +
                   " of the list: take its own private file");
  }
  if (options.durability != Durability::kNone && options.journal.folder.empty()) {
    return refused("durability needs a folder for the journal: name one");
  }
  if (options.handshake_ms == 0) return refused("handshake_ms is 0: nobody could connect");
  return {};
}

}  // namespace

std::string statistics_text(const ServerCounters& counters) {
  std::string text;
  append_statistic(text, "connections", counters.connections);
  append_statistic(text, "connections_accepted_total", counters.accepted);
  append_statistic(text, "connections_dialed_total", counters.dialed);
  append_statistic(text, "connections_closed_total", counters.closed);
  append_statistic(text, "connections_refused_total", counters.refused);
  append_statistic(text, "handshakes_failed_total", counters.handshakes_failed);
  append_statistic(text, "handshakes_late_total", counters.handshakes_late);
  append_statistic(text, "identities_forgotten_total", counters.forgotten);
  append_statistic(text, "journal_commits_total", counters.commits);
  append_statistic(text, "journal_checkpoints_total", counters.checkpoints);
  return text;
}

std::expected<Server, std::string> Server::create(ServerOptions options) {
  if (auto good = check(options); !good) return refused(good.error());
  auto host = make_host(options);
  if (!host) return refused(host.error());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*host));
  if (auto secured = impl->secure(); !secured) return refused(secured.error());
  if (auto recovered = impl->recover(); !recovered) return refused(recovered.error());
  if (auto begun = impl->begin_introduction(); !begun) return refused(begun.error());
  if (auto listening = impl->listen(); !listening) return refused(listening.error());
  if (auto watched = impl->listen_to_watchers(); !watched) return refused(watched.error());
  return Server(std::move(impl));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->options.port; }
std::uint16_t Server::metrics_port() const { return impl_->options.metrics_port.value_or(0); }
SocketEngine Server::sockets() const { return impl_->options.sockets; }
void Server::set_port_of(PeerId server, std::uint16_t port) {
  impl_->options.servers[server].port = port;
}

const Recovered& Server::recovered() const { return impl_->recovered; }
std::optional<PeerId> Server::awaits() const {
  const PeerId awaited = impl_->awaited;
  return awaited == Impl::kNobody ? std::nullopt : std::optional(awaited);
}
void Server::run() { impl_->run(); }
const std::string& Server::failure() const { return impl_->failure; }
void Server::stop() {
  asio::post(impl_->loop, [impl = impl_.get()] { impl->begin_drain(); });
}

void Server::post(Look look) {
  asio::post(impl_->loop, [impl = impl_.get(), look = std::move(look)]() mutable {
    look(impl->host, impl->counters);
  });
}

void Server::reshard(const KeyRange& range, PeerId recipient, Resharded resharded) {
  auto begin = [impl = impl_.get(), range, recipient, told = std::move(resharded)]() mutable {
    if (!impl->is_serving) return told(std::unexpected(Error::kNotServing));
    const auto id = impl->host.reshard(range, recipient, *impl);
    impl->was_active = true;
    impl->end_turn();
    told(id);
  };
  asio::post(impl_->loop, std::move(begin));
}

}  // namespace quintet::ironkv
