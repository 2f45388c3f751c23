// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ironkv/net/client.hpp"
#include "ironkv/net/service_file.hpp"
#include "ironkv/test/e2e/server_process.hpp"
#include "testing/tcp_proxy.hpp"

// A service on loopback ports that are free, each server in a process of its own, with the files of
// ironkv-certs in a folder that goes away. If wanted, everything that is said to a server, by
// clients and by other servers, goes through a proxy with faults: the service file names the
// proxy's port, the private file the server's.
// Threading: that of ServerProcess.
namespace quintet::ironkv {

struct ClusterSettings {
  std::string server{};  // the program
  std::size_t size = 3;
  bool use_tls = false;
  bool is_durable = false;           // --durability always
  std::vector<std::string> flags{};  // of every server
  std::optional<testing::ProxyFaults> faults{};
  std::uint64_t seed = 1;
};

class ProcessCluster {
 public:
  // All servers are ready when it returns.
  [[nodiscard]] static std::expected<std::unique_ptr<ProcessCluster>, std::string> create(
      ClusterSettings settings);
  ~ProcessCluster();
  ProcessCluster(const ProcessCluster&) = delete;
  ProcessCluster& operator=(const ProcessCluster&) = delete;

  // How a client reaches them.
  [[nodiscard]] ClientSettings client_settings() const;
  // Directly, past the proxies.
  [[nodiscard]] std::uint16_t port(std::size_t server) const { return ports_[server]; }
  [[nodiscard]] ServerProcess& server(std::size_t index) { return servers_[index]; }
  // SIGKILL, and again with the same port and data.
  [[nodiscard]] std::expected<void, std::string> crash(std::size_t server);
  void calm();  // the proxies have no faults from now on
  [[nodiscard]] testing::ProxyCounters proxy_counters() const;

 private:
  explicit ProcessCluster(ClusterSettings settings);
  std::expected<void, std::string> make_identities();
  std::expected<void, std::string> try_to_start();
  std::expected<ServerProcess, std::string> start(std::size_t index);
  [[nodiscard]] std::string private_file(std::size_t index) const;

  ClusterSettings settings_;
  std::string folder_;
  ServiceFile service_;
  std::vector<PrivateFile> privates_;
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<testing::TcpProxy>> proxies_;
  std::vector<ServerProcess> servers_;
};

}  // namespace quintet::ironkv
