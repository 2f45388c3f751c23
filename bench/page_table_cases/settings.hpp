// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

// What the page-table cases share: their flags, and the memory that is made ready before timing.
namespace quintet::bench::page_table_cases {

// Pages in the sequential workloads (--pages).
[[nodiscard]] std::uint64_t pages();
// Pages in the random-order workloads (--random_pages).
[[nodiscard]] std::uint64_t random_pages();

// Commits memory and gives it back, so that the host of a virtual machine has backed what the
// workload will touch first: without this the first process on a fresh machine measures its host.
void pretouch();

void register_rival_cases();
void register_quintet_cases();
void register_ablation_cases();
void register_limit_cases();

}  // namespace quintet::bench::page_table_cases
