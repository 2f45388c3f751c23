// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/net/client.hpp"
#include "ironkv/net/server.hpp"
#include "testing/catch.hpp"

// Servers on loopback ports that are free, each with its thread, for tests that talk to them. Each
// such test runs twice: with epoll, and with io_uring where it can be had.
namespace quintet::ironkv {

inline std::vector<std::byte> key_of(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

// `size` servers that have no ports yet.
inline std::vector<ServerAddress> cluster_of(std::size_t size) {
  std::vector<ServerAddress> servers;
  for (std::size_t i = 0; i < size; ++i) {
    servers.push_back({"127.0.0.1", 0, key_of("server " + std::to_string(i))});
  }
  return servers;
}

class LocalCluster {
 public:
  using Identities = std::vector<std::shared_ptr<const Identity>>;

  explicit LocalCluster(std::size_t size, ServerOptions options = {})
      : LocalCluster(cluster_of(size), {}, std::move(options)) {}
  // Over TLS, if there are identities.
  LocalCluster(std::vector<ServerAddress> servers, const Identities& identities,
               ServerOptions options = {}) {
    const std::size_t size = servers.size();
    options.servers = std::move(servers);
    options.sockets = GENERATE(SocketEngine::kEpoll, SocketEngine::kAuto);
    for (PeerId me = 0; me < size; ++me) {
      options.me = me;
      if (!identities.empty()) options.identity = identities[me];
      auto server = Server::create(options);
      QT_CHECK(server.has_value());
      servers_.push_back(std::make_unique<Server>(std::move(*server)));
    }
    addresses_ = options.servers;
    for (PeerId of = 0; of < size; ++of) {
      addresses_[of].port = servers_[of]->port();
      for (const auto& server : servers_) server->set_port_of(of, addresses_[of].port);
    }
    for (const auto& server : servers_) {
      threads_.emplace_back([&server = *server] { server.run(); });
    }
    for (const auto& server : servers_) {  // as long as it takes them to ask one another
      while (server->awaits()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  ~LocalCluster() { stop(); }
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  void stop() {
    for (const auto& server : servers_) {
      if (server) server->stop();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    threads_.clear();
  }
  // One of them, for good.
  void end(PeerId id) {
    servers_[id]->stop();
    threads_[id].join();
    servers_[id] = nullptr;
  }
  [[nodiscard]] const std::vector<ServerAddress>& addresses() const { return addresses_; }
  [[nodiscard]] Server& server(PeerId id) { return *servers_[id]; }

  // What `look(host, counters)` returns, taken on the server's thread.
  template <class Look>
  auto ask(PeerId id, Look look) {
    using Found = decltype(look(std::declval<const Host&>(), ServerCounters()));
    std::promise<Found> promise;
    auto found = promise.get_future();
    servers_[id]->post([&](const Host& host, const ServerCounters& counters) {
      promise.set_value(look(host, counters));
    });
    return found.get();
  }
  Result<std::uint64_t> reshard(PeerId from, const KeyRange& range, PeerId to) {
    std::promise<Result<std::uint64_t>> promise;
    auto id = promise.get_future();
    servers_[from]->reshard(range, to,
                            [&](Result<std::uint64_t> begun) { promise.set_value(begun); });
    return id.get();
  }

 private:
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<ServerAddress> addresses_;
  std::vector<std::thread> threads_;
};

// Looks again and again until it is so: for what another thread will do. Half a minute is far more
// than it takes.
template <class Condition>
bool eventually(Condition is_so) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    if (is_so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace quintet::ironkv
