// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "base/units.hpp"
#include "pm_log_cases/pool_file.hpp"
#include "pm_log_cases/settings.hpp"
#include "support/case.hpp"
#include "support/context.hpp"
#include "support/flags.hpp"
#include "support/run.hpp"

// Figure 13: our log beside PMDK's libpmemlog and the paper's initial one, and what else a log
// does. The cases are in bench/pm_log_cases/: workloads.hpp says what an append is.
namespace quintet::bench {
namespace pm_log_cases {
namespace {

constexpr std::uint64_t kExactLogMib = 4096;
constexpr std::uint64_t kExactAppendMib = 8192;
constexpr std::uint64_t kMostAppends = 2'000'000;

FolderFlag pm_dir_flag("pm_dir", "where the logs' file is: persistent memory (DAX) if there is any",
                       "/dev/shm");
BoolFlag keep_pool_flag("keep_pool", "leave the file there, for the next process to use its pages");
CountFlag log_mib("log_mib", "size of that file, in MiB",
                  {.value = 1024, .quick = 16, .min = 8, .max = 1U << 20});
CountFlag append_mib("append_mib", "MiB to append in one sample, but at most 2M appends",
                     {.value = 2048, .quick = 16, .min = 1, .max = 1U << 20});
CountFlag cold_mib("cold_mib", "MiB to append to a fresh file",
                   {.value = 256, .quick = 4, .min = 1, .max = 1U << 20});
CountFlag rounds_flag("rounds", "operations of the cases that append no given amount",
                      {.value = 200'000, .quick = 2'000, .min = 1, .max = 1'000'000'000});
BoolFlag exact("exact", "the paper's experiment: 8 GiB through a log of 4 GiB for every sample");

}  // namespace

const std::filesystem::path& pm_dir() { return pm_dir_flag.value(); }
bool keep_pool() { return keep_pool_flag.value(); }
std::uint64_t pool_bytes() { return log_mib.value() * kMiB; }
std::uint64_t cold_bytes() { return cold_mib.value() * kMiB; }
std::uint64_t rounds() { return rounds_flag.value(); }

std::uint64_t appends(std::uint64_t size) {
  const std::uint64_t all = std::max<std::uint64_t>(append_mib.value() * kMiB / size, 1);
  return exact.value() ? all : std::min(all, kMostAppends);
}

namespace {

// The flags say what is measured, also in the context, so --exact gives them their values.
void be_exact() {
  if (!exact.value()) return;
  if (log_mib.is_given() || append_mib.is_given()) {
    throw std::invalid_argument("--exact says --log_mib and --append_mib itself: drop them");
  }
  log_mib.parse(std::to_string(kExactLogMib)).value();
  append_mib.parse(std::to_string(kExactAppendMib)).value();
}

// Both libraries and ours take the file for persistent memory: flushes and fences, no msync(2).
void force_pmem() {
  ::setenv("PMEM_IS_PMEM_FORCE", "1", 1);
  add_fact("qt_pmem_is_pmem_force", [] { return "1"; });
  add_fact("qt_pm_filesystem", [] { return filesystem_of(pm_dir()); });
  add_fact("qt_pm_dax", [] { return is_dax(pm_dir()) ? "yes" : "no"; });
}

}  // namespace
}  // namespace pm_log_cases

void register_cases() {
  pm_log_cases::be_exact();
  pm_log_cases::force_pmem();
  pm_log_cases::register_append_cases();
  pm_log_cases::register_cold_cases();
  pm_log_cases::register_commit_cases();
  pm_log_cases::register_read_cases();
  pm_log_cases::register_record_cases();
  pm_log_cases::register_shared_cases();
  pm_log_cases::register_open_cases();
  pm_log_cases::register_limit_cases();
}

}  // namespace quintet::bench
