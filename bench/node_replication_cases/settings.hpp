// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// What the node-replication cases share: their flags, and which threads and replicas are measured.
namespace quintet::bench::node_replication_cases {

// Memory that the page table maps (--vspace_gib), a power of two.
[[nodiscard]] std::uint64_t vspace_bytes();
// Entries of the hash map before the run (--hash_entries), a power of two.
[[nodiscard]] std::uint64_t hash_entries();
// The paper's workload (--exact): its thread counts, its replicas, the page table only.
[[nodiscard]] bool exact();

// Writes of a case that makes a given number of them.
[[nodiscard]] std::uint64_t appends();
// When a hanging rival is stopped.
[[nodiscard]] std::uint64_t idle_limit_ms();

// How many threads the mixes run with, and how many replicas so many threads share.
[[nodiscard]] std::vector<std::size_t> thread_counts();
[[nodiscard]] std::vector<std::size_t> replica_counts(std::size_t threads);
[[nodiscard]] std::size_t numa_nodes();
// All hardware threads, and up to eight times as many.
[[nodiscard]] std::vector<std::size_t> crowd_sizes();

void register_quintet_cases();
void register_batch_cases();
void register_lock_cases();
void register_original_cases();
void register_urcu_cases();
void register_tbb_cases();
void register_limit_cases();
void register_line_cases();
void register_log_cases();
void register_reader_cases();
void register_handoff_cases();
void register_oversubscribed_cases();
void register_idle_cases();
void register_placement_cases();

}  // namespace quintet::bench::node_replication_cases
