// SPDX-License-Identifier: MIT
#include "page_table_cases/rival_impl.hpp"
#include "page_table_cases/settings.hpp"
#include "page_table_cases/workloads.hpp"

namespace quintet::bench::page_table_cases {
namespace {

using Original = Verified<baselines::FreshNoFree>;
using OriginalNoReclaim = Verified<baselines::FreshNoFree, false>;
// Workloads that use memory again need an allocator hook that takes it back.
using Reusing = Verified<baselines::ZeroAndFree>;
using ReusingNoReclaim = Verified<baselines::ZeroAndFree, false>;

void register_nros() {
  register_case("page_table/map/nros", map_sequential<Nros>);
  register_case("page_table/unmap/nros", unmap_sequential<Nros>);
  register_case("page_table/resolve/nros", resolve_sequential<Nros>);
  register_case("page_table/map_warm/nros", map_warm<Nros>);
  register_case("page_table/map_random/nros", random_single<Nros, RandomOp::kMap>);
  register_case("page_table/unmap_random/nros", random_single<Nros, RandomOp::kUnmap>);
  register_case("page_table/resolve_random/nros", random_single<Nros, RandomOp::kResolve>);
  register_case("page_table/churn/nros", [] { return churn<Nros>(false); });
  register_case("page_table/churn/nros/neighbour:1", [] { return churn<Nros>(true); });
  register_case("page_table/sparse/nros", sparse<Nros>);
  for (const std::uint64_t k : {8U, 64U, 512U, 4096U, 262144U}) {
    const std::string suffix = "/nros/pages:" + std::to_string(k);
    register_case("page_table/map_range" + suffix,
                  [k] { return ranges<Nros, RangeOp::kMapFresh>(k); });
    register_case("page_table/map_range_warm" + suffix,
                  [k] { return ranges<Nros, RangeOp::kMapWarm>(k); });
    register_case("page_table/unmap_range" + suffix,
                  [k] { return ranges<Nros, RangeOp::kUnmap>(k); });
    register_case("page_table/protect_range" + suffix,
                  [k] { return ranges<Nros, RangeOp::kProtect>(k); });
  }
  register_case("page_table/huge_map/nros/size:2m", [] { return map_large<Nros>(PageSize::k2M); });
  register_case("page_table/huge_map/nros/size:1g", [] { return map_large<Nros>(PageSize::k1G); });
  register_case("page_table/huge_unmap/nros/size:2m",
                [] { return unmap_large<Nros>(PageSize::k2M); });
  register_case("page_table/huge_unmap/nros/size:1g",
                [] { return unmap_large<Nros>(PageSize::k1G); });
}

void register_verified() {
  register_case("page_table/map/verified", map_sequential<Original>);
  register_case("page_table/unmap/verified", unmap_sequential<Original>);
  register_case("page_table/unmap/verified_noreclaim", unmap_sequential<OriginalNoReclaim>);
  register_case("page_table/resolve/verified", resolve_sequential<Original>);
  // Emptied without reclaiming: its unmap would take minutes and leave it nothing warmer.
  register_case("page_table/map_warm/verified", map_warm<ReusingNoReclaim>);
  register_case("page_table/map_random/verified", random_single<Original, RandomOp::kMap>);
  register_case("page_table/unmap_random/verified", random_single<Original, RandomOp::kUnmap>);
  register_case("page_table/unmap_random/verified_noreclaim",
                random_single<OriginalNoReclaim, RandomOp::kUnmap>);
  register_case("page_table/resolve_random/verified", random_single<Original, RandomOp::kResolve>);
  register_case("page_table/churn/verified", [] { return churn<Reusing>(false); });
  register_case("page_table/churn/verified/neighbour:1", [] { return churn<Reusing>(true); });
  register_case("page_table/sparse/verified", sparse<Reusing>);
  register_case("page_table/huge_map/verified/size:2m",
                [] { return map_large<Original>(PageSize::k2M); });
  register_case("page_table/huge_unmap/verified/size:2m",
                [] { return unmap_large<Original>(PageSize::k2M); });
}

}  // namespace

void register_rival_cases() {
  register_nros();
  register_verified();
}

}  // namespace quintet::bench::page_table_cases
