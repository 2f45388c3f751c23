// SPDX-License-Identifier: MIT
#include "node_replication_cases/lock_impl.hpp"
#include "node_replication_cases/settings.hpp"

// What bounds everything else: the driver with nothing to do, and leaves of one page table that all
// threads load and store atomically, without any lock. The latter is possible only because this
// workload never adds or removes a table, and it is linearizable per page only. With more threads
// than processors, `null` is what the scheduler alone does: threads that have nothing in common.
namespace quintet::bench::node_replication_cases {
namespace {

struct Nothing {
  struct WriteOp {
    std::uint64_t bits;
  };
  std::uint64_t apply(const WriteOp& op) const { return op.bits; }
};

struct NothingSubject {
  using Data = Nothing;
  [[nodiscard]] Data make(std::size_t, const Near&) const { return {}; }
  [[nodiscard]] Data::WriteOp write_op(std::uint64_t bits) const { return {bits}; }
  [[nodiscard]] std::uint64_t read(const Data&, std::uint64_t bits) const { return bits; }
};

}  // namespace

void register_limit_cases() {
  register_mixes<Unlocked<VSpaceSubject::Data>, VSpaceSubject>("lockfree", false);
  for (const unsigned writes : {0U, 10U, 100U}) {
    for (const std::size_t threads : thread_counts()) {
      register_case(
          "node_replication/null/harness/writes:" + std::to_string(writes) +
              "/threads:" + std::to_string(threads),
          [=] { return run_mix<Unlocked<Nothing>, NothingSubject>({writes, 1, threads}); });
    }
    if (exact() || writes == 0) continue;
    for (const std::size_t threads : crowd_sizes()) {
      register_case(
          "node_replication/oversubscribed/null/writes:" + std::to_string(writes) +
              "/replicas:1/threads:" + std::to_string(threads),
          [=] {
            return run_mix<Unlocked<Nothing>, NothingSubject>({writes, 1, threads, Pinning::kFree});
          });
    }
  }
}

}  // namespace quintet::bench::node_replication_cases
