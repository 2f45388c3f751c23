// SPDX-License-Identifier: MIT
#include "node_replication_cases/lock_impl.hpp"
#include "node_replication_cases/settings.hpp"

// One copy behind the locks that a C++ program would take, and behind better ones.
namespace quintet::bench::node_replication_cases {

void register_lock_cases() {
  register_all_mixes<UnderMutex>("std_mutex", false);
  register_all_mixes<UnderSharedMutex>("std_shared_mutex", false);
  register_all_mixes<UnderSlots>("slots_rwlock", false);
  register_all_mixes<UnderCombiner>("flat_combining", false);
}

}  // namespace quintet::bench::node_replication_cases
