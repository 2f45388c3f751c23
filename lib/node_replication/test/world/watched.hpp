// SPDX-License-Identifier: MIT
#pragma once

#include "node_replication/test/world/plan.hpp"
#include "proof/explore/explore.hpp"

// What the monitor's own checks watch: one preemption is enough for each.
namespace quintet::node_replication::world {

inline proof::explore::Report watched(const proof::explore::Program& program) {
  return proof::explore::explore(program, {.model = proof::explore::Model::kSequential,
                                           .preemptions = 1,
                                           .max_executions = 50'000,
                                           .max_steps = 3'000});
}

// As explored_model.cpp's, and the log of two lines with an operation in each.
inline const Plan kReading{.name = "w, r", .replicas = 1, .actors = {{0, "w"}, {0, "r"}}};
inline const Plan kComing{
    .name = "ww, wr comes", .replicas = 1, .actors = {{0, "ww"}, {0, "wd", true}}};
inline const Plan kCalling{
    .name = "w, =, w", .replicas = 1, .actors = {{0, "w"}, {0, "="}, {0, "w"}}};
inline const Plan kLogging{.name = "w | w", .replicas = 2, .actors = {{0, "w"}, {1, "w"}}};
inline const Plan kTelling{.name = "w! | ?r", .replicas = 2, .actors = {{0, "w!"}, {1, "?r"}}};
inline const Plan kServing{
    .name = "w, r | w", .replicas = 2, .actors = {{0, "w"}, {0, "r"}, {1, "w"}}};
inline const Plan kServed{
    .name = "w, w | w", .replicas = 2, .actors = {{0, "w"}, {0, "w"}, {1, "w"}}};
inline const Plan kIdle{.name = "www | r, full",
                        .replicas = 2,
                        .actors = {{0, "www"}, {1, "r"}},
                        .kind = Kind::kWide,
                        .lines = 2};
inline const Plan kBoth{.name = "ww | ww, full",
                        .replicas = 2,
                        .actors = {{0, "ww"}, {1, "ww"}},
                        .kind = Kind::kWide,
                        .lines = 2};
inline const Plan kAdding{.name = "w, +", .replicas = 1, .actors = {{0, "w"}, {0, "+"}}};
inline const Plan kRemoving{.name = "wr, -", .replicas = 2, .actors = {{0, "wr"}, {0, "-"}}};

}  // namespace quintet::node_replication::world
