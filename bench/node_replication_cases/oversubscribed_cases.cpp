// SPDX-License-Identifier: MIT
#include <string>

#include "node_replication_cases/lock_impl.hpp"
#include "node_replication_cases/original_impl.hpp"
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// More threads than hardware threads, which the scheduler places: whoever spins takes the time of
// the one it waits for.
namespace quintet::bench::node_replication_cases {
namespace {

template <class Impl>
void register_oversubscribed(const std::string& implementation, bool replicated) {
  for (const unsigned writes : {10U, 100U}) {
    for (const std::size_t threads : crowd_sizes()) {
      for (const std::size_t replicas : {1U, 2U}) {
        if (replicas > 1 && (!replicated || threads < 2)) continue;
        register_case(
            "node_replication/oversubscribed/" + implementation +
                "/writes:" + std::to_string(writes) + "/replicas:" + std::to_string(replicas) +
                "/threads:" + std::to_string(threads),
            [=] {
              return run_mix<Impl, CounterSubject>({writes, replicas, threads, Pinning::kFree});
            });
      }
    }
  }
}

}  // namespace

void register_oversubscribed_cases() {
  using Data = CounterSubject::Data;
  register_oversubscribed<Quintet<Data>>("quintet", true);
  register_oversubscribed<Upstream<Data>>("upstream", true);
  register_oversubscribed<VerifiedNode<Data>>("verified", true);
  register_oversubscribed<UnderMutex<Data>>("std_mutex", false);
  register_oversubscribed<UnderSharedMutex<Data>>("std_shared_mutex", false);
  register_oversubscribed<UnderSlots<Data>>("slots_rwlock", false);
  register_oversubscribed<UnderCombiner<Data>>("flat_combining", false);
}

}  // namespace quintet::bench::node_replication_cases
