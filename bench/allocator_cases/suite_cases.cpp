// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <filesystem>

#include "allocator_cases/reference.hpp"
#include "allocator_cases/settings.hpp"
#include "support/case.hpp"
#include "support/programs.hpp"

// The programs of bench/workloads, each in a process of its own under each allocator.
namespace quintet::bench::allocator_cases {
namespace {

struct Workload {
  const char* name;
  bool threaded;  // else one thread, whatever the machine has
};
constexpr Workload kWorkloads[] = {
    {"cfrac", false},        {"espresso", false},     {"barnes", false},
    {"larson", true},        {"larson_sized", true},  {"mstress", true},
    {"rptest", true},        {"alloc_test", true},    {"sh6", true},
    {"sh8", true},           {"xmalloc_test", true},  {"cache_scratch", true},
    {"cache_thrash", true},  {"glibc_simple", false}, {"glibc_thread", true},
    {"malloc_large", false}, {"mleak", true},
};

Outcome run_workload(const Implementation& one, const std::string& name, std::uint64_t threads) {
  const auto preload = preload_of(one);
  if (!preload) return std::unexpected(preload.error());
  const std::string program = own_program("workloads/" + name);
  if (!std::filesystem::exists(program)) {
    return fail(fmt::format("workload {} is not built: ./quintet build perf", name));
  }
  const Command command{
      .program = program,
      .arguments = {"--threads", std::to_string(threads), "--scale", std::to_string(scale())},
      .preload = *preload};
  const ChildResult result =
      run_checked(fmt::format("{}/threads:{}", name, threads), command, child_seconds());
  if (!result) return fail(result.error());
  return suite_sample(*result);
}

}  // namespace

void register_suite_cases(const Implementations& all) {
  for (const Workload& workload : kWorkloads) {
    for (const std::uint64_t threads : thread_counts()) {
      if (threads > 1 && !workload.threaded) continue;
      for (const Implementation& one : all) {
        register_case(
            fmt::format("allocator/suite/{}/workload:{}/threads:{}", one.name, workload.name,
                        threads),
            [=, name = std::string(workload.name)] { return run_workload(one, name, threads); });
      }
    }
  }
}

}  // namespace quintet::bench::allocator_cases
