// SPDX-License-Identifier: MIT
#include "pm_log/layout.hpp"
#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// What making a line durable costs on this machine: the floor under every commit. Lines follow one
// another through the shared file.
namespace quintet::bench::pm_log_cases {
namespace {

using pm_log::kLineBytes;
using pm_log::MappedPm;

template <class Op>
Outcome over_lines(std::uint64_t lines_per_op, Op op) {
  MappedPm memory = shared_memory();
  const pm_log::Line line{{1, 2, 3, 4, 5, 6, 7, 8}};
  const std::uint64_t step = lines_per_op * kLineBytes;
  std::uint64_t at = 0;
  const double seconds = time_loop(rounds(), [&](std::uint64_t) {
    const bool ok = op(memory, at, line.bytes());
    at = memory.size() - at < 2 * step ? 0 : at + step;
    return ok;
  });
  return per_op(seconds, rounds());
}

}  // namespace

void register_limit_cases() {
  using Bytes = std::span<const std::byte>;
  register_case("pm_log/raw/nt64_fence", [] {
    return over_lines(1, [](MappedPm& memory, std::uint64_t at, Bytes line) {
      memory.stream(at, line);
      return memory.fence();
    });
  });
  register_case("pm_log/raw/two_nt64_two_fences", [] {
    return over_lines(2, [](MappedPm& memory, std::uint64_t at, Bytes line) {
      memory.stream(at, line);
      const bool ok = memory.fence();
      memory.stream(at + kLineBytes, line);
      return memory.fence() && ok;
    });
  });
  // One word through the cache.
  register_case("pm_log/raw/store_clwb_fence", [] {
    return over_lines(1, [](MappedPm& memory, std::uint64_t at, Bytes line) {
      memory.store(at, line.first(8));
      memory.flush(at, 8);
      return memory.fence();
    });
  });
}

}  // namespace quintet::bench::pm_log_cases
