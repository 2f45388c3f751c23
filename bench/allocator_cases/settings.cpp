// SPDX-License-Identifier: MIT
#include "allocator_cases/settings.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "support/flags.hpp"

namespace quintet::bench::allocator_cases {
namespace {

FolderFlag work_dir_flag("work_dir", "where inputs, databases and sockets of programs are", "/tmp");
BoolFlag keep_outputs_flag("keep_outputs",
                           "leave what programs print under glibc there, for the next process");
CountFlag scale_flag("scale", "size of the workloads, in percent",
                     {.value = 100, .quick = 1, .min = 1, .max = 10'000});
CountFlag child_seconds_flag("child_seconds", "a child that takes longer is killed, and has failed",
                             {.value = 300, .min = 1, .max = 86'400});
CountFlag micro_ms_flag("micro_ms", "CPU time of a sample of one operation, in ms",
                        {.value = 200, .quick = 2, .min = 1, .max = 60'000});
CountFlag fragmentation_mib_flag("fragmentation_mib", "live MiB while the sizes change",
                                 {.value = 64, .quick = 2, .min = 1, .max = 65'536});

}  // namespace

const std::filesystem::path& work_dir() { return work_dir_flag.value(); }
bool keep_outputs() { return keep_outputs_flag.value(); }
std::uint64_t scale() { return scale_flag.value(); }
std::uint64_t scaled(std::uint64_t full, std::uint64_t least) {
  return std::max(full * scale() / 100, least);
}
double child_seconds() { return static_cast<double>(child_seconds_flag.value()); }
std::uint64_t micro_ms() { return micro_ms_flag.value(); }
std::uint64_t fragmentation_mib() { return fragmentation_mib_flag.value(); }

std::vector<std::uint64_t> thread_counts() {
  const std::uint64_t all = std::max(1U, std::thread::hardware_concurrency());
  const std::set<std::uint64_t> counts = {1, all, 4 * all};
  return {counts.begin(), counts.end()};
}

}  // namespace quintet::bench::allocator_cases
