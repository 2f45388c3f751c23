// SPDX-License-Identifier: MIT
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// Ours with writes handed in together: what one combine costs is shared by all of them.
namespace quintet::bench::node_replication_cases {
namespace {

template <class Subject, std::size_t kWrites>
void register_batch() {
  using Impl = QuintetBatches<typename Subject::Data, kWrites>;
  for (const std::size_t threads : thread_counts()) {
    for (const std::size_t replicas : replica_counts(threads)) {
      register_case(std::string("node_replication/batch/quintet/structure:") + Subject::kName +
                        "/batch:" + std::to_string(kWrites) + "/replicas:" +
                        std::to_string(replicas) + "/threads:" + std::to_string(threads),
                    [=] { return run_mix<Impl, Subject>({100, replicas, threads}); });
    }
  }
}

template <class Subject>
void register_batches() {
  register_batch<Subject, 1>();
  register_batch<Subject, 4>();
  register_batch<Subject, 16>();
  register_batch<Subject, 32>();
}

}  // namespace

void register_batch_cases() {
  register_all_mixes<QuintetBatch32>("quintet_batch32", true);
  if (exact()) return;
  register_batches<VSpaceSubject>();
  register_batches<CounterSubject>();
}

}  // namespace quintet::bench::node_replication_cases
