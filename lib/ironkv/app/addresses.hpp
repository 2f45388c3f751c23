// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ironkv/app/outcome.hpp"
#include "ironkv/net/address.hpp"

// The servers of a cluster, as the programs are told them.
namespace quintet::ironkv::app {

struct Cluster {
  std::vector<ServerAddress> servers{};
  bool use_tls = false;
};

// A service file.
[[nodiscard]] Outcome<Cluster> cluster_of_file(const std::string& path);

// A plain server without a service file: the text "127.0.0.1:4001" is its public key as well.
[[nodiscard]] Outcome<ServerAddress> parse_server(std::string_view text);
// Some of them, with commas.
[[nodiscard]] Outcome<Cluster> parse_servers(std::string_view text);

}  // namespace quintet::ironkv::app
