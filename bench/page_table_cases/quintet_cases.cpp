// SPDX-License-Identifier: MIT
#include "page_table_cases/quintet_impl.hpp"
#include "page_table_cases/settings.hpp"
#include "page_table_cases/workloads.hpp"

namespace quintet::bench::page_table_cases {
namespace {

using Ours = Quintet<>;

void register_ranges() {
  for (const std::uint64_t k : {8U, 64U, 512U, 4096U, 262144U}) {
    const std::string suffix = "/quintet/pages:" + std::to_string(k);
    register_case("page_table/map_range" + suffix,
                  [k] { return ranges<Ours, RangeOp::kMapFresh>(k); });
    register_case("page_table/map_range_warm" + suffix,
                  [k] { return ranges<Ours, RangeOp::kMapWarm>(k); });
    register_case("page_table/unmap_range" + suffix,
                  [k] { return ranges<Ours, RangeOp::kUnmap>(k); });
    register_case("page_table/protect_range" + suffix,
                  [k] { return ranges<Ours, RangeOp::kProtect>(k); });
  }
}

void register_large() {
  register_case("page_table/huge_map/quintet/size:2m",
                [] { return map_large<Ours>(PageSize::k2M); });
  register_case("page_table/huge_map/quintet/size:1g",
                [] { return map_large<Ours>(PageSize::k1G); });
  register_case("page_table/huge_unmap/quintet/size:2m",
                [] { return unmap_large<Ours>(PageSize::k2M); });
  register_case("page_table/huge_unmap/quintet/size:1g",
                [] { return unmap_large<Ours>(PageSize::k1G); });
  register_case("page_table/split/quintet/size:2m",
                [] { return split_or_merge<Ours>(PageSize::k2M, false); });
  register_case("page_table/merge/quintet/size:2m",
                [] { return split_or_merge<Ours>(PageSize::k2M, true); });
}

}  // namespace

void register_quintet_cases() {
  register_case("page_table/map/quintet", map_sequential<Ours>);
  register_case("page_table/unmap/quintet", unmap_sequential<Ours>);
  register_case("page_table/resolve/quintet", resolve_sequential<Ours>);
  register_case("page_table/map_warm/quintet", map_warm<Ours>);
  register_case("page_table/map_random/quintet", random_single<Ours, RandomOp::kMap>);
  register_case("page_table/unmap_random/quintet", random_single<Ours, RandomOp::kUnmap>);
  register_case("page_table/resolve_random/quintet", random_single<Ours, RandomOp::kResolve>);
  register_case("page_table/map_random/quintet/batch:16", random_batch<Ours, RandomOp::kMap>);
  register_case("page_table/unmap_random/quintet/batch:16", random_batch<Ours, RandomOp::kUnmap>);
  register_case("page_table/resolve_random/quintet/batch:16",
                random_batch<Ours, RandomOp::kResolve>);
  register_case("page_table/churn/quintet", [] { return churn<Ours>(false); });
  register_case("page_table/churn/quintet/neighbour:1", [] { return churn<Ours>(true); });
  register_case("page_table/sparse/quintet", sparse<Ours>);
  register_ranges();
  register_large();
}

}  // namespace quintet::bench::page_table_cases
