// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "allocator_cases/implementations.hpp"

// What the allocator cases share: their flags, and who registers which cases.
namespace quintet::bench::allocator_cases {

// Percent of a workload's full size (--scale), and `full` scaled by it, at least `least`.
[[nodiscard]] std::uint64_t scale();
[[nodiscard]] std::uint64_t scaled(std::uint64_t full, std::uint64_t least = 1);

// Where temporary files are (--work_dir), and whether what programs print under glibc stays there
// for the next process (--keep_outputs).
[[nodiscard]] const std::filesystem::path& work_dir();
[[nodiscard]] bool keep_outputs();

// After so long a child is killed, and its case has failed (--child_seconds).
[[nodiscard]] double child_seconds();

// CPU time of one micro sample, in milliseconds (--micro_ms).
[[nodiscard]] std::uint64_t micro_ms();

// Live MiB of the fragmentation case (--fragmentation_mib).
[[nodiscard]] std::uint64_t fragmentation_mib();

// 1, all hardware threads, and four times as many; each once.
[[nodiscard]] std::vector<std::uint64_t> thread_counts();

using Implementations = std::vector<Implementation>;
void register_suite_cases(const Implementations& all);
void register_program_cases(const Implementations& all);
void register_micro_cases(const Implementations& all);
void register_fragmentation_cases(const Implementations& all);
void register_limit_cases();
void register_inline_cases();

}  // namespace quintet::bench::allocator_cases
