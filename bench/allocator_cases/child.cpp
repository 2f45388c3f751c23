// SPDX-License-Identifier: MIT
#include "allocator_cases/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <sstream>
#include <system_error>
#include <utility>

#include "support/programs.hpp"

namespace quintet::bench::allocator_cases {
namespace {

std::string error_text(int code) { return std::generic_category().message(code); }

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// Everything in a file of memory, from its start.
std::string contents(int file) {
  std::string text;
  std::array<char, 1 << 16> chunk;
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(file, chunk.data(), chunk.size(), at);
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    at += got;
  }
}

// ": <the last line>", or nothing. It must fit one line of a table.
std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  constexpr std::size_t kMost = 160;
  std::string line(text.substr(text.rfind('\n') + 1).substr(0, kMost));
  return line.empty() ? line : ": " + line;
}

// This process's environment without LD_PRELOAD, in a language that every program knows.
std::vector<std::string> clean_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (!variable.starts_with("LD_PRELOAD=") && !variable.starts_with("LC_ALL=")) {
      variables.emplace_back(variable);
    }
  }
  variables.emplace_back("LC_ALL=C");
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (std::string& text : texts) found.push_back(text.data());
  found.push_back(nullptr);
  return found;
}

// Starts the launcher with its standard streams and its report in these files; errno or 0.
int spawn(std::vector<std::string> words, int output, int errors, int report, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, report, 3);
  std::vector<std::string> environment = clean_environment();
  const int code = ::posix_spawn(pid, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                                 pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  return code;
}

// A file of memory whose number is none of those that a child's streams get.
int memory_file(const char* name) {
  const int file = ::memfd_create(name, MFD_CLOEXEC);
  const int high = ::fcntl(file, F_DUPFD_CLOEXEC, 10);
  ::close(file);
  return high;
}

struct Fate {
  std::string word;
  int code = 0;
  ChildReport report = {};
};

// What the launcher wrote; an empty word if it wrote nothing.
Fate parse_fate(const std::string& text) {
  Fate fate;
  double rss_kib = 0;
  std::istringstream in(text);
  in >> fate.word >> fate.code >> fate.report.seconds >> fate.report.cpu_seconds >> rss_kib >>
      fate.report.faults;
  fate.report.rss_mib = rss_kib / 1024;
  return fate;
}

// Empty if the program has ended well, else what it did.
std::string fate_error(const Fate& fate, const std::string& errors, double limit_seconds) {
  if (fate.word == "unstarted") return "cannot be started: " + error_text(fate.code);
  if (fate.word == "late") {
    return fmt::format("did not end in {:g} s and was killed (--child_seconds)", limit_seconds);
  }
  if (fate.word == "killed") {
    return fmt::format("was ended by {}{}", ::strsignal(fate.code), last_line(errors));
  }
  if (fate.word != "exited") return "ended without an account of it" + last_line(errors);
  if (fate.code != 0) return fmt::format("exited with {}{}", fate.code, last_line(errors));
  // The loader says this and goes on, with another allocator than the one that is measured.
  if (const auto at = errors.find("cannot be preloaded"); at != errors.npos) {
    return "does not take its allocator: " + errors.substr(0, errors.find('\n'));
  }
  return {};
}

}  // namespace

Child::Child(std::string name, pid_t launcher, double limit_seconds) noexcept
    : name_(std::move(name)), launcher_(launcher), limit_seconds_(limit_seconds) {}

Child::Child(Child&& other) noexcept
    : name_(std::move(other.name_)),
      launcher_(std::exchange(other.launcher_, 0)),
      limit_seconds_(other.limit_seconds_),
      output_(std::exchange(other.output_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      report_(std::exchange(other.report_, -1)) {}

Child::~Child() {
  if (launcher_ != 0) {
    ::kill(launcher_, SIGKILL);  // and with it the program
    ::waitpid(launcher_, nullptr, 0);
  }
  for (const int file : {output_, errors_, report_}) {
    if (file >= 0) ::close(file);
  }
}

std::expected<Child, std::string> Child::start(const Command& command, double limit_seconds) {
  Child child(file_name(command.called.empty() ? command.program : command.called), 0,
              limit_seconds);
  child.output_ = memory_file("stdout");
  child.errors_ = memory_file("stderr");
  child.report_ = memory_file("report");
  std::vector<std::string> words = {own_program("allocator_child"), std::to_string(limit_seconds),
                                    command.preload, command.program,
                                    command.called.empty() ? command.program : command.called};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  const std::string launcher = words[0];
  const int code =
      spawn(std::move(words), child.output_, child.errors_, child.report_, &child.launcher_);
  if (code != 0) {
    child.launcher_ = 0;
    return std::unexpected(
        fmt::format("{}: cannot be started: {}: build the target allocator_child",
                    file_name(launcher), error_text(code)));
  }
  return child;
}

ChildResult Child::wait() {
  while (::waitpid(launcher_, nullptr, 0) < 0 && errno == EINTR) continue;
  launcher_ = 0;
  Fate fate = parse_fate(contents(report_));
  if (const std::string error = fate_error(fate, contents(errors_), limit_seconds_);
      !error.empty()) {
    return std::unexpected(name_ + " " + error);
  }
  fate.report.output = contents(output_);
  return std::move(fate.report);
}

ChildResult run_child(const Command& command, double limit_seconds) {
  auto child = Child::start(command, limit_seconds);
  if (!child) return std::unexpected(child.error());
  return child->wait();
}

std::expected<Values, std::string> parse_values(std::string_view text,
                                                const std::vector<std::string_view>& needed) {
  Values values;
  std::istringstream in{std::string(text)};
  for (std::string name, number; in >> name;) {
    double value = 0;
    if (!(in >> number) ||
        std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc{}) {
      return std::unexpected(fmt::format("'{}' in its output has no number", name));
    }
    values[name] = value;
  }
  for (const std::string_view name : needed) {
    if (!values.contains(name)) {
      return std::unexpected(fmt::format("its output does not say {}", name));
    }
  }
  return values;
}

}  // namespace quintet::bench::allocator_cases
