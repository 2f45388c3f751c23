// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "allocator_cases/child.hpp"
#include "allocator_cases/implementations.hpp"
#include "support/case.hpp"

// A program must print under every allocator what it prints under the C library's.
namespace quintet::bench::allocator_cases {

// Runs `command` under its allocator and compares what it prints with what it has printed under
// glibc. There it is run first, once for all commands of the same `row`: those that must print the
// same. With --keep_outputs that is once for all processes with the same --work_dir. Error: one
// line.
[[nodiscard]] ChildResult run_checked(const std::string& row, const Command& command,
                                      double limit_seconds);

// Empty if both are the same, else which line differs.
[[nodiscard]] std::string difference(const std::string& printed, const std::string& expected);

// What the suite reports of a child: wall and CPU seconds, peak RSS, and minor faults.
[[nodiscard]] Sample suite_sample(const ChildReport& report);

}  // namespace quintet::bench::allocator_cases
