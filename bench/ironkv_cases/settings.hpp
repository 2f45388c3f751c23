// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "ironkv/net/socket_engine.hpp"

// What the family's flags say, and its groups of cases.
namespace quintet::bench::ironkv_cases {

[[nodiscard]] std::uint64_t operations();
[[nodiscard]] std::uint64_t keys();
// Of one sample of load on servers (--load_ms).
[[nodiscard]] std::uint64_t load_ms();
// What waits for the load's connections (--load_sockets).
[[nodiscard]] ironkv::SocketEngine load_sockets();
// Where servers keep what is to be durable (--data_dir).
[[nodiscard]] const std::filesystem::path& data_folder();

inline constexpr std::size_t kMostHosts = 3;

void register_host_cases();
void register_map_cases();
void register_network_cases();
void register_library_cases();

}  // namespace quintet::bench::ironkv_cases
