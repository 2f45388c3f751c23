// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "baselines/echo_server.hpp"

// echo-server: the floor that servers are measured against (echo_server.hpp).
namespace quintet::baselines {
namespace {

constexpr int kBadInput = 2;

int fail(const std::string& why) {
  std::fprintf(stderr, "echo-server: %s\n", why.c_str());
  return kBadInput;
}

int serve(const EchoServer::Options& options) {
  auto server = EchoServer::create(options);
  if (!server) return fail(server.error());
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { ::_exit(0); });
  std::printf("listening on %u\n", unsigned{server->port()});
  std::fflush(stdout);
  server->run();
  return 0;
}

int run(int count, char** texts) {
  EchoServer::Options options;
  CLI::App app("Sends a fixed number of zeros for a fixed number of bytes.", "echo-server");
  app.footer("Prints `listening on PORT` when it does; SIGTERM and SIGINT end it with status 0.");
  app.add_option("--port", options.port, "Port of the loopback interface; 0, any that is free")
      ->required();
  app.add_option("--request-bytes", options.request_bytes, "Of a request")->required();
  app.add_option("--reply-bytes", options.reply_bytes, "Of the reply to it")->required();
  try {
    app.parse(count, texts);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + "; --help shows the arguments");
  }
  return serve(options);
}

}  // namespace
}  // namespace quintet::baselines

int main(int count, char** texts) {
  try {
    return quintet::baselines::run(count, texts);
  } catch (const std::exception& error) {  // memory, for one
    return quintet::baselines::fail(error.what());
  }
}
