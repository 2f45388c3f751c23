// SPDX-License-Identifier: MIT
#include "allocator_cases/reference.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "allocator_cases/settings.hpp"

namespace quintet::bench::allocator_cases {
namespace {

constexpr std::size_t kQuoted = 60;  // characters of a line that differs

// The file that keeps what is printed in a row, and which row it is.
std::filesystem::path kept_file(const std::string& row) {
  std::string name = row;
  for (char& c : name) c = c == '/' || c == ':' ? '-' : c;
  return work_dir() / fmt::format("{}-scale-{}.txt", name, scale());
}

std::optional<std::string> read_kept(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Whole or not at all, because another process may be reading.
void keep(const std::filesystem::path& path, const std::string& output) {
  const std::filesystem::path unfinished = fmt::format("{}.{}", path.string(), ::getpid());
  std::ofstream file(unfinished, std::ios::binary);
  file << output;
  file.close();
  std::error_code code;
  if (file) std::filesystem::rename(unfinished, path, code);
  if (!file || code) throw std::runtime_error("cannot write " + path.string() + " (--work_dir)");
}

std::expected<std::string, std::string> find_output(const std::string& row, Command command,
                                                    double limit_seconds) {
  if (keep_outputs()) {
    if (auto kept = read_kept(kept_file(row))) return *std::move(kept);
  }
  command.preload = glibc().library;
  auto result = run_child(command, limit_seconds);
  if (!result) return std::unexpected("under glibc " + result.error());
  if (keep_outputs()) keep(kept_file(row), result->output);
  return std::move(result->output);
}

// What `command` prints under glibc.
const std::expected<std::string, std::string>& glibc_output(const std::string& row,
                                                            const Command& command,
                                                            double limit_seconds) {
  static std::map<std::string, std::expected<std::string, std::string>> known;
  const auto found = known.find(row);
  if (found != known.end()) return found->second;
  return known.emplace(row, find_output(row, command, limit_seconds)).first->second;
}

std::string in_quotes(const std::string& line) { return "'" + line.substr(0, kQuoted) + "'"; }

}  // namespace

std::string difference(const std::string& printed, const std::string& expected) {
  if (printed == expected) return {};
  std::istringstream left(printed);
  std::istringstream right(expected);
  for (int number = 1;; ++number) {
    std::string a;
    std::string b;
    const bool more_left = static_cast<bool>(std::getline(left, a));
    const bool more_right = static_cast<bool>(std::getline(right, b));
    if (more_left && more_right && a == b) continue;
    if (!more_left && !more_right) return "printed other line ends than under glibc";
    return fmt::format("printed {} as line {} where under glibc it prints {}",
                       more_left ? in_quotes(a) : "nothing", number,
                       more_right ? in_quotes(b) : "nothing");
  }
}

ChildResult run_checked(const std::string& row, const Command& command, double limit_seconds) {
  const auto& expected = glibc_output(row, command, limit_seconds);
  if (!expected) return std::unexpected(expected.error());
  ChildResult result = run_child(command, limit_seconds);
  if (!result) return result;
  const std::string different = difference(result->output, *expected);
  if (different.empty()) return result;
  return std::unexpected(command.program.substr(command.program.rfind('/') + 1) + " " + different);
}

Sample suite_sample(const ChildReport& report) {
  return Sample{report.seconds}
      .with("seconds", report.seconds)
      .with("cpu_seconds", report.cpu_seconds)
      .with("rss_mib", report.rss_mib)
      .with("faults", static_cast<double>(report.faults));
}

}  // namespace quintet::bench::allocator_cases
