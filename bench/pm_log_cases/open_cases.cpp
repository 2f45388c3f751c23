// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fstream>
#include <string>

#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// Opening a log that was left in a file: lock, map, recover, and close again. The file has holes,
// so that a large log needs no memory; nothing of a log's data is read when it is opened.
namespace quintet::bench::pm_log_cases {
namespace {

using pm_log::MappedPm;
using Log = pm_log::Log<MappedPm>;

void make_log(const std::filesystem::path& path, std::uint64_t bytes) {
  std::ofstream(path).close();
  std::filesystem::resize_file(path, bytes);
  Log log = must(Log::create(must(MappedPm::open(path, {})), anew(pm_log::Commit::kStrict)));
  must(log.append(Payload(1000).bytes()));
}

Outcome open_log(std::uint64_t mib) {
  const ScratchPath scratch(kMiB);
  make_log(scratch.path(), mib * kMiB);
  const std::uint64_t count = std::clamp<std::uint64_t>(rounds() / 50, 1, 10'000);
  const double seconds = time_loop(count, [&](std::uint64_t) {
    const auto log = Log::open(must(MappedPm::open(scratch.path(), {})));
    return log && log->info().tail == 1000;
  });
  if (seconds < 0) return fail("a log that was made is not found again");
  return Sample::per_op(seconds, count)
      .with("us_per_open", seconds * 1e6 / static_cast<double>(count));
}

}  // namespace

void register_open_cases() {
  for (const std::uint64_t mib : {1U, 1024U}) {
    register_case("pm_log/open/quintet/log_mib:" + std::to_string(mib),
                  [mib] { return open_log(mib); });
  }
}

}  // namespace quintet::bench::pm_log_cases
