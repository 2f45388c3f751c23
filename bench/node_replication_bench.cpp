// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "node_replication_cases/settings.hpp"
#include "platform/topology.hpp"
#include "support/case.hpp"
#include "support/flags.hpp"
#include "support/run.hpp"
#include "support/team_run.hpp"

// Figure 10: our node replication beside the originals' designs and beside locks. The cases are in
// bench/node_replication_cases/: mix.hpp is the driver, structures.hpp what is replicated.
namespace quintet::bench {
namespace node_replication_cases {
namespace {

constexpr std::uint64_t kExactGib = 512;
constexpr std::uint64_t kExactMs = 60'000;

CountFlag vspace_gib("vspace_gib", "memory that the page table maps: 2 MiB of tables a GiB",
                     {.value = 64, .quick = 1, .min = 1, .max = 1U << 16});
CountFlag hash_entries_flag("hash_entries", "entries of the hash map, of 32 bytes",
                            {.value = 1 << 20, .quick = 1 << 14, .min = 1, .max = 1U << 30});
CountFlag appends_flag("appends", "writes of the cases that make a given number of them",
                       {.value = 2'000'000, .quick = 50'000, .min = 1, .max = 10'000'000'000});
CountFlag idle_limit("idle_limit_ms", "when a rival that hangs behind an idle replica is stopped",
                     {.value = 1'000, .quick = 300, .min = 1, .max = 600'000});
BoolFlag exact_flag("exact", "the paper's workload: 512 GiB mapped, 60 s, its thread counts");

const platform::Topology* machine() {
  static const auto topology = platform::Topology::discover();
  return topology ? &*topology : nullptr;
}

std::size_t hardware_threads() {
  return machine() != nullptr ? machine()->processing_units().size() : 1;
}

// The paper's points, as far as this machine has the threads: fewer than four is all there are.
std::vector<std::size_t> exact_threads() {
  std::vector<std::size_t> counts;
  for (std::size_t threads = 4; threads <= 192; threads += threads == 4 ? 8 : 12) {
    if (threads <= hardware_threads()) counts.push_back(threads);
  }
  if (counts.empty()) counts.push_back(hardware_threads());
  return counts;
}

}  // namespace

std::uint64_t vspace_bytes() { return vspace_gib.value() << 30; }
std::uint64_t hash_entries() { return hash_entries_flag.value(); }
std::uint64_t appends() { return appends_flag.value(); }
std::uint64_t idle_limit_ms() { return idle_limit.value(); }
bool exact() { return exact_flag.value(); }
std::size_t numa_nodes() { return machine() != nullptr ? machine()->numa_nodes() : 1; }

std::vector<std::size_t> crowd_sizes() {
  const std::size_t all = team_sizes().back();
  return {all, 2 * all, 4 * all, 8 * all};
}
std::vector<std::size_t> thread_counts() { return exact() ? exact_threads() : team_sizes(); }

// In the paper so many as the threads need nodes. Else one, two, and one a node, where there are
// threads for them.
std::vector<std::size_t> replica_counts(std::size_t threads) {
  if (exact()) {
    const std::size_t per_node =
        std::max<std::size_t>(machine() != nullptr ? machine()->cores() / numa_nodes() : 1, 1);
    return {std::min((threads + per_node - 1) / per_node, numa_nodes())};
  }
  std::vector<std::size_t> counts = {1};
  if (threads > 1) counts.push_back(2);
  if (threads >= numa_nodes() && numa_nodes() > 2) counts.push_back(numa_nodes());
  return counts;
}

namespace {

void need_power_of_two(const CountFlag& flag) {
  if (!std::has_single_bit(flag.value())) {
    throw std::invalid_argument(
        fmt::format("--{}={} is no power of two: give one", flag.name(), flag.value()));
  }
}

void set(std::string_view name, std::uint64_t value) {
  const auto flags = all_flags();
  const auto found = std::ranges::find(flags, name, &Flag::name);
  (*found)->parse(std::to_string(value)).value();
}

// The flags say what is measured, also in the context, so --exact gives them their values.
void be_exact() {
  if (!exact()) return;
  constexpr const char* kDrop = "--exact says how large and how long everything is: drop --{}";
  if (quick()) throw std::invalid_argument(fmt::format(kDrop, "quick"));
  for (const Flag* flag : all_flags()) {
    const auto* const count = dynamic_cast<const CountFlag*>(flag);
    if (count == nullptr || !count->is_given()) continue;
    if (count->name() == "vspace_gib" || count->name() == "team_ms") {
      throw std::invalid_argument(fmt::format(kDrop, count->name()));
    }
  }
  set("vspace_gib", kExactGib);
  set("team_ms", kExactMs);
}

// Every case that the machine cannot hold would be killed half-way.
void need_memory() {
  const std::uint64_t replica = vspace_bytes() / 512 + vspace_bytes() / (512 * 512);
  std::size_t most = 1;
  for (const std::size_t threads : thread_counts()) {
    most = std::max(most, std::ranges::max(replica_counts(threads)));
  }
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const std::uint64_t here = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (replica * most > here / 10 * 9) {
    throw std::invalid_argument(
        fmt::format("page tables of {} GiB need {} MiB in each of {} replicas, and the machine has "
                    "{} MiB: {}",
                    vspace_gib.value(), replica >> 20, most, here >> 20,
                    exact() ? "run without --exact" : "give a smaller --vspace_gib"));
  }
}

}  // namespace
}  // namespace node_replication_cases

void register_simulated_cases();

void register_cases() {
  using namespace node_replication_cases;
  be_exact();
  need_power_of_two(vspace_gib);
  need_power_of_two(hash_entries_flag);
  need_memory();
  register_quintet_cases();
  register_batch_cases();
  register_original_cases();
  register_lock_cases();
  register_urcu_cases();
  register_tbb_cases();
  register_limit_cases();
  if (exact()) return;
  register_simulated_cases();
  register_line_cases();
  register_log_cases();
  register_reader_cases();
  register_handoff_cases();
  register_oversubscribed_cases();
  register_idle_cases();
  register_placement_cases();
}

}  // namespace quintet::bench
