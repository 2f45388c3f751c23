// SPDX-License-Identifier: MIT
#include "ironkv/app/load_reference.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "ironkv/net/blocking_client.hpp"

namespace quintet::ironkv::app {
namespace {

using Kind = CallError::Kind;
using std::chrono::milliseconds;

constexpr Key kLow = 125, kHigh = 175, kKey = 150;
constexpr int kTries = 100;  // the Delegate is on its way
constexpr milliseconds kPause{50};

// Who knows of these servers only: it cannot follow a redirect to another.
Outcome<BlockingClient> client_of(const LoadSettings& settings,
                                  std::vector<ServerAddress> servers) {
  auto client =
      BlockingClient::create({.servers = std::move(servers), .use_tls = settings.cluster.use_tls},
                             {.timeout = milliseconds(settings.timeout_ms)});
  if (!client) return bad_input(client.error());
  return std::move(*client);
}

// Until that server redirects, or until it does not any more.
Outcome<void> wait_for(const LoadSettings& settings, const ServerAddress& server, bool redirect) {
  auto client = client_of(settings, {server});
  if (!client) return std::unexpected(client.error());
  for (int i = 0; i < kTries; ++i) {
    const auto answer = client->get(kKey);
    if (!answer && answer.error().kind != Kind::kUnknownOwner) {
      return problem(kFailed, answer.error().text);
    }
    if (answer.has_value() != redirect) return {};
    std::this_thread::sleep_for(kPause);
  }
  return problem(kFailed,
                 fmt::format("{} {} key {}, which was to move", server.to_string(),
                             redirect ? "still answers for" : "does not answer for", kKey));
}

}  // namespace

Outcome<void> move_and_look(const LoadSettings& settings) {
  const auto& servers = settings.cluster.servers;
  auto client = client_of(settings, servers);
  if (!client) return std::unexpected(client.error());
  if (const auto value = client->get(kKey); !value) return problem(kFailed, value.error().text);
  if (const auto sent = client->shard(0, KeyRange::between(kLow, kHigh), 1); !sent) {
    return problem(kFailed, sent.error().text);
  }
  if (auto done = wait_for(settings, servers[0], true); !done) return done;
  if (auto done = wait_for(settings, servers[1], false); !done) return done;
  fmt::print("Successfully received reply\n");
  std::fflush(stdout);
  return {};
}

}  // namespace quintet::ironkv::app
