// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "ironkv/net/address.hpp"
#include "ironkv_cases/load/load.hpp"
#include "ironkv_cases/server_process.hpp"
#include "support/case.hpp"
#include "support/programs.hpp"

// What the load is put on: servers of one implementation, started for one sample on a processor of
// their own. Those of IronKV are three hosts, of which the first one has all keys.
namespace quintet::bench::ironkv_cases {

struct Deployment {
  LoadTarget target{};
  std::vector<ironkv::ServerAddress> servers{};  // of IronKV, for a client of the library
  std::shared_ptr<const TemporaryFolder> folder{};
  std::vector<ServerProcess> processes{};  // last: they end first

  [[nodiscard]] double cpu_seconds() const;
};

using Deployed = std::expected<Deployment, NoSample>;

struct QuintetSettings {
  bool is_tls = false;
  std::size_t hosts = 3;
  std::string durability = "none";
  std::uint32_t busy_poll_us = 0;
  std::string sockets = "auto";  // --sockets
  bool spreads = false;          // a processor for each host, as far as there are some
};
[[nodiscard]] Deployed deploy_quintet(const QuintetSettings& settings, std::size_t value_bytes);

// `fsync`: no, everysec or always, with an append-only file; empty: without.
[[nodiscard]] Deployed deploy_redis(const std::string& fsync, std::size_t value_bytes);
[[nodiscard]] Deployed deploy_memcached(std::size_t value_bytes);
[[nodiscard]] Deployed deploy_ironfleet(std::size_t value_bytes);
// As echo_sizes().
[[nodiscard]] Deployed deploy_echo(Request request, std::size_t value_bytes, std::size_t depth);

// Where servers run, and where the load does: the first two processors that this process may use.
struct Places {
  std::vector<platform::ProcessingUnit> servers;  // the first one, and then all but the load's
  platform::ProcessingUnit load;
  platform::Topology topology;
};
[[nodiscard]] const Places& places();

// A session of IronKV's that calls itself something new.
[[nodiscard]] std::function<std::unique_ptr<Session>()> ironkv_sessions(std::size_t value_bytes,
                                                                        bool is_tls);

}  // namespace quintet::bench::ironkv_cases
