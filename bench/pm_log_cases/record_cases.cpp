// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "pm_log_cases/record_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// Reading a log of records from its oldest to its newest, every checksum looked at.
namespace quintet::bench::pm_log_cases {
namespace {

Outcome iterate(std::uint64_t size) {
  const Payload payload(size);
  SummedRecords records;
  const pm_log::Info empty = *records.pool().info(0);
  const std::uint64_t fit = empty.capacity / 2 / (size + pm_log::kRecordOverhead);
  const std::uint64_t count = std::max<std::uint64_t>(std::min(rounds(), fit), 1);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!records.append(payload.bytes())) return fail("a record cannot be appended");
  }
  pm_log::RecordReader<pm_log::MappedPm> reader(records.pool(), 0);
  std::vector<std::byte> found;
  const double seconds = time_loop(count, [&](std::uint64_t) {
    const auto next = reader.next(found);
    return next && *next && found.size() == size;
  });
  return per_op(seconds, count, size);
}

}  // namespace

void register_record_cases() {
  for (const std::uint64_t size : kFewSizes) {
    register_case("pm_log/iterate/quintet_record/size:" + std::to_string(size),
                  [size] { return iterate(size); });
  }
}

}  // namespace quintet::bench::pm_log_cases
