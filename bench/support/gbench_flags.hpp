// SPDX-License-Identifier: MIT
#pragma once
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The command line of a benchmark binary: Google Benchmark's flags, checked here because version
// 1.7.1 ignores what it does not understand, and ours (support/flags.hpp).
namespace quintet::bench {

// Google Benchmark's flags that were given, by name without the dashes; on the command line or as
// an environment variable (BENCHMARK_FILTER for --benchmark_filter).
struct CommandLine {
  bool help = false;
  std::map<std::string, std::string> gbench = {};

  // The value of a flag, or `otherwise` if it was not given.
  [[nodiscard]] std::string get(const std::string& name, const std::string& otherwise) const;
  // Whether a yes/no flag was given and is true.
  [[nodiscard]] bool is_on(const std::string& name) const;
};

// Takes the arguments after the program's name, and sets our flags.
// Error: one line that names the argument and the remedy.
[[nodiscard]] std::expected<CommandLine, std::string> parse_command_line(
    const std::vector<std::string>& arguments);

// The text of --help.
[[nodiscard]] std::string help_text(std::string_view program);

}  // namespace quintet::bench
