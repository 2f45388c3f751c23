// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

// What the family's flags say, and its groups of cases.
namespace quintet::bench::ironkv_cases {

[[nodiscard]] std::uint64_t operations();
[[nodiscard]] std::uint64_t keys();
// Of one sample of load on servers (--load_ms).
[[nodiscard]] std::uint64_t load_ms();
// Where servers keep what is to be durable (--data_dir).
[[nodiscard]] const std::filesystem::path& data_folder();

inline constexpr std::size_t kMostHosts = 3;

void register_host_cases();
void register_map_cases();
void register_network_cases();
void register_library_cases();

}  // namespace quintet::bench::ironkv_cases
