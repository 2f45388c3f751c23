// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "pm_log/record_log.hpp"
#include "pm_log_cases/quintet_impl.hpp"

// Records behind the interface of the append workloads: with their checksums, and framed without.
namespace quintet::bench::pm_log_cases {

template <bool kSummed, class Memory = pm_log::MappedPm>
class Records {
 public:
  using Counted = Records<kSummed, CountingMemory>;
  using Pool = pm_log::MultiLog<Memory>;

  Records()
    requires std::same_as<Memory, pm_log::MappedPm>
      : Records(shared_memory()) {}
  explicit Records(Memory memory) : pool_(make(std::move(memory))) {}

  [[nodiscard]] bool append(std::span<const std::byte> payload) {
    const pm_log::Info info = *pool_.info(0);
    const std::uint64_t needed = payload.size() + pm_log::kRecordOverhead;
    if (info.capacity - (info.tail - info.head) <= needed && !pool_.advance_head(0, info.tail)) {
      return false;
    }
    if constexpr (kSummed) {
      return pm_log::RecordLog<Memory>::of(pool_, 0)->append(payload).has_value();
    } else {
      return append_framed(payload);
    }
  }

  [[nodiscard]] Pool& pool() { return pool_; }

 private:
  static Pool make(Memory memory) {
    const pm_log::LogSpec spec{.records = true};
    return must(
        Pool::create(std::move(memory), std::span(&spec, 1), anew(pm_log::Commit::kStrict)));
  }
  // The same bytes in the same places, and zeros for the checksum.
  bool append_framed(std::span<const std::byte> payload) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    const std::uint32_t sum = 0;
    const std::array<std::span<const std::byte>, 3> pieces{
        std::as_bytes(std::span(&size, 1)), payload, std::as_bytes(std::span(&sum, 1))};
    return pool_.tentative_append(0, pieces) && pool_.commit();
  }

  Pool pool_;
};

using SummedRecords = Records<true>;
using FramedRecords = Records<false>;

}  // namespace quintet::bench::pm_log_cases
