// SPDX-License-Identifier: MIT
#include <string>

#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// All hardware threads on one copy, and on a copy for each NUMA node, in that node's memory.
namespace quintet::bench::node_replication_cases {

void register_placement_cases() {
  for (const unsigned writes : {0U, 10U, 100U}) {
    for (const bool per_node : {false, true}) {
      register_case("node_replication/placement/quintet/writes:" + std::to_string(writes) +
                        "/copies:" + (per_node ? "per_node" : "one"),
                    [=]() -> Outcome {
                      if (numa_nodes() == 1) {
                        return std::unexpected(
                            NoSample{"SKIP: needs several NUMA nodes, and this machine has one"});
                      }
                      const Mix mix{writes, per_node ? numa_nodes() : 1, team_sizes().back()};
                      return run_mix<Quintet<VSpaceSubject::Data>, VSpaceSubject>(mix);
                    });
    }
  }
}

}  // namespace quintet::bench::node_replication_cases
