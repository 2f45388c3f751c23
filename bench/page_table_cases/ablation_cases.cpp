// SPDX-License-Identifier: MIT
#include "page_table_cases/quintet_impl.hpp"
#include "page_table_cases/settings.hpp"
#include "page_table_cases/workloads.hpp"

// One choice of the default policy changed at a time, on the paper's workload and warm.
namespace quintet::bench::page_table_cases {
namespace {

using page_table::Counter;
using page_table::Policy;
using platform::Backing;

template <class Impl>
void register_figure(const std::string& implementation) {
  register_case("page_table/map/" + implementation, map_sequential<Impl>);
  register_case("page_table/unmap/" + implementation, unmap_sequential<Impl>);
  register_case("page_table/resolve/" + implementation, resolve_sequential<Impl>);
  register_case("page_table/map_warm/" + implementation, map_warm<Impl>);
}

}  // namespace

void register_ablation_cases() {
  register_figure<Quintet<Policy{.walk_cache = false}>>("quintet_nocache");
  register_figure<Quintet<Policy{.counter = Counter::kNone}>>("quintet_noreclaim");
  register_figure<Quintet<Policy{.counter = Counter::kBeside}>>("quintet_beside");
  register_figure<Quintet<Policy{.levels = 5}>>("quintet_la57");
  register_figure<Quintet<Policy{.live_leaves = true}>>("quintet_live");
  register_figure<Quintet<page_table::kDefaultPolicy, Backing::k4K>>("quintet_4k");
  register_case("page_table/unmap_random/quintet_noreclaim",
                random_single<Quintet<Policy{.counter = Counter::kNone}>, RandomOp::kUnmap>);
  register_case("page_table/map_random/quintet_beside",
                random_single<Quintet<Policy{.counter = Counter::kBeside}>, RandomOp::kMap>);
}

}  // namespace quintet::bench::page_table_cases
