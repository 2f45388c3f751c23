// SPDX-License-Identifier: MIT
#include "allocator_cases/child.hpp"
#include "allocator_cases/programs/floor.hpp"
#include "allocator_cases/programs/measure.hpp"
#include "allocator_cases/settings.hpp"
#include "platform/clock.hpp"
#include "support/case.hpp"
#include "support/programs.hpp"

// What no allocator gets below: the calls alone, the loop alone, and what a child costs.
namespace quintet::bench::allocator_cases {
namespace {

constexpr std::uint64_t kSize = 64;

// As pair does it, and in this process, because nothing here depends on the allocator.
Outcome plt_floor() {
  const platform::Stopwatch watch;
  const auto allocate = [](std::uint64_t size) { return quintet_floor_allocate(size); };
  const auto give_back = [](void* block) { quintet_floor_free(block); };
  const double ns = ns_per_operation(pairs(allocate, give_back, kSize), micro_ms());
  return Sample{watch.seconds()}.with("ns_per_op", ns);
}

Outcome harness() {
  const auto allocate = [](std::uint64_t) -> void* { return nullptr; };
  const double ns = ns_per_operation(pairs(allocate, [](void*) {}, kSize), micro_ms());
  const ChildResult child =
      run_child({.program = own_program("allocator_trivial")}, child_seconds());
  if (!child) return fail(child.error());
  return Sample{child->seconds}
      .with("ns_per_op", ns)
      .with("rss_mib", child->rss_mib)
      .with("cpu_seconds", child->cpu_seconds);
}

}  // namespace

void register_limit_cases() {
  register_case("allocator/plt_floor/limit", plt_floor);
  register_case("allocator/null/harness", harness);
}

}  // namespace quintet::bench::allocator_cases
