// SPDX-License-Identifier: MIT
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// Ours, one write at a time.
namespace quintet::bench::node_replication_cases {

void register_quintet_cases() { register_all_mixes<Quintet>("quintet", true); }

}  // namespace quintet::bench::node_replication_cases
