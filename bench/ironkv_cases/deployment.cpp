// SPDX-License-Identifier: MIT
#include "ironkv_cases/deployment.hpp"

#include <filesystem>
#include <random>
#include <stdexcept>
#include <utility>

#include "ironkv_cases/settings.hpp"

namespace quintet::bench::ironkv_cases {
namespace {

constexpr const char* kEchoProgram = "echo-server";
constexpr const char* kFleetProgram = "ironfleet-host";

std::vector<platform::ProcessingUnit> first_place() { return {places().servers.front()}; }

// Starts one server, which has to listen on `port`.
std::expected<void, NoSample> start(Deployment& deployment, const ServerCommand& command,
                                    const std::vector<platform::ProcessingUnit>& units,
                                    std::uint16_t port) {
  auto process = ServerProcess::start(command, units);
  if (!process) return std::unexpected(NoSample{process.error()});
  deployment.processes.push_back(std::move(*process));
  if (auto listens = deployment.processes.back().await_port(port); !listens) {
    return std::unexpected(NoSample{listens.error()});
  }
  return {};
}

Deployed one_server(Deployment deployment, const ServerCommand& command) {
  if (auto started = start(deployment, command, first_place(), deployment.target.port); !started) {
    return std::unexpected(started.error());
  }
  return deployment;
}

// Redis is one file, which is the server or a checker of its files by the name it is called; where
// only the tools are installed it has the other name.
std::string find_redis() {
  const auto server = installed_program("redis-server");
  return server ? *server : installed_program("redis-check-rdb").value_or("");
}

std::vector<std::byte> random_name() {
  static std::mt19937_64 random{std::random_device()()};
  std::vector<std::byte> name(32);
  for (std::byte& byte : name) byte = static_cast<std::byte>(random());
  return name;
}

}  // namespace

double Deployment::cpu_seconds() const {
  double seconds = 0;
  for (const ServerProcess& process : processes) seconds += process.cpu_seconds();
  return seconds;
}

const Places& places() {
  static const Places found = [] {
    auto topology = platform::Topology::discover();
    if (!topology) throw std::runtime_error("cannot see this machine's processors");
    const auto& all = topology->processing_units();
    const platform::ProcessingUnit load = all.size() > 1 ? all[1] : all[0];
    std::vector<platform::ProcessingUnit> servers;
    for (const auto& unit : all) {
      if (all.size() == 1 || unit.os_index != load.os_index) servers.push_back(unit);
    }
    return Places{std::move(servers), load, *topology};
  }();
  return found;
}

std::function<std::unique_ptr<Session>()> ironkv_sessions(std::size_t value_bytes, bool is_tls) {
  return [=] {
    return ironkv_session(value_bytes, is_tls ? std::vector<std::byte>() : random_name());
  };
}

Deployed deploy_redis(const std::string& fsync, std::size_t value_bytes) {
  const std::string program = find_redis();
  if (program.empty()) return std::unexpected(skip("redis-tools").error());
  Deployment deployment;
  deployment.target = {.port = free_ports(1)[0],
                       .session = [=] { return redis_session(value_bytes); }};
  deployment.folder = std::make_shared<const TemporaryFolder>(data_folder());
  ServerCommand command{
      .program = program,
      .arguments = {"--port", std::to_string(deployment.target.port), "--bind", "127.0.0.1",
                    "--save", "", "--dir", deployment.folder->path().string(), "--appendonly",
                    fsync.empty() ? "no" : "yes"},
      .called = "redis-server"};
  if (!fsync.empty()) {
    command.arguments.insert(command.arguments.end(), {"--appendfsync", fsync});
  }
  return one_server(std::move(deployment), command);
}

Deployed deploy_memcached(std::size_t value_bytes) {
  const auto program = installed_program("memcached");
  if (!program) return std::unexpected(skip("memcached").error());
  Deployment deployment;
  deployment.target = {.port = free_ports(1)[0],
                       .session = [=] { return memcached_session(value_bytes); }};
  return one_server(std::move(deployment),
                    {.program = *program,
                     .arguments = {"-l", "127.0.0.1", "-p", std::to_string(deployment.target.port),
                                   "-U", "0", "-t", "1", "-u", "root"}});
}

Deployed deploy_echo(Request request, std::size_t value_bytes, std::size_t depth) {
  const EchoSizes sizes = echo_sizes(request, value_bytes, depth);
  Deployment deployment;
  deployment.target = {.port = free_ports(1)[0], .session = [=] { return echo_session(sizes); }};
  return one_server(
      std::move(deployment),
      {.program = own_program(kEchoProgram),
       .arguments = {"--port", std::to_string(deployment.target.port), "--request-bytes",
                     std::to_string(sizes.request), "--reply-bytes", std::to_string(sizes.reply)}});
}

Deployed deploy_ironfleet(std::size_t value_bytes) {
  const auto ports = free_ports(3);
  std::string list;
  for (const auto port : ports) {
    list += (list.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  }
  Deployment deployment;
  deployment.target = {.port = ports[0], .session = ironkv_sessions(value_bytes, false)};
  // Each of its hosts takes a processor, also without work. Where there are not as many, those that
  // have nothing to do are left out.
  const auto& units = places().servers;
  const std::size_t hosts = units.size() < ports.size() ? 1 : ports.size();
  for (std::size_t i = 0; i < hosts; ++i) {
    const ServerCommand command{.program = own_program(kFleetProgram),
                                .arguments = {"--servers", list, "--me", std::to_string(i)},
                                .is_spinning = true};
    if (auto started = start(deployment, command, {units[i]}, ports[i]); !started) {
      return std::unexpected(started.error());
    }
  }
  return deployment;
}

}  // namespace quintet::bench::ironkv_cases
