// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "pm_log/checksum.hpp"
#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// Reading what was appended, from its head to its tail and again, and the checksums that guard it.
namespace quintet::bench::pm_log_cases {
namespace {

using Log = pm_log::Log<pm_log::MappedPm>;

// A log that is at least half full, of appends of 256 KiB.
Log filled_log() {
  const Payload payload(256 * kKiB);
  Log log = must(Log::create(shared_memory(), anew(pm_log::Commit::kStrict)));
  const std::uint64_t wanted = log.info().capacity / 2;
  while (log.info().tail < wanted) must(log.append(payload.bytes()));
  return log;
}

std::uint64_t reads(std::uint64_t size) {
  return std::max<std::uint64_t>(std::min(rounds(), appends(size)), 1);
}

// `copied`: bytes of one read that were moved.
template <class Read>
Outcome read_all(std::uint64_t size, std::uint64_t copied, Read read) {
  const Log log = filled_log();
  const std::uint64_t places = log.info().tail / size;
  std::uint64_t place = 0;
  const double seconds = time_loop(reads(size), [&](std::uint64_t) {
    const std::uint64_t position = place * size;
    place = place + 1 == places ? 0 : place + 1;
    return read(log, position);
  });
  return per_op(seconds, reads(size), copied);
}

Outcome read_copy(std::uint64_t size) {
  std::vector<std::byte> target(size);
  return read_all(size, size, [&](const Log& log, std::uint64_t position) {
    return log.read(position, target) && target.back() == std::byte{1};
  });
}

// Nothing is copied; the last byte is looked at.
Outcome read_view(std::uint64_t size) {
  return read_all(size, 0, [size](const Log& log, std::uint64_t position) {
    const auto view = log.pool().view(0, position, size);
    return view && (*view)[0].back() == std::byte{1};
  });
}

template <class Checksum>
Outcome checksum(std::uint64_t size, Checksum sum) {
  const Payload payload(size);
  const std::uint64_t count = reads(size);
  auto value = sum(0, payload.bytes());
  const double seconds = time_loop(count, [&](std::uint64_t) {
    value = sum(value, payload.bytes());  // each waits for the one before
    return true;
  });
  asm volatile("" : : "r"(value));
  return per_op(seconds, count, size);
}

}  // namespace

void register_read_cases() {
  for (const std::uint64_t size : kFewSizes) {
    const std::string suffix = "/size:" + std::to_string(size);
    register_case("pm_log/read/quintet" + suffix, [size] { return read_copy(size); });
    register_case("pm_log/read/quintet_view" + suffix, [size] { return read_view(size); });
  }
  for (const std::uint64_t size : {64U, 4096U, 262144U}) {
    const std::string suffix = "/size:" + std::to_string(size);
    register_case("pm_log/crc/crc32c" + suffix, [size] { return checksum(size, pm_log::crc32c); });
    register_case("pm_log/crc/crc64" + suffix, [size] { return checksum(size, pm_log::crc64); });
  }
}

}  // namespace quintet::bench::pm_log_cases
