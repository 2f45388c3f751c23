// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// How often this process has allocated by operator new so far, for `allocs_per_op`.
namespace quintet::bench::ironkv_cases {

[[nodiscard]] std::uint64_t allocations();

}  // namespace quintet::bench::ironkv_cases
