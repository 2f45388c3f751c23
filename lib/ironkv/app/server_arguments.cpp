// SPDX-License-Identifier: MIT
#include "ironkv/app/server_arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ironkv/app/addresses.hpp"
#include "ironkv/app/config_file.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv::app {
namespace {

constexpr const char* kAbout =
    "Serves a part of an IronKV table: the server that PRIVATE-FILE belongs to, of the service "
    "that "
    "SERVICE-FILE describes (ironkv-certs makes both). Or, with --cluster, a whole service in this "
    "process, to try it.";
constexpr const char* kFooter =
    "Prints [[READY]] when it listens. SIGTERM and SIGINT end it, after what was said is sent.\n"
    "Exit status: 0 ended by a signal, 1 what is to be kept cannot be written any more (nothing "
    "that was answered is lost), or the others count on what this server has forgotten, 2 wrong "
    "arguments or files, or it cannot listen.";
constexpr std::uint16_t kFirstPort = 4001;

template <class Number>
CLI::Option* add_number(CLI::App& app, const char* name, Number& number, const char* about,
                        std::uint64_t least, std::uint64_t most) {
  CLI::Option* const option = app.add_option(name, number, about)->check(CLI::Range(least, most));
  if (std::cmp_greater_equal(number, least)) option->capture_default_str();  // else: none is given
  return option;
}

void add_limits(CLI::App& app, ServerOptions& limits) {
  add_number(app, "--max-connections", limits.max_connections, "Connections at a time", 1,
             1'000'000);
  add_number(app, "--max-frame-bytes", limits.max_frame_bytes, "Of what comes in one piece", 65'536,
             1 << 30);
  add_number(app, "--max-output-bytes", limits.max_output_bytes,
             "That wait for one reader; a slower one is cut off", 65'536, std::uint64_t{1} << 40);
  add_number(app, "--idle-identity-seconds", limits.idle_identity_seconds,
             "A client that is gone for so long is forgotten", 1, 1'000'000'000);
  add_number(app, "--handshake-ms", limits.handshake_ms, "Time to say who one is", 1, 3'600'000);
  add_number(app, "--drain-ms", limits.drain_ms, "Time to finish when it is to end", 0, 3'600'000);
  app.add_option_function<std::string>(
         "--sockets",
         [&](const std::string& engine) {
           limits.sockets = engine == "epoll"      ? SocketEngine::kEpoll
                            : engine == "io_uring" ? SocketEngine::kIoUring
                                                   : SocketEngine::kAuto;
         },
         "What waits for connections: io_uring takes fewer system calls, and Linux 6.1; auto: it, "
         "where it can be had, else epoll")
      ->check(CLI::IsMember({"auto", "epoll", "io_uring"}))
      ->default_str("auto");
  add_number(app, "--busy-poll-us", limits.busy_poll_us,
             "Looks for work so long before it sleeps: faster answers, a busier core", 0,
             1'000'000);
  app.add_flag("--plain-anywhere", limits.allow_plain_anywhere,
               "Listen beyond the loopback interface also without TLS: anybody may say that they "
               "are a server of the cluster");
}

void add_durability(CLI::App& app, ServerOptions& limits) {
  app.add_option_function<std::string>(
         "--durability",
         [&](const std::string& mode) {
           limits.durability = mode == "always"     ? Durability::kAlways
                               : mode == "periodic" ? Durability::kPeriodic
                                                    : Durability::kNone;
         },
         "none: a restarted server begins with nothing. always: what is answered is kept. "
         "periodic: kept after --sync-ms at the latest")
      ->check(CLI::IsMember({"none", "periodic", "always"}))
      ->default_str("none");
  app.add_option("--data", limits.journal.folder,
                 "Folder for what is kept; of a cluster, one folder in it for each server");
  add_number(app, "--sync-ms", limits.sync_ms, "Of --durability periodic", 1, 3'600'000);
  app.add_option_function<std::uint64_t>(
         "--journal-mib", [&](std::uint64_t mib) { limits.journal.log_bytes = mib << 20; },
         "Size of a new journal; at half of it the server writes a checkpoint")
      ->check(CLI::Range(16, 1 << 20))
      ->default_str("64");
}

void add_start(CLI::App& app, ServerOptions& limits) {
  app.add_flag_callback(
      "--start-alone", [&] { limits.asks_others = false; },
      "Serve at once. Without it a server that has nothing from before asks all others whether "
      "they "
      "know it, waits for their answers, and ends if one does: what it has forgotten, others count "
      "on. For servers of other makes, which do not answer; a server that returns so has no keys, "
      "and ranges "
      "may have two owners");
}

void add_metrics(CLI::App& app, ServerOptions& limits) {
  app.add_option_function<std::uint16_t>(
         "--metrics-port", [&](std::uint16_t port) { limits.metrics_port = port; },
         "Answers GET /metrics (Prometheus) and GET /healthz on this port of 127.0.0.1; a cluster "
         "takes the ports after it, too")
      ->check(CLI::Range(1, 65'535));
}

// addr=ADDRESS, port=PORT; profile= and verbose= mean nothing here.
Outcome<void> apply_setting(const std::string& setting, ServerArguments& arguments) {
  const std::size_t equals = setting.find('=');
  const std::string name = setting.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
  if (name == "addr" && !value.empty()) {
    arguments.listen = value;
    return {};
  }
  if (name == "port") {
    const char* const end = value.data() + value.size();
    const auto [at, error] = std::from_chars(value.data(), end, arguments.port);
    if (error == std::errc() && at == end && arguments.port != 0) return {};
    return bad_input(fmt::format("'{}': a port is a number from 1 to 65535", setting));
  }
  if (equals != std::string::npos && (name == "profile" || name == "verbose")) return {};
  return bad_input(fmt::format("'{}' is no setting: use addr=ADDRESS or port=PORT", setting));
}

Outcome<std::vector<ServerOptions>> cluster_to_try(const ServerArguments& arguments) {
  const unsigned first = arguments.port == 0 ? kFirstPort : arguments.port;
  if (first + arguments.cluster - 1 > 65'535) {
    return bad_input(fmt::format("{} servers from port {} on: there is no port above 65535",
                                 arguments.cluster, first));
  }
  ServerOptions options = arguments.limits;
  for (unsigned i = 0; i < arguments.cluster; ++i) {
    options.servers.push_back(*parse_server(loopback_name(first + i)));
  }
  std::vector<ServerOptions> all;
  for (options.me = 0; options.me < arguments.cluster; ++options.me) {
    options.port = options.servers[options.me].port;
    all.push_back(options);
    if (options.metrics_port) {
      all.back().metrics_port = static_cast<std::uint16_t>(*options.metrics_port + options.me);
    }
    if (!options.journal.folder.empty()) {
      all.back().journal.folder += fmt::format("/server{}", options.me + 1);
    }
  }
  return all;
}

Outcome<ServerOptions> server_of_files(ServerArguments& arguments) {
  for (const std::string& setting : arguments.settings) {
    if (auto good = apply_setting(setting, arguments); !good) return std::unexpected(good.error());
  }
  auto cluster = cluster_of_file(arguments.service);
  if (!cluster) return std::unexpected(cluster.error());
  const auto own = read_private_file(arguments.private_file);
  if (!own) return bad_input(own.error());
  auto identity = Identity::from_pkcs12(own->pkcs12);
  if (!identity) return bad_input(arguments.private_file + ": " + identity.error());
  ServerOptions options = std::move(arguments.limits);
  options.servers = std::move(cluster->servers);
  const auto me = std::ranges::find_if(options.servers, [&](const ServerAddress& server) {
    return std::ranges::equal(server.public_key, identity->public_key());
  });
  if (me == options.servers.end()) {
    return bad_input(fmt::format("{}: its key is not in {}: take the files of one service",
                                 arguments.private_file, arguments.service));
  }
  options.me = static_cast<PeerId>(me - options.servers.begin());
  if (cluster->use_tls) options.identity = std::make_shared<const Identity>(std::move(*identity));
  options.listen_address = arguments.listen.empty() ? own->address : arguments.listen;
  options.port = arguments.port == 0 ? own->port : arguments.port;
  return options;
}

}  // namespace

std::expected<ServerArguments, int> server_arguments(int count, const char* const* arguments) {
  ServerArguments a;
  CLI::App app(kAbout, "ironkv-server");
  app.footer(kFooter);
  app.set_version_flag("--version", IRONKV_VERSION);
  app.add_option("service-file", a.service, "Describes the service, for everyone");
  app.add_option("private-file", a.private_file, "Has the key of this server");
  app.add_option("settings", a.settings, "addr=ADDRESS and port=PORT, as the flags below")
      ->configurable(false);
  add_number(app, "--cluster", a.cluster, "So many plain servers on this machine, without files", 1,
             64);
  app.add_option("--listen", a.listen, "Address to listen on instead of the private file's");
  add_number(app, "--port", a.port,
             "Port instead of the private file's; the first one of a cluster (4001)", 1, 65'535);
  add_limits(app, a.limits);
  add_durability(app, a.limits);
  add_start(app, a.limits);
  add_metrics(app, a.limits);
  if (auto parsed = parse_with_config(app, count, arguments); !parsed) {
    return std::unexpected(parsed.error());
  }
  a.remark = config_remark(app);
  return a;
}

Outcome<std::vector<ServerOptions>> servers_of(ServerArguments arguments) {
  const bool is_durable = arguments.limits.durability != Durability::kNone;
  if (is_durable == arguments.limits.journal.folder.empty()) {
    return bad_input(is_durable ? "--durability needs a folder: add --data FOLDER"
                                : "--data is of no use without --durability: add always or "
                                  "periodic");
  }
  if (arguments.cluster > 0) {
    if (!arguments.service.empty()) {
      return bad_input("--cluster makes its own service: leave out " + arguments.service);
    }
    if (!arguments.listen.empty()) {
      return bad_input("--cluster listens on 127.0.0.1 only: leave out --listen");
    }
    return cluster_to_try(arguments);
  }
  if (arguments.private_file.empty()) {
    return bad_input(
        "a service file and a private file are needed (ironkv-certs makes them), or --cluster 3 "
        "to try it without");
  }
  auto options = server_of_files(arguments);
  if (!options) return std::unexpected(options.error());
  return std::vector{std::move(*options)};
}

}  // namespace quintet::ironkv::app
