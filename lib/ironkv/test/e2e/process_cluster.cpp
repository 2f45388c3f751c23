// SPDX-License-Identifier: MIT
#include "ironkv/test/e2e/process_cluster.hpp"

#include <stdlib.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace quintet::ironkv {
namespace {

constexpr int kAttempts = 10;  // at ports that are free

}  // namespace

std::expected<std::unique_ptr<ProcessCluster>, std::string> ProcessCluster::create(
    ClusterSettings settings) {
  std::unique_ptr<ProcessCluster> cluster(new ProcessCluster(std::move(settings)));
  if (auto made = cluster->make_identities(); !made) return std::unexpected(made.error());
  for (int attempt = 1;; ++attempt) {
    const auto started = cluster->try_to_start();
    if (started) return cluster;
    if (attempt == kAttempts || started.error().find("in use") == std::string::npos) {
      return std::unexpected(started.error());
    }
  }
}

ProcessCluster::ProcessCluster(ClusterSettings settings) : settings_(std::move(settings)) {
  folder_ = (std::filesystem::temp_directory_path() / "ironkv-e2e-XXXXXX").string();
  if (::mkdtemp(folder_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), folder_);
  }
}

ProcessCluster::~ProcessCluster() {
  servers_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::expected<void, std::string> ProcessCluster::make_identities() {
  service_.friendly_name = "e2e";
  service_.use_ssl = settings_.use_tls;
  for (std::size_t i = 0; i < settings_.size; ++i) {
    const std::string name = server_name("e2e", kServiceType, i + 1);
    const auto identity = Identity::make(kFewestKeyBits, name, 2);
    if (!identity) return std::unexpected(identity.error());
    auto file = identity->to_pkcs12();
    if (!file) return std::unexpected(file.error());
    const auto key = identity->public_key();
    service_.servers.push_back({name, {key.begin(), key.end()}, "127.0.0.1", 0});
    privates_.push_back({name, std::move(*file), "127.0.0.1", 0});
    if (!settings_.faults) continue;
    proxies_.push_back(std::make_unique<testing::TcpProxy>(
        std::uint16_t{0}, settings_.seed + 1'000'000 * i, *settings_.faults));
  }
  return {};
}

std::string ProcessCluster::private_file(std::size_t index) const {
  return folder_ + "/" + private_file_name(privates_[index].friendly_name);
}

std::expected<void, std::string> ProcessCluster::try_to_start() {
  servers_.clear();
  ports_.clear();
  for (std::size_t i = 0; i < settings_.size; ++i) {
    ports_.push_back(free_port());
    privates_[i].port = ports_[i];
    service_.servers[i].port = settings_.faults ? proxies_[i]->port() : ports_[i];
    if (settings_.faults) proxies_[i]->set_target(ports_[i]);
    auto written = write_private_file(private_file(i), privates_[i], IfThere::kReplace);
    if (!written) return written;
  }
  auto written = write_service_file(folder_ + "/service.txt", service_, IfThere::kReplace);
  if (!written) return written;
  for (std::size_t i = 0; i < settings_.size; ++i) {
    auto server = start(i);
    if (!server) return std::unexpected(server.error());
    servers_.push_back(std::move(*server));
  }
  return {};
}

std::expected<ServerProcess, std::string> ProcessCluster::start(std::size_t index) {
  std::vector<std::string> command = {settings_.server, folder_ + "/service.txt",
                                      private_file(index)};
  const std::string number = std::to_string(index + 1);
  if (settings_.is_durable) {
    command.insert(command.end(), {"--durability", "always", "--journal-mib", "16", "--data",
                                   folder_ + "/data" + number});
  }
  command.insert(command.end(), settings_.flags.begin(), settings_.flags.end());
  return ServerProcess::start(command, folder_ + "/log" + number);
}

ClientSettings ProcessCluster::client_settings() const {
  ClientSettings settings;
  settings.use_tls = settings_.use_tls;
  for (const ServerEntry& server : service_.servers) {
    settings.servers.push_back(
        {server.address, server.port, server.public_key, server.friendly_name});
  }
  return settings;
}

std::expected<void, std::string> ProcessCluster::crash(std::size_t server) {
  servers_[server].kill();
  auto again = start(server);
  if (!again) return std::unexpected(again.error());
  servers_[server] = std::move(*again);
  return {};
}

void ProcessCluster::calm() {
  for (const auto& proxy : proxies_) proxy->set_faults({});
}

testing::ProxyCounters ProcessCluster::proxy_counters() const {
  testing::ProxyCounters all;
  for (const auto& proxy : proxies_) {
    const testing::ProxyCounters one = proxy->counters();
    all.connections += one.connections;
    all.unreachable += one.unreachable;
    all.resets += one.resets;
    all.stalls += one.stalls;
    all.delays += one.delays;
    all.dribbles += one.dribbles;
    all.pieces += one.pieces;
    all.bytes += one.bytes;
  }
  return all;
}

}  // namespace quintet::ironkv
