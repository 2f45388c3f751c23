// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <string>
#include <utility>

#include "allocator_cases/child.hpp"
#include "allocator_cases/settings.hpp"
#include "support/case.hpp"
#include "support/programs.hpp"

// Single operations, measured by the program allocator_micro in a process of its own.
namespace quintet::bench::allocator_cases {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// "size:64/count:100" for the case, and for the program size=64 count=100, and what else it needs.
struct Point {
  const char* operation;
  std::string axes;
  std::vector<std::string> further = {};
};

std::vector<std::string> words_of(const Point& point) {
  std::vector<std::string> words = {point.operation, fmt::format("ms={}", micro_ms())};
  std::string word;
  for (const char c : point.axes + "/") {
    if (c != '/') {
      word += c == ':' ? '=' : c;
    } else if (!word.empty() && !word.starts_with("pattern=")) {
      words.push_back(std::exchange(word, {}));
    } else {
      word.clear();
    }
  }
  words.insert(words.end(), point.further.begin(), point.further.end());
  return words;
}

Outcome run_micro(const Implementation& one, const Point& point) {
  const auto preload = preload_of(one);
  if (!preload) return std::unexpected(preload.error());
  const ChildResult result = run_child({.program = own_program("allocator_micro"),
                                        .arguments = words_of(point),
                                        .preload = *preload},
                                       child_seconds());
  if (!result) return fail(result.error());
  const auto values = parse_values(result->output, {"ns_per_op", "rss_mib"});
  if (!values) return fail("allocator_micro: " + values.error());
  return Sample{result->seconds}
      .with("ns_per_op", values->at("ns_per_op"))
      .with("rss_mib", values->at("rss_mib"));
}

// A program that does nothing, under the allocator.
Outcome start_up(const Implementation& one) {
  const auto preload = preload_of(one);
  if (!preload) return std::unexpected(preload.error());
  const ChildResult result = run_child(
      {.program = own_program("allocator_trivial"), .preload = *preload}, child_seconds());
  if (!result) return fail(result.error());
  return Sample{result->seconds}
      .with("rss_mib", result->rss_mib)
      .with("faults", static_cast<double>(result->faults))
      .with("ns_per_op", result->seconds * 1e9);
}

// Every operation with every setting, as they are listed.
std::vector<Point> points() {
  std::vector<Point> all;
  const auto add = [&](const char* operation, std::string axes,
                       std::vector<std::string> further = {}) {
    all.push_back({operation, std::move(axes), std::move(further)});
  };
  for (const int size : {8, 16, 64, 256, 1024, 8192, 65536, 262144, 1048576}) {
    add("pair", fmt::format("size:{}", size));
  }
  for (const char* operation : {"lifo", "fifo"}) {
    for (const int count : {100, 10000}) add(operation, fmt::format("size:64/count:{}", count));
  }
  for (const int slots : {1000, 100000}) {
    for (const int size : {256, 4096}) add("random", fmt::format("size:{}/slots:{}", size, slots));
  }
  for (const int size : {16, 64, 1024}) add("remote", fmt::format("size:{}", size));
  for (const int size : {64, 1024, 65536, 1048576}) add("calloc", fmt::format("size:{}", size));
  add("realloc", fmt::format("size:{}/pattern:growth", kMiB), {"from=16", "percent=150", "step=0"});
  add("realloc", "size:4096/pattern:step", {"from=1", "percent=100", "step=1"});
  add("realloc", fmt::format("size:{}/pattern:doubling", 64 * kMiB),
      {fmt::format("from={}", kMiB), "percent=200", "step=0"});
  for (const auto& [align, size] : {std::pair{64, 64}, {64, 200}, {4096, 4096}, {32, 100}}) {
    add("aligned", fmt::format("size:{}/align:{}", size, align));
  }
  for (const int size : {16, 64, 1024}) add("new_delete", fmt::format("size:{}", size));
  add("thread_exit", "");
  return all;
}

}  // namespace

void register_micro_cases(const Implementations& all) {
  for (const Point& point : points()) {
    for (const Implementation& one : all) {
      register_case(fmt::format("allocator/{}/{}{}{}", point.operation, one.name,
                                point.axes.empty() ? "" : "/", point.axes),
                    [=] { return run_micro(one, point); });
    }
  }
  for (const Implementation& one : all) {
    register_case(fmt::format("allocator/startup/{}", one.name), [=] { return start_up(one); });
  }
}

}  // namespace quintet::bench::allocator_cases
