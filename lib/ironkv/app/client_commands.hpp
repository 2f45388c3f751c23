// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "ironkv/app/outcome.hpp"

// The commands of ironkv, and its command line.
namespace quintet::ironkv::app {

struct ClientArguments {
  std::string service{};  // a service file,
  std::string servers{};  // or the servers themselves
  std::uint32_t timeout_ms = 5000;
  bool raw = false;  // get: nothing but the value
  std::string key{};
  std::string value{};
  std::string high{};    // end of a range, which is not in it, or `end`
  std::string server{};  // a number from 1, or HOST:PORT
};

Outcome<void> get(const ClientArguments& arguments);
Outcome<void> set(const ClientArguments& arguments);
Outcome<void> del(const ClientArguments& arguments);
Outcome<void> ping(const ClientArguments& arguments);
// About servers (admin_commands.cpp).
Outcome<void> where(const ClientArguments& arguments);
Outcome<void> reshard(const ClientArguments& arguments);
Outcome<void> stats(const ClientArguments& arguments);
Outcome<void> balance(const ClientArguments& arguments);

using Command = std::function<Outcome<void>()>;
// Or the exit status, after a message.
[[nodiscard]] std::expected<Command, int> client_command(int count, const char* const* arguments);

}  // namespace quintet::ironkv::app
