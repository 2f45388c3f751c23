// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "ironkv/app/outcome.hpp"
#include "ironkv/net/server.hpp"

// The command line of ironkv-server, and the servers that it asks for.
namespace quintet::ironkv::app {

struct ServerArguments {
  std::string service{};
  std::string private_file{};
  std::vector<std::string> settings{};  // as the reference's: addr=ADDRESS port=PORT
  std::uint32_t cluster = 0;
  std::string listen{};    // empty: as the private file says
  std::uint16_t port = 0;  // 0: the same
  ServerOptions limits{};  // only those that flags set
  std::string remark{};    // for the end of a message: which file the settings are from
};

// Or the exit status, after a message.
[[nodiscard]] std::expected<ServerArguments, int> server_arguments(int count,
                                                                   const char* const* arguments);

// What to run, in this process, and in which order.
[[nodiscard]] Outcome<std::vector<ServerOptions>> servers_of(ServerArguments arguments);

}  // namespace quintet::ironkv::app
