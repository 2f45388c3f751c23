// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ironkv/app/certs_outcome.hpp"

// The commands of ironkv-certs, each in a file of its name.
namespace quintet::ironkv::certs {

struct Server {
  std::string address;
  std::uint16_t port = 0;

  friend bool operator==(const Server&, const Server&) = default;
};

struct MakeArguments {
  std::string name;
  std::string type;
  std::string output;
  std::vector<Server> servers;
  bool use_ssl = true;
  unsigned bits = 0;
  unsigned days = 0;
  bool overwrite = false;
  bool verbose = false;
};
// A key and a private file for each server, and the service file.
[[nodiscard]] Outcome<void> make(const MakeArguments& arguments);

// What is in a service file or a private file; secrets are not shown.
[[nodiscard]] Outcome<void> show(const std::string& path);

}  // namespace quintet::ironkv::certs
