// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

// What the log cases share: their flags, and the sizes of the paper's figure.
namespace quintet::bench::pm_log_cases {

inline constexpr std::array<std::uint64_t, 9> kSizes = {128,  256,   512,    1024,  4096,
                                                        8192, 65536, 131072, 262144};
inline constexpr std::array<std::uint64_t, 3> kFewSizes = {128, 4096, 262144};

// Where the files are (--pm_dir), and whether the shared one stays there (--keep_pool).
[[nodiscard]] const std::filesystem::path& pm_dir();
[[nodiscard]] bool keep_pool();

// Bytes of the file that all logs lie in (--log_mib), and of a fresh one (--cold_mib).
[[nodiscard]] std::uint64_t pool_bytes();
[[nodiscard]] std::uint64_t cold_bytes();

// Appends of `size` bytes in one sample (--append_mib): not so many that small ones take minutes,
// unless the paper's experiment is wanted as it was (--exact).
[[nodiscard]] std::uint64_t appends(std::uint64_t size);

// Rounds of a case whose single round takes a microsecond or so.
[[nodiscard]] std::uint64_t rounds();

void register_append_cases();
void register_cold_cases();
void register_commit_cases();
void register_read_cases();
void register_record_cases();
void register_shared_cases();
void register_open_cases();
void register_limit_cases();

}  // namespace quintet::bench::pm_log_cases
