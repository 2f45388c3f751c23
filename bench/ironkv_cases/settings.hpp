// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// What the family's flags say, and its groups of cases.
namespace quintet::bench::ironkv_cases {

[[nodiscard]] std::uint64_t operations();
[[nodiscard]] std::uint64_t keys();

void register_host_cases();
void register_map_cases();

}  // namespace quintet::bench::ironkv_cases
