// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "pm_log/multi_log.hpp"
#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// What a commit costs beyond one append to one log: several logs at once, several appends at once,
// and giving space back.
namespace quintet::bench::pm_log_cases {
namespace {

using Pool = pm_log::MultiLog<pm_log::MappedPm>;
constexpr std::uint64_t kSmall = 128;
constexpr std::uint64_t kLogsOfPool = 16;

bool has_room(const Pool& pool, pm_log::LogIndex log, std::uint64_t bytes) {
  const pm_log::Info info = *pool.info(log);
  return info.capacity - (info.pending_tail - info.head) > bytes;
}

bool drop_all(Pool& pool, pm_log::LogIndex logs) {
  for (pm_log::LogIndex log = 0; log < logs; ++log) {
    if (!pool.advance_head(log, pool.info(log)->tail)) return false;
  }
  return true;
}

// An append to each of `touched` logs in a pool of `logs`, and one commit of them all.
Outcome multi_commit(std::uint64_t logs, pm_log::LogIndex touched) {
  const Payload payload(kSmall);
  const std::vector<pm_log::LogSpec> specs(logs);
  Pool pool = must(Pool::create(shared_memory(), specs, anew(pm_log::Commit::kStrict)));
  const double seconds = time_loop(rounds(), [&](std::uint64_t) {
    if (!has_room(pool, 0, kSmall) && !drop_all(pool, touched)) return false;
    for (pm_log::LogIndex log = 0; log < touched; ++log) {
      if (!pool.tentative_append(log, payload.bytes())) return false;
    }
    return pool.commit().has_value();
  });
  return per_op(seconds, rounds());
}

// One operation is one append; `batch` of them share a commit.
Outcome group_commit(pm_log::Commit commit, std::uint64_t batch) {
  const Payload payload(kSmall);
  const std::vector<pm_log::LogSpec> specs(1);
  Pool pool = must(Pool::create(shared_memory(), specs, anew(commit)));
  const std::uint64_t commits = std::max<std::uint64_t>(rounds() / batch, 1);
  const double seconds = time_loop(commits, [&](std::uint64_t) {
    if (!has_room(pool, 0, batch * kSmall) && !drop_all(pool, 1)) return false;
    for (std::uint64_t i = 0; i < batch; ++i) {
      if (!pool.tentative_append(0, payload.bytes())) return false;
    }
    return pool.commit().has_value();
  });
  return per_op(seconds, commits * batch, kSmall);
}

// Gives back what one small append brought, as often as the log holds such appends.
Outcome advance_head() {
  const Payload payload(64 * kKiB);
  auto log =
      must(pm_log::Log<pm_log::MappedPm>::create(shared_memory(), anew(pm_log::Commit::kStrict)));
  const std::uint64_t count = std::min(
      rounds(), log.info().capacity / payload.bytes().size() * (payload.bytes().size() / kSmall));
  while (log.info().tail < count * kSmall) must(log.append(payload.bytes()));
  const double seconds = time_loop(
      count, [&](std::uint64_t i) { return log.advance_head((i + 1) * kSmall).has_value(); });
  return per_op(seconds, count);
}

}  // namespace

void register_commit_cases() {
  register_case("pm_log/multi_commit/quintet_single/logs:1", [] { return multi_commit(1, 1); });
  for (const pm_log::LogIndex touched : {1U, 2U, 4U, 16U}) {
    register_case("pm_log/multi_commit/quintet/logs:" + std::to_string(touched),
                  [touched] { return multi_commit(kLogsOfPool, touched); });
  }
  for (const std::uint64_t batch : {1U, 4U, 16U, 64U}) {
    const std::string suffix = "/batch:" + std::to_string(batch);
    register_case("pm_log/group_commit/quintet_strict" + suffix,
                  [batch] { return group_commit(pm_log::Commit::kStrict, batch); });
    register_case("pm_log/group_commit/quintet_fast" + suffix,
                  [batch] { return group_commit(pm_log::Commit::kFast, batch); });
  }
  register_case("pm_log/advance_head/quintet", advance_head);
}

}  // namespace quintet::bench::pm_log_cases
