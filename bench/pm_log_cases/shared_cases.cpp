// SPDX-License-Identifier: MIT
#include <atomic>
#include <mutex>
#include <string>

#include "pm_log/shared_log.hpp"
#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/rival_impl.hpp"
#include "pm_log_cases/workloads.hpp"
#include "support/team_run.hpp"

// Several producers on one log, each append durable when it returns: our shared log, which commits
// groups; our log under a mutex; and libpmemlog, which holds a lock of its own.
namespace quintet::bench::pm_log_cases {
namespace {

// The appends of a batch, between two looks at the clock.
constexpr std::uint64_t kBatch = 16;

class Shared {
 public:
  Shared() : pool_(make()), log_(pool_) {}

  // Two producers may both find the log full. The second one then drops what is there by then; or
  // is refused, if the first one has dropped more since it looked, and there is room.
  [[nodiscard]] bool append(std::span<const std::byte> bytes) {
    for (int tries = 0; tries < kTries; ++tries) {
      const auto position = log_.append(0, bytes);
      if (position) return true;
      if (position.error().code != pm_log::Errc::kNoSpace) return false;
      const auto info = log_.info(0);
      if (!info) return false;
      static_cast<void>(log_.advance_head(0, info->tail));
    }
    return false;
  }

 private:
  using Pool = pm_log::MultiLog<pm_log::MappedPm>;
  static constexpr int kTries = 16;
  static Pool make() {
    const pm_log::LogSpec spec{};
    return must(Pool::create(shared_memory(), std::span(&spec, 1), anew(pm_log::Commit::kStrict)));
  }

  Pool pool_;
  pm_log::SharedLog<pm_log::MappedPm> log_;
};

// Room is looked for and the append is made under one lock: nobody comes between.
class UnderMutex {
 public:
  [[nodiscard]] bool append(std::span<const std::byte> bytes) {
    const std::lock_guard guard(mutex_);
    return log_.append(bytes);
  }

 private:
  std::mutex mutex_;
  Strict log_;
};

// Somebody else may take the room that was there a moment ago: the second look finds the log full
// and rewinds it.
class SharedLibpmemlog {
 public:
  [[nodiscard]] bool append(std::span<const std::byte> bytes) {
    return log_.append(bytes) || log_.append(bytes);
  }

 private:
  Libpmemlog log_;
};

template <class Impl>
Outcome append_shared(std::size_t threads, std::uint64_t size) {
  const Payload payload(size);
  Impl impl;
  std::atomic<bool> failed = false;
  Outcome outcome = run_team(threads, [&](std::size_t) -> std::uint64_t {
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      if (!impl.append(payload.bytes())) failed = true;
    }
    return kBatch;
  });
  if (failed) return fail("an append of a producer failed");
  if (!outcome) return outcome;
  // Of all producers together.
  const double ns = 1e3 / outcome->counters.at("mops");
  return std::move(*outcome).with("ns_per_op", ns);
}

template <class Impl>
void register_shared(const std::string& implementation, bool is_here = true) {
  for (const std::size_t threads : team_sizes()) {
    for (const std::uint64_t size : {128U, 4096U}) {
      register_case(
          "pm_log/append_shared/" + implementation + "/threads:" + std::to_string(threads) +
              "/size:" + std::to_string(size),
          [=] { return is_here ? append_shared<Impl>(threads, size) : skip("libpmemlog-dev"); });
    }
  }
}

}  // namespace

void register_shared_cases() {
  register_shared<SharedLibpmemlog>("libpmemlog", Libpmemlog::is_here());
  register_shared<UnderMutex>("quintet_locked");
  register_shared<Shared>("quintet_shared");
}

}  // namespace quintet::bench::pm_log_cases
