// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "allocator_cases/child.hpp"
#include "allocator_cases/settings.hpp"
#include "support/case.hpp"
#include "support/programs.hpp"

// How much memory is in use for the same live bytes, over the phases of the program
// allocator_fragmentation.
namespace quintet::bench::allocator_cases {
namespace {

Outcome run_fragmentation(const Implementation& one) {
  const auto preload = preload_of(one);
  if (!preload) return std::unexpected(preload.error());
  const ChildResult result = run_child({.program = own_program("allocator_fragmentation"),
                                        .arguments = {std::to_string(fragmentation_mib())},
                                        .preload = *preload},
                                       child_seconds());
  if (!result) return fail(result.error());
  const auto values = parse_values(result->output, {"rss_00", "live_mib"});
  if (!values) return fail("allocator_fragmentation: " + values.error());
  Sample sample{result->seconds, {values->begin(), values->end()}};
  const double live = values->at("live_mib");
  double worst = 0;
  double last = 0;
  for (const auto& [name, value] : *values) {  // by name, so that phases are in their order
    if (!name.starts_with("rss_")) continue;
    last = value;
    worst = std::max(worst, value);
  }
  return std::move(sample)
      .with("rss_mib", last)
      .with("rss_over_live", last / live)
      .with("worst_over_live", worst / live)
      .with("cpu_seconds", result->cpu_seconds);
}

}  // namespace

void register_fragmentation_cases(const Implementations& all) {
  for (const Implementation& one : all) {
    register_case(fmt::format("allocator/fragmentation/{}", one.name),
                  [=] { return run_fragmentation(one); });
  }
}

}  // namespace quintet::bench::allocator_cases
