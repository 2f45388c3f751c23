// SPDX-License-Identifier: MIT
#include <string>

#include "node_replication_cases/lock_impl.hpp"
#include "node_replication_cases/original_impl.hpp"
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// What it costs to read one word that nobody writes, by way of keeping writers out: a locked
// instruction in a line of one's own, two of them, in a line that all share, or (`lockfree`)
// nothing.
namespace quintet::bench::node_replication_cases {
namespace {

template <class Impl>
void register_readers(const std::string& implementation) {
  for (const std::size_t threads : team_sizes()) {
    register_case(
        "node_replication/read_lock/" + implementation + "/threads:" + std::to_string(threads),
        [=] { return run_mix<Impl, CounterSubject>({0, 1, threads}); });
  }
}

}  // namespace

void register_reader_cases() {
  using Data = CounterSubject::Data;
  register_readers<Quintet<Data>>("quintet");
  register_readers<UnderSlots<Data>>("slots_rwlock");
  register_readers<Upstream<Data>>("upstream");
  register_readers<VerifiedNode<Data>>("verified");
  register_readers<UnderSharedMutex<Data>>("std_shared_mutex");
  register_readers<UnderMutex<Data>>("std_mutex");
  register_readers<Unlocked<Data>>("lockfree");
}

}  // namespace quintet::bench::node_replication_cases
