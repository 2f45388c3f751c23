// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "baselines/ironfleet/host.hpp"
#include "baselines/ironfleet/transport.hpp"
#include "ironkv/app/addresses.hpp"

// ironfleet-host: one server of the re-creation, in plain mode. The text HOST:PORT of each server
// is its key as well, as for `ironkv --servers`.
namespace quintet::baselines::ironfleet {
namespace {

constexpr int kBadInput = 2;

struct Arguments {
  std::string servers;
  std::size_t me = 0;
  bool nagle = false;
  bool split_frames = false;
};

void describe(CLI::App& app, Arguments& arguments) {
  app.footer(
      "Prints [[READY]] when it listens. It takes one core, also when it is idle.\n"
      "SIGTERM and SIGINT end it at once with status 0; wrong arguments, with 2.");
  app.add_option("--servers", arguments.servers, "HOST:PORT of each server, with commas")
      ->required();
  app.add_option("--me", arguments.me, "Which of them this is, from 0 on")->required();
  app.add_flag("--nagle", arguments.nagle, "Leaves TCP_NODELAY off, as the reference does");
  app.add_flag("--split-frames", arguments.split_frames,
               "Sends a frame's length on its own, as the reference does");
}

int fail(const std::string& why) {
  std::fprintf(stderr, "ironfleet-host: %s\n", why.c_str());
  return kBadInput;
}

void end_on_signals() {
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { ::_exit(0); });
}

int serve(const Arguments& arguments) {
  auto cluster = ironkv::app::parse_servers(arguments.servers);
  if (!cluster) return fail(cluster.error().text);
  const std::size_t count = cluster->servers.size();
  if (arguments.me >= count) {
    return fail("--me " + std::to_string(arguments.me) + ": there are " + std::to_string(count) +
                " servers, name one from 0 to " + std::to_string(count - 1));
  }
  Constants constants{.me = arguments.me};
  for (const ironkv::ServerAddress& server : cluster->servers) {
    constants.hosts.push_back(ironkv::end_point_of_key(server.public_key));
  }
  end_on_signals();
  auto transport = Transport::create(
      {.servers = std::move(cluster->servers),
       .me = arguments.me,
       .sockets = {.no_delay = !arguments.nagle, .splits_frames = arguments.split_frames}});
  if (!transport) return fail(transport.error());
  std::puts("[[READY]]");
  std::fflush(stdout);
  Host host(std::move(constants), **transport);
  for (;;) host.act();
}

int run(int count, char** texts) {
  Arguments arguments;
  CLI::App app("A server of IronFleet's key-value store, made again to be measured beside ours.",
               "ironfleet-host");
  describe(app, arguments);
  try {
    app.parse(count, texts);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + "; --help shows the arguments");
  }
  return serve(arguments);
}

}  // namespace
}  // namespace quintet::baselines::ironfleet

int main(int count, char** texts) {
  try {
    return quintet::baselines::ironfleet::run(count, texts);
  } catch (const std::exception& error) {  // memory, or threads
    return quintet::baselines::ironfleet::fail(error.what());
  }
}
