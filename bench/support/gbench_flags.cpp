// SPDX-License-Identifier: MIT
#include "support/gbench_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <regex>
#include <set>

#include "support/flags.hpp"

namespace quintet::bench {
namespace {

enum class Kind { kBool, kSeconds, kCount, kRegex, kFormat, kContext, kColor, kUnit, kText };

struct GbenchFlag {
  std::string_view name;
  Kind kind;
  std::string_view value;  // how help shows it
  std::string_view help;
};

constexpr std::array kGbenchFlags = {
    GbenchFlag{"benchmark_list_tests", Kind::kBool, "", "print the names of all cases"},
    GbenchFlag{"benchmark_filter", Kind::kRegex, "=REGEX",
               "run matching cases only; -REGEX: all others"},
    GbenchFlag{"benchmark_repetitions", Kind::kCount, "=N", "run every case N times"},
    GbenchFlag{"benchmark_out", Kind::kText, "=FILE",
               "also write the results to FILE, whole or not"},
    GbenchFlag{"benchmark_out_format", Kind::kFormat, "=json|console", "form of FILE (json)"},
    GbenchFlag{"benchmark_format", Kind::kFormat, "=console|json", "form of what is printed"},
    GbenchFlag{"benchmark_context", Kind::kContext, "=KEY=VALUE,...", "more facts for the results"},
    GbenchFlag{"benchmark_enable_random_interleaving", Kind::kBool, "",
               "repetitions of all cases in random order"},
    GbenchFlag{"benchmark_report_aggregates_only", Kind::kBool, "", "no single repetitions"},
    GbenchFlag{"benchmark_display_aggregates_only", Kind::kBool, "", "the same, printed ones only"},
    GbenchFlag{"benchmark_counters_tabular", Kind::kBool, "", "print counters as columns"},
    GbenchFlag{"benchmark_color", Kind::kColor, "=auto|true|false", "colours (auto)"},
    // Known, so that scripts may pass them; without effect on cases of one timed iteration.
    GbenchFlag{"benchmark_min_time", Kind::kSeconds, "", ""},
    GbenchFlag{"benchmark_min_warmup_time", Kind::kSeconds, "", ""},
    GbenchFlag{"benchmark_time_unit", Kind::kUnit, "", ""},
    GbenchFlag{"v", Kind::kCount, "", ""},
};

const std::set<std::string_view> kTrue = {"", "true", "t", "yes", "y", "1", "on"};
const std::set<std::string_view> kFalse = {"false", "f", "no", "n", "0", "off"};

const GbenchFlag* find_gbench_flag(std::string_view name) {
  const auto found = std::ranges::find(kGbenchFlags, name, &GbenchFlag::name);
  return found == kGbenchFlags.end() ? nullptr : &*found;
}

bool is_regex(const std::string& text) {
  try {
    static_cast<void>(std::regex(text, std::regex::extended));
    return true;
  } catch (const std::regex_error&) {
    return false;
  }
}

bool is_seconds(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size() && std::isfinite(value) &&
         value >= 0;
}

bool is_small_count(std::string_view text, std::uint64_t min) {
  const auto count = parse_count(text);
  return count && *count >= min && *count <= 1'000'000 && !text.ends_with('K') &&
         !text.ends_with('M');
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// Keys must not hide facts that we or Google Benchmark write.
bool is_context(const std::string& text) {
  static const std::regex grammar("[A-Za-z][A-Za-z0-9_]*=[^,=]*(,[A-Za-z][A-Za-z0-9_]*=[^,=]*)*");
  static const std::regex taken(
      "(^|,)(qt_\\w*|date|host_name|executable|num_cpus|mhz_per_cpu|cpu_scaling_enabled|caches|"
      "load_avg|library_build_type)=");
  return std::regex_match(text, grammar) && !std::regex_search(text, taken);
}

// Empty if the value will do, else what would.
std::string value_error(const GbenchFlag& flag, const std::string& value) {
  switch (flag.kind) {
    case Kind::kBool:
      return kTrue.contains(value) || kFalse.contains(value) ? "" : "use true or false";
    case Kind::kSeconds:
      return is_seconds(value) ? "" : "use seconds such as 0.5, without a unit";
    case Kind::kCount:
      return is_small_count(value, flag.name == "v" ? 0 : 1) ? "" : "use a number such as 3";
    case Kind::kRegex:
      return is_regex(value) ? "" : "this is no regular expression";
    case Kind::kFormat:
      return is_one_of(value, {"json", "console"}) ? "" : "use json or console";
    case Kind::kContext:
      return is_context(value) ? "" : "use KEY=VALUE,... with keys that are not taken";
    case Kind::kColor:
      return is_one_of(value, {"auto", "true", "false"}) ? "" : "use auto, true or false";
    case Kind::kUnit:
      return is_one_of(value, {"ns", "us", "ms", "s"}) ? "" : "use ns, us, ms or s";
    case Kind::kText:
      return value.empty() ? "give a file name" : "";
  }
  return "";
}

// The flag's value from the environment, under the name that Google Benchmark uses.
std::optional<std::string> environment_value(std::string_view name) {
  std::string variable;
  for (const char c : name) variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const char* const value = name == "v" ? nullptr : std::getenv(variable.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::expected<void, std::string> take_argument(const std::string& argument, CommandLine& line) {
  const std::size_t equals = argument.find('=');
  const bool has_value = equals != std::string::npos;
  const std::string name = argument.substr(0, equals);
  const std::string value = has_value ? argument.substr(equals + 1) : "";
  if (!name.starts_with("--")) {
    return std::unexpected(fmt::format("unexpected argument '{}': see --help", argument));
  }
  if (const GbenchFlag* flag = find_gbench_flag(name.substr(2))) {
    const std::string problem = value_error(*flag, value);
    if (!problem.empty()) return std::unexpected(fmt::format("{}: {}", argument, problem));
    line.gbench[name.substr(2)] = value;
    return {};
  }
  for (Flag* flag : all_flags()) {
    if (flag->name() != name.substr(2)) continue;
    const auto parsed =
        flag->parse(has_value ? std::optional<std::string_view>(value) : std::nullopt);
    if (parsed) return {};
    return std::unexpected(fmt::format("{} {}: see --help", argument, parsed.error()));
  }
  return std::unexpected(fmt::format("unknown flag {}: see --help", name));
}

std::string help_line(std::string_view flag, std::string_view help) {
  return fmt::format("  {:<42} {}\n", flag, help);
}

}  // namespace

std::string CommandLine::get(const std::string& name, const std::string& otherwise) const {
  const auto found = gbench.find(name);
  return found == gbench.end() ? otherwise : found->second;
}

bool CommandLine::is_on(const std::string& name) const {
  return kTrue.contains(get(name, "false"));
}

std::expected<CommandLine, std::string> parse_command_line(
    const std::vector<std::string>& arguments) {
  CommandLine line;
  for (const GbenchFlag& flag : kGbenchFlags) {
    const auto value = environment_value(flag.name);
    if (!value) continue;
    const auto taken = take_argument(fmt::format("--{}={}", flag.name, *value), line);
    if (!taken) return std::unexpected("from the environment: " + taken.error());
  }
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      line.help = true;
    } else if (const auto taken = take_argument(argument, line); !taken) {
      return std::unexpected(taken.error());
    }
  }
  return line;
}

std::string help_text(std::string_view program) {
  std::string text = fmt::format("usage: {} [flags]\n\nRuns its benchmark cases.\n\n", program);
  for (const Flag* flag : all_flags()) {
    text += help_line(fmt::format("--{}{}", flag->name(), flag->usage()), flag->help());
  }
  text += "\nGoogle Benchmark's flags:\n";
  for (const GbenchFlag& flag : kGbenchFlags) {
    if (!flag.help.empty())
      text += help_line(fmt::format("--{}{}", flag.name, flag.value), flag.help);
  }
  text +=
      "\nIn a filter, $ is the end of a case name: --benchmark_filter='/map/quintet$'.\n"
      "\nexit status: 0 all well, 1 a case failed, 2 bad flag, 3 no case matched the filter,\n"
      "77 every matching case was skipped\n";
  return text;
}

}  // namespace quintet::bench
