// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ironkv/app/server_arguments.hpp"

// ironkv-server: a server of an IronKV service, or a small service to try.
namespace quintet::ironkv::app {
namespace {

void say(const std::string& text) { fmt::print(stderr, "ironkv-server: {}\n", text); }

// Before any thread: all of them inherit it.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void explain_cluster(const ServerOptions& options) {
  const std::vector<ServerAddress>& servers = options.servers;
  std::string list;
  for (const ServerAddress& server : servers) {
    list += (list.empty() ? "" : ",") + server.to_string();
  }
  fmt::print(
      "{} servers on this machine, without TLS; what they store {}. Try\n"
      "  ironkv --servers {} set 7 hello\n"
      "  ironkv --servers {} get 7\n",
      servers.size(), options.durability == Durability::kNone ? "is gone when they end" : "is kept",
      list, list);
}

void tell_recovered(const ServerOptions& options, const Server& server) {
  if (options.durability == Durability::kNone) return;
  const Recovered& found = server.recovered();
  fmt::print(
      "server {}: {}\n", options.me + 1,
      found.is_new
          ? "a new table in " + options.journal.folder
          : fmt::format("{} keys of {}: a checkpoint of {} bytes, and {} records since", found.keys,
                        options.journal.folder, found.snapshot_bytes, found.records));
}

// Waits for a signal, and tells whom the servers wait for: soon once, and when that changes.
void wait_for_signal(const sigset_t& signals, const std::vector<Server>& servers,
                     const std::vector<ServerAddress>& addresses) {
  std::vector<std::optional<PeerId>> told(servers.size());
  const timespec while_waiting{.tv_sec = 1, .tv_nsec = 0};
  for (bool is_waiting = true; is_waiting;) {
    if (sigtimedwait(&signals, nullptr, &while_waiting) > 0) return;
    is_waiting = false;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const std::optional<PeerId> awaited = servers[i].awaits();
      is_waiting = is_waiting || awaited;
      if (awaited == std::exchange(told[i], awaited)) continue;
      say(awaited ? fmt::format("waits for server {} ({}) before it serves: start it", *awaited + 1,
                                addresses[*awaited].to_string())
                  : "all others have answered: it serves");
    }
  }
  int signal = 0;
  sigwait(&signals, &signal);
}

// All of them are here, so it takes as long as a question and an answer.
void wait_for_each_other(const std::vector<Server>& servers, const std::atomic<bool>& has_failed) {
  for (const Server& server : servers) {
    while (server.awaits() && !has_failed) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void tell_where(const ServerOptions& options, const Server& server) {
  const ServerAddress place{options.listen_address, server.port(), {}, {}};
  fmt::print("server {} listens on {}, {}, with {}{}\n", options.me + 1, place.to_string(),
             options.identity ? "TLS" : "plain",
             server.sockets() == SocketEngine::kIoUring ? "io_uring" : "epoll",
             server.metrics_port() == 0
                 ? ""
                 : fmt::format("; metrics on 127.0.0.1:{}", server.metrics_port()));
}

int run(int count, const char* const* arguments) {
  auto parsed = server_arguments(count, arguments);
  if (!parsed) return parsed.error();
  const bool is_cluster = parsed->cluster > 0;
  const std::string remark = parsed->remark;
  const auto wanted = servers_of(std::move(*parsed));
  if (!wanted) {
    say(wanted.error().text + remark);
    return wanted.error().status;
  }
  const sigset_t signals = block_signals();
  std::vector<Server> servers;
  for (const ServerOptions& options : *wanted) {
    auto server = Server::create(options);
    if (!server) {
      say(server.error() + remark);
      return kBadInput;
    }
    tell_where(options, *server);
    tell_recovered(options, *server);
    servers.push_back(std::move(*server));
  }
  std::vector<std::jthread> threads;
  threads.reserve(servers.size());
  std::atomic<bool> has_failed = false;
  for (Server& server : servers) {
    threads.emplace_back([&] {
      server.run();
      if (server.failure().empty()) return;
      say(server.failure());
      has_failed = true;
      ::kill(::getpid(), SIGTERM);  // the others end as well
    });
  }
  if (is_cluster) wait_for_each_other(servers, has_failed);
  if (!has_failed) {
    if (is_cluster) explain_cluster(wanted->front());
    fmt::print("[[READY]]\n");
    std::fflush(stdout);
  }
  wait_for_signal(signals, servers, wanted->front().servers);
  for (Server& server : servers) server.stop();
  threads.clear();
  return has_failed ? kFailed : 0;
}

}  // namespace
}  // namespace quintet::ironkv::app

int main(int count, char** arguments) {
  try {
    return quintet::ironkv::app::run(count, arguments);
  } catch (const std::exception& error) {  // memory, for one
    quintet::ironkv::app::say(error.what());
    return quintet::ironkv::app::kBadInput;
  }
}
