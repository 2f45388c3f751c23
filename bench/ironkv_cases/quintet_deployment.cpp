// SPDX-License-Identifier: MIT
#include <stdexcept>
#include <utility>

#include "ironkv/net/identity.hpp"
#include "ironkv/net/service_file.hpp"
#include "ironkv/net/tls.hpp"
#include "ironkv_cases/deployment.hpp"
#include "ironkv_cases/settings.hpp"

// Our own servers: the program ironkv-server, as people run it, with files as ironkv-certs makes
// them.
namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::Identity;
using ironkv::ServerAddress;
using ironkv::TlsContext;

constexpr const char* kService = "bench";
constexpr unsigned kDays = 7;

// Keys take long to make, and are the same for all samples of this process.
const Identity& identity(std::size_t place) {
  static std::vector<std::unique_ptr<const Identity>> made;
  while (made.size() <= place) {
    const std::size_t next = made.size();
    const std::string name = next < kMostHosts
                                 ? ironkv::server_name(kService, ironkv::kServiceType, next + 1)
                                 : "client";
    auto identity = Identity::make(ironkv::kFewestKeyBits, name, kDays);
    if (!identity) throw std::runtime_error(identity.error());
    made.push_back(std::make_unique<const Identity>(std::move(*identity)));
  }
  return *made[place];
}

void check(const std::expected<void, std::string>& written) {
  if (!written) throw std::runtime_error(written.error());
}

// The service file, and a private file for each server.
std::vector<std::string> write_files(Deployment& deployment, bool is_tls) {
  ironkv::ServiceFile service{.friendly_name = kService, .servers = {}, .use_ssl = is_tls};
  std::vector<std::string> paths{deployment.folder->file("service.txt")};
  for (std::size_t i = 0; i < deployment.servers.size(); ++i) {
    const ServerAddress& server = deployment.servers[i];
    service.servers.push_back({server.name, server.public_key, server.address, server.port});
    const auto pkcs12 = identity(i).to_pkcs12();
    if (!pkcs12) throw std::runtime_error(pkcs12.error());
    paths.push_back(deployment.folder->file("private" + std::to_string(i) + ".txt"));
    check(ironkv::write_private_file(paths.back(),
                                     {server.name, *pkcs12, server.address, server.port}));
  }
  check(ironkv::write_service_file(paths[0], service));
  return paths;
}

// Every connection has an identity of its own: servers number what each identity says.
class TlsClients {
 public:
  explicit TlsClients(std::vector<ServerAddress> servers) : servers_(std::move(servers)) {}

  std::unique_ptr<ironkv::Stream> connect(ironkv::Channel& channel) {
    auto made = TlsContext::create(identity(kMostHosts + contexts_.size()), servers_);
    if (!made) throw std::runtime_error(made.error());
    contexts_.push_back(std::move(*made));
    return contexts_.back()->connect(channel, servers_[0]);
  }

 private:
  std::vector<ServerAddress> servers_;
  std::vector<std::unique_ptr<TlsContext>> contexts_;
};

std::vector<platform::ProcessingUnit> place_of(std::size_t host, bool spreads) {
  const auto& units = places().servers;
  return {units[spreads ? host % units.size() : 0]};
}

}  // namespace

Deployed deploy_quintet(const QuintetSettings& settings, std::size_t value_bytes) {
  Deployment deployment;
  deployment.folder = std::make_shared<const TemporaryFolder>(data_folder());
  const auto ports = free_ports(settings.hosts);
  for (std::size_t i = 0; i < settings.hosts; ++i) {
    const auto key = identity(i).public_key();
    deployment.servers.push_back({"127.0.0.1",
                                  ports[i],
                                  {key.begin(), key.end()},
                                  ironkv::server_name(kService, ironkv::kServiceType, i + 1)});
  }
  deployment.target = {.port = ports[0], .session = ironkv_sessions(value_bytes, settings.is_tls)};
  if (settings.is_tls) {
    const auto clients = std::make_shared<TlsClients>(deployment.servers);
    deployment.target.stream = [clients](ironkv::Channel& channel) {
      return clients->connect(channel);
    };
  }
  const auto files = write_files(deployment, settings.is_tls);
  for (std::size_t i = 0; i < settings.hosts; ++i) {
    ServerCommand command{
        .program = built_file("lib/ironkv/app/ironkv-server"),
        .arguments = {files[0], files[i + 1], "--durability", settings.durability, "--busy-poll-us",
                      std::to_string(settings.busy_poll_us), "--sockets", settings.sockets},
        .is_spinning = settings.busy_poll_us > 0};
    if (settings.durability != "none") {
      command.arguments.insert(command.arguments.end(),
                               {"--data", deployment.folder->file("data" + std::to_string(i))});
    }
    auto process = ServerProcess::start(command, place_of(i, settings.spreads));
    if (!process) return std::unexpected(NoSample{process.error()});
    deployment.processes.push_back(std::move(*process));
  }
  for (std::size_t i = 0; i < settings.hosts; ++i) {
    if (auto listens = deployment.processes[i].await_port(ports[i]); !listens) {
      return std::unexpected(NoSample{listens.error()});
    }
  }
  return deployment;
}

}  // namespace quintet::bench::ironkv_cases
