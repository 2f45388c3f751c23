// SPDX-License-Identifier: MIT
#include "ironkv/app/client_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "ironkv/app/connected.hpp"

namespace quintet::ironkv::app {
Outcome<Key> parse_key(std::string_view text) {
  const bool is_hexadecimal = text.starts_with("0x");
  const std::string_view digits = text.substr(is_hexadecimal ? 2 : 0);
  Key key = 0;
  const auto [end, error] =
      std::from_chars(digits.begin(), digits.end(), key, is_hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.end()) {
    return bad_input(fmt::format(
        "'{}' is no key: keys are numbers from 0 to 18446744073709551615, or 0x and digits", text));
  }
  return key;
}

Outcome<Cluster> cluster_of(const ClientArguments& arguments) {
  if (!arguments.servers.empty()) return parse_servers(arguments.servers);
  if (!arguments.service.empty()) return cluster_of_file(arguments.service);
  return bad_input("no servers are named: use --service FILE or --servers HOST:PORT,...");
}

Outcome<BlockingClient> connect(Cluster cluster, const ClientArguments& arguments) {
  auto client =
      BlockingClient::create({.servers = std::move(cluster.servers), .use_tls = cluster.use_tls},
                             {.timeout = std::chrono::milliseconds(arguments.timeout_ms)});
  if (!client) return bad_input(client.error());
  return std::move(*client);
}

Outcome<Connected> connected(const ClientArguments& arguments) {
  auto cluster = cluster_of(arguments);
  if (!cluster) return std::unexpected(cluster.error());
  auto client = connect(*cluster, arguments);
  if (!client) return std::unexpected(client.error());
  return Connected{std::move(*cluster), std::move(*client),
                   std::chrono::milliseconds(arguments.timeout_ms)};
}

namespace {

constexpr std::uint32_t kMostMsToAskWhy = 1500;  // a server that waits says so after a second

std::unexpected<Problem> problem_of(const CallError& error) {
  return problem(error.kind == CallError::Kind::kTimedOut ? kUnreachable : kBadInput, error.text);
}

// A server that waits for others before it serves says so to who asks about it; else empty.
std::string what_it_waits_for(const ServerAddress& server, bool use_tls,
                              const ClientArguments& arguments) {
  auto client = connect({{server}, use_tls}, arguments);
  if (!client) return {};
  const auto refused = client->ask(0, {.kind = AdminKind::kWhere});
  if (refused || !says_it_waits(refused.error().text)) return {};
  return server.to_string() + ": " + refused.error().text;
}

// Runs `call(client, key)`. If no answer comes in time, some server may know why.
template <class Call>
Outcome<void> with_key(ClientArguments arguments, Call call) {
  const auto key = parse_key(arguments.key);
  if (!key) return std::unexpected(key.error());
  auto to = connected(arguments);
  if (!to) return std::unexpected(to.error());
  auto done = call(to->client, *key);
  if (done || done.error().status != kUnreachable) return done;
  arguments.timeout_ms = std::min(arguments.timeout_ms, kMostMsToAskWhy);
  for (const ServerAddress& server : to->cluster.servers) {
    const std::string why = what_it_waits_for(server, to->cluster.use_tls, arguments);
    if (!why.empty()) return problem(kUnreachable, why);
  }
  return done;
}

}  // namespace

Outcome<void> get(const ClientArguments& arguments) {
  return with_key(arguments, [&](BlockingClient& client, Key key) -> Outcome<void> {
    const auto value = client.get(key);
    if (!value) return problem_of(value.error());
    if (!*value) return problem(kAbsent, fmt::format("key {} is absent", key));
    std::fwrite((*value)->data(), 1, (*value)->size(), stdout);
    const bool is_ended = arguments.raw || std::fputc('\n', stdout) != EOF;
    if (!is_ended || std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return bad_input("cannot write the value: is the disk full?");
    }
    return {};
  });
}

Outcome<void> set(const ClientArguments& arguments) {
  std::string value = arguments.value;
  if (value == "-") value.assign(std::istreambuf_iterator<char>(std::cin), {});
  return with_key(arguments, [&](BlockingClient& client, Key key) -> Outcome<void> {
    const auto done = client.set(key, std::as_bytes(std::span(value)));
    if (!done) return problem_of(done.error());
    return {};
  });
}

Outcome<void> del(const ClientArguments& arguments) {
  return with_key(arguments, [](BlockingClient& client, Key key) -> Outcome<void> {
    const auto done = client.erase(key);
    if (!done) return problem_of(done.error());
    return {};
  });
}

// Each server by itself: as it does not know of others then, both an answer and a redirect say that
// it is there.
Outcome<void> ping(const ClientArguments& arguments) {
  const auto cluster = cluster_of(arguments);
  if (!cluster) return std::unexpected(cluster.error());
  std::string silent;
  for (const ServerAddress& server : cluster->servers) {
    auto client = connect({{server}, cluster->use_tls}, arguments);
    if (!client) return std::unexpected(client.error());
    const auto answer = [&] { return client->get(0); };
    if (const auto first = answer();
        !first && first.error().kind != CallError::Kind::kUnknownOwner) {
      const std::string why = what_it_waits_for(server, cluster->use_tls, arguments);
      silent += (silent.empty() ? "" : "; ") +
                (why.empty() ? server.to_string() + ": " + first.error().text : why);
      continue;
    }
    const auto begin = std::chrono::steady_clock::now();  // now that it is connected
    (void)answer();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} answers in {:.3f} ms\n", server.to_string(), took.count());
  }
  std::fflush(stdout);
  if (!silent.empty()) return problem(kUnreachable, silent);
  return {};
}

}  // namespace quintet::ironkv::app
