// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "baselines/initial_pm_log.hpp"
#include "pm_log_cases/counting_memory.hpp"
#include "pm_log_cases/pool_file.hpp"

// The rivals behind the interface of the append workloads (workloads.hpp), and driven as in the
// paper: what does not fit in what is left empties the log first.
namespace quintet::bench::pm_log_cases {

template <class Media = baselines::PmemMedia>
class Initial {
 public:
  using Counted = Initial<CountingMemory>;

  Initial()
    requires std::same_as<Media, baselines::PmemMedia>
      : Initial(Media(pool_file().memory())) {}
  explicit Initial(Media media) : log_(must(Log::setup(std::move(media)))) {}

  // Its interface takes a vector, so that the payload is copied to a fresh one every time.
  [[nodiscard]] bool append(std::span<const std::byte> bytes) {
    const auto [head, tail, capacity] = log_.extent();
    if (capacity - (tail - head) <= bytes.size() && !log_.advance_head(tail)) return false;
    const auto* const first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const std::vector<std::uint8_t> copy(first, first + bytes.size());
    return log_.append(copy).has_value();
  }

 private:
  using Log = baselines::InitialPmLog<Media>;
  static Log must(baselines::InitialLogResult<Log> log) {
    if (!log) throw std::runtime_error("the initial log refused to be made");
    return *std::move(log);
  }

  Log log_;
};

// PMDK's log. It has no counts: what it writes is its own affair.
class Libpmemlog {
 public:
  using Counted = void;

  // Whether this build has it. Requires of everything else here: it has.
  [[nodiscard]] static bool is_here();

  // On the shared file.
  Libpmemlog();
  // In a new file, whose pages are not touched.
  Libpmemlog(const std::filesystem::path& path, std::uint64_t bytes);
  ~Libpmemlog();
  Libpmemlog(const Libpmemlog&) = delete;
  Libpmemlog& operator=(const Libpmemlog&) = delete;

  [[nodiscard]] bool append(std::span<const std::byte> bytes);

 private:
  void* pool_;
};

}  // namespace quintet::bench::pm_log_cases
