// SPDX-License-Identifier: MIT
#include "allocator_cases/redis.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace quintet::bench::allocator_cases {
namespace {

constexpr std::uint64_t kWords = 9;
constexpr double kStartSeconds = 20;

// Whether somebody listens at this socket.
bool answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      ::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(connection);
  return connected;
}

bool answers_in_time(const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(kStartSeconds);
  while (!answers(path)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// Drives a server that answers, and tells it to end. Empty, or what went wrong.
std::string drive(const Redis& redis, const std::string& socket, std::uint64_t requests,
                  double limit_seconds) {
  const ChildResult driven =
      run_child({.program = redis.benchmark,
                 .arguments = {"-s", socket, "-r", "1000000", "-n",     std::to_string(requests),
                               "-q", "-P",   "16", "lpush",   "a",      "1",
                               "2",  "3",    "4",  "5",       "lrange", "a",
                               "1",  "5"}},
                limit_seconds);
  if (!driven) return driven.error();
  const ChildResult length =
      run_child({.program = redis.client, .arguments = {"-s", socket, "llen", "a"}}, limit_seconds);
  if (!length) return length.error();
  if (length->output != fmt::format("{}\n", requests * kWords)) {
    return fmt::format("redis-server has {} words where there should be {}",
                       length->output.substr(0, length->output.find('\n')), requests * kWords);
  }
  // It ends without an answer, which the client calls an error.
  static_cast<void>(run_child(
      {.program = redis.client, .arguments = {"-s", socket, "shutdown", "nosave"}}, limit_seconds));
  return {};
}

}  // namespace

std::optional<Redis> find_redis() {
  const auto server = installed_program("redis-check-rdb");
  const auto benchmark = installed_program("redis-benchmark");
  const auto client = installed_program("redis-cli");
  if (!server || !benchmark || !client) return std::nullopt;
  return Redis{*server, *benchmark, *client};
}

ChildResult drive_redis(const Redis& redis, const std::string& preload,
                        const TemporaryFolder& folder, std::uint64_t requests,
                        double limit_seconds) {
  const std::string socket = folder.file("s");
  auto server = Child::start({.program = redis.server,
                              .arguments = {"--port", "0", "--unixsocket", socket, "--save", "",
                                            "--appendonly", "no", "--dir", folder.file("")},
                              .preload = preload,
                              .called = "redis-server"},
                             limit_seconds);
  if (!server) return std::unexpected(server.error());
  if (!answers_in_time(socket)) {
    return std::unexpected(
        fmt::format("redis-server did not answer at its socket in {} s", kStartSeconds));
  }
  const std::string problem = drive(redis, socket, requests, limit_seconds);
  if (problem.empty()) return server->wait();
  return std::unexpected(problem);
}

}  // namespace quintet::bench::allocator_cases
