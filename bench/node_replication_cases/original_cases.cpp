// SPDX-License-Identifier: MIT
#include "node_replication_cases/original_impl.hpp"
#include "node_replication_cases/settings.hpp"

// The designs that ours is measured beside: the original in Rust, and the one that was verified.
namespace quintet::bench::node_replication_cases {

void register_original_cases() {
  register_all_mixes<Upstream>("upstream", true);
  register_all_mixes<VerifiedNode>("verified", true);
}

}  // namespace quintet::bench::node_replication_cases
