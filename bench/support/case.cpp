// SPDX-License-Identifier: MIT
#include "support/case.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <regex>
#include <set>
#include <stdexcept>

#include "base/assert.hpp"

namespace quintet::bench {
namespace {

// Columns of Google Benchmark's rows: a counter of that name would appear twice in the JSON.
const std::set<std::string> kReservedCounters = {
    "name",         "run_name",         "run_type",
    "repetitions",  "repetition_index", "threads",
    "iterations",   "real_time",        "cpu_time",
    "time_unit",    "items_per_second", "bytes_per_second",
    "label",        "family_index",     "error_occurred",
    "error_message"};

std::string sample_error(const Sample& sample) {
  if (!std::isfinite(sample.seconds) || sample.seconds <= 0) {
    return fmt::format("measured {} seconds", sample.seconds);
  }
  for (const auto& [name, value] : sample.counters) {
    if (!std::isfinite(value)) return fmt::format("counter {} is {}", name, value);
    if (kReservedCounters.contains(name)) return fmt::format("counter name {} is taken", name);
  }
  return {};
}

Outcome run_body(const CaseBody& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail("out of memory: use smaller settings");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

void run_case(benchmark::State& state, const CaseBody& body) {
  for (auto _ : state) {
    const Outcome outcome = run_body(body);
    const std::string problem = outcome ? sample_error(*outcome) : outcome.error().message;
    if (!problem.empty()) {
      state.SkipWithError(problem.c_str());
      return;
    }
    state.SetIterationTime(outcome->seconds);
    for (const auto& [name, value] : outcome->counters) state.counters[name] = value;
    state.SetLabel(outcome->label);
  }
}

}  // namespace

Sample Sample::per_op(double seconds, std::uint64_t ops) {
  QT_CHECK(ops > 0, "a sample needs operations");
  return Sample{seconds}.with("ns_per_op", seconds * 1e9 / static_cast<double>(ops));
}

Outcome skip(std::string_view package) {
  return std::unexpected(NoSample{fmt::format("SKIP: install {}", package)});
}

Outcome fail(std::string_view reason) { return std::unexpected(NoSample{std::string(reason)}); }

std::string name_error(std::string_view name) {
  static const std::regex grammar("[a-z0-9_]+/[a-z0-9_]+/[a-z0-9_]+(/[a-z0-9_]+:[a-z0-9_.-]+)*");
  if (std::regex_match(name.begin(), name.end(), grammar)) return {};
  return fmt::format(
      "case name '{}' is not <system>/<operation>/<implementation>[/<key>:<value>]...", name);
}

void register_case(const std::string& name, CaseBody body) {
  static std::set<std::string> names;
  if (const std::string problem = name_error(name); !problem.empty()) {
    throw std::invalid_argument(problem);
  }
  if (!names.insert(name).second) {
    throw std::invalid_argument(fmt::format("case '{}' is registered twice", name));
  }
  benchmark::RegisterBenchmark(
      name.c_str(), [body = std::move(body)](benchmark::State& state) { run_case(state, body); })
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}

std::string filter_for_full_names(std::string_view filter) {
  std::string full;
  bool escaped = false;
  bool in_brackets = false;
  for (const char c : filter) {
    if (c == '$' && !escaped && !in_brackets) full += "(/iterations:1/manual_time)?";
    full += c;
    if (!escaped && c == '[') in_brackets = true;
    if (!escaped && c == ']') in_brackets = false;
    escaped = c == '\\' && !escaped;
  }
  return full;
}

}  // namespace quintet::bench
