// SPDX-License-Identifier: MIT
#include <string>

#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/rival_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// The first pass through a new file, as each library makes it: the kernel maps every page at its
// first touch, inside the measured time.
namespace quintet::bench::pm_log_cases {
namespace {

std::uint64_t file_bytes() { return cold_bytes() + 2 * kMiB; }

template <class Impl>
Outcome first_pass(Impl& impl, std::uint64_t size) {
  const Payload payload(size);
  const std::uint64_t count = std::max<std::uint64_t>(cold_bytes() / size, 1);
  return per_op(time_loop(count, [&](std::uint64_t) { return impl.append(payload.bytes()); }),
                count, size);
}

Outcome libpmemlog(std::uint64_t size) {
  if (!Libpmemlog::is_here()) return skip("libpmemlog-dev");
  const ScratchPath scratch(file_bytes());
  Libpmemlog impl(scratch.path(), file_bytes());
  return first_pass(impl, size);
}

template <class Impl>
Outcome quintet(std::uint64_t size) {
  const ScratchPath scratch(file_bytes());
  Impl impl(must(pm_log::MappedPm::create(scratch.path(), file_bytes(), {})));
  return first_pass(impl, size);
}

}  // namespace

void register_cold_cases() {
  for (const std::uint64_t size : kFewSizes) {
    const std::string suffix = "/size:" + std::to_string(size);
    register_case("pm_log/append_cold/libpmemlog" + suffix, [size] { return libpmemlog(size); });
    register_case("pm_log/append_cold/quintet_strict" + suffix,
                  [size] { return quintet<Strict>(size); });
    register_case("pm_log/append_cold/quintet_fast" + suffix,
                  [size] { return quintet<Fast>(size); });
  }
}

}  // namespace quintet::bench::pm_log_cases
