// SPDX-License-Identifier: MIT
#include "support/run.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/case.hpp"
#include "support/context.hpp"
#include "support/gbench_flags.hpp"
#include "support/output_file.hpp"
#include "support/reporter.hpp"

namespace quintet::bench {
namespace {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kBadFlag = 2;
constexpr int kNothingMatched = 3;
constexpr int kAllSkipped = 77;

int complain(std::string_view program, std::string_view problem, int status) {
  fmt::print(stderr, "{}: {}\n", program, problem);
  return status;
}

Format display_format(const CommandLine& line) {
  if (line.get("benchmark_format", "console") == "json") return Format::kJson;
  if (line.is_on("benchmark_counters_tabular")) return Format::kConsoleTabular;
  const std::string color = line.get("benchmark_color", "auto");
  const bool colored = color == "true" || (color == "auto" && ::isatty(STDOUT_FILENO) == 1);
  return colored ? Format::kConsoleColor : Format::kConsole;
}

// Hands the checked flags to Google Benchmark, with our filter and our output path.
// It keeps a pointer to `program`, which therefore must outlive everything.
void initialize(const CommandLine& line, char* program, const std::optional<OutputFile>& output) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : line.gbench) {
    std::string given = value;
    if (name == "benchmark_filter") given = filter_for_full_names(value);
    if (name == "benchmark_out") given = output->temporary_path();
    arguments.push_back(given.empty() ? "--" + name : fmt::format("--{}={}", name, given));
  }
  std::vector<char*> pointers = {program};
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
}

struct Result {
  std::size_t matched = 0;
  Tally tally;
};

Result run_benchmarks(const CommandLine& line, bool to_file) {
  Result result;
  CheckedReporter display(display_format(line), &result.tally);
  if (!to_file) {
    result.matched = benchmark::RunSpecifiedBenchmarks(&display);
    return result;
  }
  const bool json = line.get("benchmark_out_format", "json") == "json";
  CheckedReporter file(json ? Format::kJson : Format::kConsole, nullptr);
  result.matched = benchmark::RunSpecifiedBenchmarks(&display, &file);
  return result;
}

int exit_status(const Tally& tally) {
  if (tally.failed > 0) return kFailed;
  return tally.ok == 0 && tally.skipped > 0 ? kAllSkipped : kOk;
}

int run_checked(const CommandLine& line, const std::string& program, char* path) {
  const bool listing = line.is_on("benchmark_list_tests");
  std::optional<OutputFile> output;
  if (line.gbench.contains("benchmark_out")) {
    auto created = OutputFile::create(line.get("benchmark_out", ""));
    if (!created) return complain(program, created.error(), kBadFlag);
    output.emplace(std::move(*created));
  }
  if (!listing) add_context();
  initialize(line, path, output);
  const Result result = run_benchmarks(line, output.has_value());
  if (result.matched == 0) {
    return complain(program,
                    "no case matches the filter '" + line.get("benchmark_filter", "") +
                        "': see --benchmark_list_tests",
                    kNothingMatched);
  }
  if (listing) return kOk;
  if (output) {
    if (const auto saved = output->commit(); !saved) {
      return complain(program, saved.error(), kFailed);
    }
  }
  return exit_status(result.tally);
}

}  // namespace

int run(int argc, char** argv, void (*register_all)()) {
  if (argc < 1) return complain("benchmark", "started without its name", kBadFlag);
  const std::string_view path = argv[0];
  const std::string program(path.substr(path.rfind('/') + 1));
  const auto line = parse_command_line({argv + 1, argv + argc});
  if (!line) return complain(program, line.error(), kBadFlag);
  if (line->help) {
    fmt::print("{}", help_text(program));
    return kOk;
  }
  try {
    register_all();
    return run_checked(*line, program, argv[0]);
  } catch (const std::exception& error) {
    return complain(program, error.what(), kFailed);
  }
}

}  // namespace quintet::bench
