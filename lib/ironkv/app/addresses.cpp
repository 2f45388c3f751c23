// SPDX-License-Identifier: MIT
#include "ironkv/app/addresses.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <utility>

#include "ironkv/net/client.hpp"
#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv::app {

Outcome<Cluster> cluster_of_file(const std::string& path) {
  const auto file = read_service_file(path);
  if (!file) return bad_input(file.error());
  ClientSettings settings = settings_for(*file);
  return Cluster{.servers = std::move(settings.servers), .use_tls = settings.use_tls};
}

Outcome<ServerAddress> parse_server(std::string_view text) {
  const auto wrong = [&] {
    return bad_input(
        fmt::format("'{}' is no server: write HOST:PORT, for example 127.0.0.1:4001 "
                    "or [::1]:4001",
                    text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  if (error != std::errc() || end != digits.end() || port == 0) return wrong();
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!is_address(host)) return wrong();
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return ServerAddress{std::string(host), port, {bytes, bytes + text.size()}};
}

Outcome<Cluster> parse_servers(std::string_view text) {
  Cluster cluster;
  while (true) {
    const std::size_t comma = text.find(',');
    auto server = parse_server(text.substr(0, comma));
    if (!server) return std::unexpected(server.error());
    for (const ServerAddress& other : cluster.servers) {
      if (other.public_key == server->public_key) {
        return bad_input(server->to_string() + " is in the list twice: name each server once");
      }
    }
    cluster.servers.push_back(std::move(*server));
    if (comma == std::string_view::npos) return cluster;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace quintet::ironkv::app
