// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ironkv/app/certs_commands.hpp"

// What users write about a service, in either of two styles: options (--server HOST:PORT), or the
// `key=value` arguments of IronFleet's own tool.
namespace quintet::ironkv::certs {

// What was said; each thing once.
struct Settings {
  std::optional<std::string> name;
  std::optional<std::string> type;
  std::optional<std::string> output;
  std::optional<bool> use_ssl;
  std::optional<bool> verbose;
  std::vector<Server> servers;
};

// Adds what `arguments`, each `key=value`, say.
[[nodiscard]] Outcome<void> add_key_values(const std::vector<std::string>& arguments,
                                           Settings& settings);

// "127.0.0.1:4001", "kv1.example.org:4001", "[::1]:4001".
[[nodiscard]] Outcome<Server> server_from(std::string_view text);

}  // namespace quintet::ironkv::certs
