// SPDX-License-Identifier: MIT
#include "ironkv/app/certs_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv::certs {
namespace {

constexpr unsigned kMostServers = 999;  // as many as IronFleet's tool numbers

std::optional<unsigned> number_from(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  if (!is_whole || value == 0 || value > most) return {};
  return value;
}

std::optional<std::uint16_t> port_from(std::string_view text) {
  const auto number = number_from(text, UINT16_MAX);
  if (!number) return {};
  return static_cast<std::uint16_t>(*number);
}

Outcome<void> set(std::optional<std::string>& target, const std::string& key,
                  std::string_view value) {
  if (target) return bad_input(fmt::format("{} is given twice: give it once", key));
  target = value;
  return {};
}

Outcome<void> set(std::optional<bool>& target, const std::string& key, std::string_view value) {
  if (target) return bad_input(fmt::format("{} is given twice: give it once", key));
  if (value != "true" && value != "false") {
    return bad_input(fmt::format("{}={}: write {}=true or {}=false", key, value, key, key));
  }
  target = value == "true";
  return {};
}

// The servers by number, half known while arguments are read.
struct Numbered {
  std::optional<std::string> address;
  std::optional<std::uint16_t> port;
};
using NumberedServers = std::map<unsigned, Numbered>;

Outcome<void> add_server(const std::string& key, std::string_view value, NumberedServers& servers) {
  const bool is_port = key.starts_with("port");
  const auto number = number_from(std::string_view(key).substr(4), kMostServers);
  if (!number) {
    return bad_input(
        fmt::format("{}={}: servers have the numbers 1 to {}", key, value, kMostServers));
  }
  Numbered& server = servers[*number];
  if (is_port ? server.port.has_value() : server.address.has_value()) {
    return bad_input(fmt::format("{} is given twice: give it once", key));
  }
  if (!is_port) {
    server.address = value;
    return {};
  }
  server.port = port_from(value);
  if (!server.port) {
    return bad_input(fmt::format("{}={}: a port is a number from 1 to 65535", key, value));
  }
  return {};
}

Outcome<std::vector<Server>> in_order(const NumberedServers& numbered) {
  std::vector<Server> servers;
  const unsigned last = numbered.empty() ? 0 : numbered.rbegin()->first;
  for (unsigned i = 1; i <= last; ++i) {
    const auto found = numbered.find(i);
    const bool has_address = found != numbered.end() && found->second.address;
    const bool has_port = found != numbered.end() && found->second.port;
    if (!has_address || !has_port) {
      return bad_input(fmt::format("{}{}= is missing: each server from 1 to {} needs addr and port",
                                   has_address ? "port" : "addr", i, last));
    }
    servers.push_back({*found->second.address, *found->second.port});
  }
  return servers;
}

Outcome<void> add(const std::string& key, std::string_view value, Settings& settings,
                  NumberedServers& servers) {
  if (key == "name") return set(settings.name, key, value);
  if (key == "type") return set(settings.type, key, value);
  if (key == "outputdir") return set(settings.output, key, value);
  if (key == "usessl") return set(settings.use_ssl, key, value);
  if (key == "verbose") return set(settings.verbose, key, value);
  if (key.starts_with("addr") || key.starts_with("port")) return add_server(key, value, servers);
  return bad_input(
      fmt::format("{}={}: no such key; there are name, type, outputdir, addr1, port1 (and so on), "
                  "usessl and verbose",
                  key, value));
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lowered;
}

}  // namespace

Outcome<void> add_key_values(const std::vector<std::string>& arguments, Settings& settings) {
  NumberedServers numbered;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      return bad_input(
          fmt::format("'{}' is no command and no key=value: see `ironkv-certs --help`", argument));
    }
    const std::string_view value = std::string_view(argument).substr(equals + 1);
    auto added = add(lower(argument.substr(0, equals)), value, settings, numbered);
    if (!added) return added;
  }
  auto servers = in_order(numbered);
  if (!servers) return std::unexpected(servers.error());
  if (servers->empty()) return {};
  if (!settings.servers.empty()) {
    return bad_input("servers are given by --server and by addr1=: use one way");
  }
  settings.servers = *std::move(servers);
  return {};
}

Outcome<Server> server_from(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const auto port = port_from(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool has_brackets = host.starts_with('[') && host.ends_with(']');
    if (has_brackets) host = host.substr(1, host.size() - 2);
    if (port && !host.empty() && host.contains(':') == has_brackets) {
      return Server{std::string(host), *port};
    }
  }
  return bad_input(fmt::format(
      "--server '{}': write HOST:PORT, for example 127.0.0.1:4001 or [::1]:4001, with a port from "
      "1 to 65535",
      text));
}

}  // namespace quintet::ironkv::certs
