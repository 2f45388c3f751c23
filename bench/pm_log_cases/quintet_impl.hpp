// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "pm_log/log.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log_cases/counting_memory.hpp"
#include "pm_log_cases/pool_file.hpp"

// Our log behind the interface of the append workloads (workloads.hpp).
namespace quintet::bench::pm_log_cases {

inline constexpr pm_log::Uuid kPoolId{{std::byte{13}}};

template <class T>
T must(pm_log::Result<T> result) {
  if (!result) {
    throw std::runtime_error("the log refused: error " +
                             std::to_string(static_cast<int>(result.error().code)));
  }
  return *std::move(result);
}
inline void must(const pm_log::Result<void>& result) {
  if (!result) throw std::runtime_error("the log refused to commit");
}

// The shared file, as memory of our log.
[[nodiscard]] inline pm_log::MappedPm shared_memory() {
  return pm_log::MappedPm::adopt(pool_file().memory(), pm_log::Durability::kFlush);
}

[[nodiscard]] inline pm_log::CreateOptions anew(pm_log::Commit commit) {
  return {.id = kPoolId, .commit = commit, .overwrite = true};
}

// No lock, for those who have the log to themselves.
struct Alone {
  void lock() {}
  void unlock() {}
};

template <pm_log::Commit kCommit, class Mutex = Alone, class Memory = pm_log::MappedPm>
class Quintet {
 public:
  using Counted = Quintet<kCommit, Mutex, CountingMemory>;

  Quintet()
    requires std::same_as<Memory, pm_log::MappedPm>
      : Quintet(shared_memory()) {}
  explicit Quintet(Memory memory)
      : log_(must(pm_log::Log<Memory>::create(std::move(memory), anew(kCommit)))) {}

  // The paper's driver: what does not fit in what is left empties the log first.
  [[nodiscard]] bool append(std::span<const std::byte> bytes) {
    if (available() <= bytes.size() && !drop_all()) return false;
    const std::lock_guard guard(mutex_);
    return log_.append(bytes).has_value();
  }

 private:
  [[nodiscard]] std::uint64_t available() {
    const std::lock_guard guard(mutex_);
    const pm_log::Info info = log_.info();
    return info.capacity - (info.tail - info.head);
  }
  [[nodiscard]] bool drop_all() {
    const std::lock_guard guard(mutex_);
    return log_.advance_head(log_.info().tail).has_value();
  }

  pm_log::Log<Memory> log_;
  [[no_unique_address]] Mutex mutex_;
};

using Strict = Quintet<pm_log::Commit::kStrict>;
using Fast = Quintet<pm_log::Commit::kFast>;
using Locked = Quintet<pm_log::Commit::kStrict, std::mutex>;

}  // namespace quintet::bench::pm_log_cases
