// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ironkv/app/certs_commands.hpp"
#include "ironkv/app/certs_text.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv::certs {
namespace {

bool is_plain_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !name.empty() && name[0] != '.' && name[0] != '-' && std::ranges::all_of(name, is_plain);
}

Outcome<void> check_names(const MakeArguments& arguments) {
  if (arguments.name.empty()) return bad_input("--name is missing: say how the service is called");
  if (!is_plain_name(arguments.name)) {
    return bad_input(
        fmt::format("--name '{}': use letters, digits, dots, dashes and underscores, "
                    "with a letter or digit first",
                    arguments.name));
  }
  if (arguments.type != kServiceType) {
    return bad_input(
        fmt::format("--type '{}': IronKV's files are of type {}", arguments.type, kServiceType));
  }
  const std::string longest = server_name(arguments.name, arguments.type, arguments.servers.size());
  if (longest.size() > kMostCommonNameBytes) {
    return bad_input(
        fmt::format("--name '{}' is too long: take {} bytes off, since certificates "
                    "hold names up to {}",
                    arguments.name, longest.size() - kMostCommonNameBytes, kMostCommonNameBytes));
  }
  return {};
}

Outcome<void> check_servers(const std::vector<Server>& servers) {
  if (servers.empty()) {
    return bad_input("no server is given: add, for example, --server 127.0.0.1:4001");
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!is_address(servers[i].address)) {
      return bad_input(
          fmt::format("the address '{}' of server {} is none: write a host name or an "
                      "IP address",
                      servers[i].address, i + 1));
    }
    const auto same = std::ranges::find(servers, servers[i]);
    const auto first = static_cast<std::size_t>(same - servers.begin());
    if (first != i) {
      return bad_input(fmt::format("servers {} and {} are both at {}: give each its own port",
                                   first + 1, i + 1,
                                   host_and_port(servers[i].address, servers[i].port)));
    }
  }
  return {};
}

// Where the files go.
class Paths {
 public:
  explicit Paths(const MakeArguments& arguments) : arguments_(arguments) {}

  [[nodiscard]] std::string service() const {
    return below(service_file_name(arguments_.name, arguments_.type));
  }
  [[nodiscard]] std::string server(std::size_t number) const {
    return below(private_file_name(server_name(arguments_.name, arguments_.type, number)));
  }
  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> paths{service()};
    for (std::size_t i = 1; i <= arguments_.servers.size(); ++i) paths.push_back(server(i));
    return paths;
  }

 private:
  [[nodiscard]] std::string below(const std::string& name) const {
    return (std::filesystem::path(arguments_.output) / name).string();
  }
  const MakeArguments& arguments_;
};

// Before any key is made, which takes its time.
Outcome<void> check_room(const MakeArguments& arguments, const Paths& paths) {
  if (arguments.output.empty()) return bad_input("--output is empty: name a folder");
  std::error_code error;
  std::filesystem::create_directories(arguments.output, error);
  if (error) {
    return bad_input(fmt::format("--output '{}' cannot be made: {}; name another folder",
                                 arguments.output, error.message()));
  }
  if (arguments.overwrite) return {};
  for (const std::string& path : paths.all()) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) {
      return bad_input(
          fmt::format("{} exists: choose another --name or --output, or replace the "
                      "files and their keys with --overwrite",
                      path));
    }
  }
  return {};
}

// Makes the key of a server and writes its private file.
Outcome<ServerEntry> make_server(const MakeArguments& arguments, const Paths& paths,
                                 std::size_t number, IfThere if_there) {
  const Server& server = arguments.servers[number - 1];
  ServerEntry entry{.friendly_name = server_name(arguments.name, arguments.type, number),
                    .public_key = {},
                    .address = server.address,
                    .port = server.port};
  const auto identity = Identity::make(arguments.bits, entry.friendly_name, arguments.days);
  if (!identity) return failed(identity.error());
  auto pkcs12 = identity->to_pkcs12();
  if (!pkcs12) return failed(pkcs12.error());
  entry.public_key.assign(identity->public_key().begin(), identity->public_key().end());
  const std::string path = paths.server(number);
  const auto written = write_private_file(path,
                                          {.friendly_name = entry.friendly_name,
                                           .pkcs12 = *std::move(pkcs12),
                                           .address = entry.address,
                                           .port = entry.port},
                                          if_there);
  if (!written) return failed(written.error());
  return entry;
}

Outcome<void> say_written(const MakeArguments& arguments, const std::string& path,
                          const ServerEntry& entry, std::size_t number) {
  std::string text = fmt::format("wrote {}: the secret key of server {}, {}\n", path, number,
                                 host_and_port(entry.address, entry.port));
  if (arguments.verbose) {
    text += fmt::format("  end point {}\n", hex(end_point_of(entry.public_key)));
  }
  return put_now(text);
}

Outcome<void> make_all(const MakeArguments& arguments, const Paths& paths,
                       std::vector<std::string>& written) {
  const IfThere if_there = arguments.overwrite ? IfThere::kReplace : IfThere::kRefuse;
  ServiceFile service{.friendly_name = arguments.name,
                      .service_type = arguments.type,
                      .servers = {},
                      .use_ssl = arguments.use_ssl};
  for (std::size_t number = 1; number <= arguments.servers.size(); ++number) {
    auto entry = make_server(arguments, paths, number, if_there);
    if (!entry) return std::unexpected(entry.error());
    written.push_back(paths.server(number));
    auto said = say_written(arguments, written.back(), *entry, number);
    if (!said) return said;
    service.servers.push_back(*std::move(entry));
  }
  const std::string path = paths.service();
  const auto done = write_service_file(path, service, if_there);
  if (!done) return failed(done.error());
  written.push_back(path);
  return put_now(fmt::format("wrote {}: {}; for all servers and clients\n", path,
                             describe(service.servers.size(), service.use_ssl)));
}

}  // namespace

Outcome<void> make(const MakeArguments& arguments) {
  if (auto checked = check_servers(arguments.servers); !checked) return checked;
  if (auto checked = check_names(arguments); !checked) return checked;
  if (arguments.bits % 8 != 0) {
    return bad_input(fmt::format("--bits {}: use a multiple of 8", arguments.bits));
  }
  const Paths paths(arguments);
  if (auto checked = check_room(arguments, paths); !checked) return checked;
  std::vector<std::string> written;
  auto made = make_all(arguments, paths, written);
  // A part of a service is of no use. What was replaced is lost anyway; the next run mends it.
  std::error_code ignored;
  if (!made && !arguments.overwrite) {
    for (const std::string& path : written) std::filesystem::remove(path, ignored);
  }
  return made;
}

}  // namespace quintet::ironkv::certs
