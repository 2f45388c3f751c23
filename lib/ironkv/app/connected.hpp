// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

#include "ironkv/app/addresses.hpp"
#include "ironkv/app/client_commands.hpp"
#include "ironkv/net/blocking_client.hpp"

// What the commands of ironkv have in common: keys, and a client of the named service.
namespace quintet::ironkv::app {

struct Connected {
  Cluster cluster;
  BlockingClient client;
  std::chrono::milliseconds patience;  // for an answer, or for the next step of a long work
};

// Whether a server refused because it has not begun: it waits for others, whom it names.
[[nodiscard]] inline bool says_it_waits(std::string_view refusal) {
  return refusal.starts_with("it does not serve yet");
}

[[nodiscard]] Outcome<Key> parse_key(std::string_view text);
[[nodiscard]] Outcome<Cluster> cluster_of(const ClientArguments& arguments);
[[nodiscard]] Outcome<BlockingClient> connect(Cluster cluster, const ClientArguments& arguments);
// Both at once.
[[nodiscard]] Outcome<Connected> connected(const ClientArguments& arguments);

}  // namespace quintet::ironkv::app
