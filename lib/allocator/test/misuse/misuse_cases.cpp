// SPDX-License-Identifier: MIT
// Runs programs that misuse malloc() under whichever there is, LD_PRELOAD's for example, each in a
// process of its own, and tells which of them were noticed: those that a signal has ended, and
// those that say that what they wanted of the allocator is so. README.md has the results.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "allocator/test/misuse/misuse_case.hpp"

namespace {

using namespace quintet::allocator::misuse;  // NOLINT(google-build-using-namespace): a program

constexpr char kUsage[] =
    "usage: misuse_cases [--list | --run NAME | --each]\n"
    "  --list      the names of all cases\n"
    "  --run NAME  that case, in this process: it may not come back\n"
    "  --each      all cases, a line for each: name, HELD, NOT_CAUGHT, HANGS or the signal,\n"
    "              lines on standard error, the first of them\n"
    "  else        all cases, a line for each family: how many were noticed, of how many\n";
constexpr int kHeld = 0, kUsageError = 2, kNotCaught = 3;
constexpr unsigned kSeconds = 20;  // then it hangs

// A case with a size, and their name together. In static memory, so that a case that is run finds a
// heap that nobody has used.
struct Sized {
  Case what;
  std::size_t size = 0;
  std::array<char, 64> name{};
};
std::array<Sized, 128> all_cases;
std::size_t case_count = 0;

void add_case(const Case& what, std::size_t size) {
  Sized& sized = all_cases.at(case_count++);
  sized.what = what;
  sized.size = size;
  std::snprintf(sized.name.data(), sized.name.size(), "%s/%s/%zu", what.family, what.name, size);
}
std::span<const Sized> make_cases() {
  for (const auto cases : {free_cases(), bounds_cases(), reuse_cases()}) {
    for (const Case& what : cases) {
      for (const std::size_t size : kSizes) add_case(what, size);
    }
  }
  for (const Case& what : cpp_cases()) add_case(what, kCppSize);
  return {all_cases.data(), case_count};
}

struct Outcome {
  std::string how;
  std::string said;

  [[nodiscard]] bool is_caught() const { return how != "NOT_CAUGHT" && how != "HANGS"; }
};

std::string how_it_ended(int status) {
  if (WIFEXITED(status)) {
    const int code = WEXITSTATUS(status);
    if (code == kHeld) return "HELD";
    if (code == kNotCaught) return "NOT_CAUGHT";
    return "exit:" + std::to_string(code);
  }
  const int signal = WTERMSIG(status);
  return signal == SIGALRM ? "HANGS" : std::string("SIG") + sigabbrev_np(signal);
}

// Runs a case as a new program.
Outcome run_apart(const Sized& sized) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {"no pipe", ""};
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::alarm(kSeconds);
    ::execl("/proc/self/exe", "misuse_cases", "--run", sized.name.data(), nullptr);
    ::_exit(kUsageError);
  }
  ::close(ends[1]);
  Outcome outcome;
  std::array<char, 512> piece{};
  for (ssize_t got = 0; (got = ::read(ends[0], piece.data(), piece.size())) > 0;) {
    outcome.said.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.how = how_it_ended(status);
  return outcome;
}

void print_each(std::span<const Sized> cases) {
  for (const Sized& sized : cases) {
    const Outcome outcome = run_apart(sized);
    std::size_t lines = 0;
    for (const char c : outcome.said) lines += c == '\n' ? 1 : 0;
    std::printf("%s %s %zu %s\n", sized.name.data(), outcome.how.c_str(), lines,
                outcome.said.substr(0, outcome.said.find('\n')).c_str());
  }
}

void print_table(std::span<const Sized> cases) {
  unsigned all_caught = 0;
  for (std::size_t at = 0; at < cases.size();) {
    const std::string_view family = cases[at].what.family;
    unsigned caught = 0, count = 0;
    for (; at < cases.size() && cases[at].what.family == family; ++at, ++count) {
      caught += run_apart(cases[at]).is_caught() ? 1 : 0;
    }
    std::printf("%-16s %3u of %3u\n", family.data(), caught, count);
    all_caught += caught;
  }
  std::printf("%-16s %3u of %3zu\n", "all", all_caught, cases.size());
}

int run_here(std::span<const Sized> cases, const char* name) {
  for (const Sized& sized : cases) {
    if (std::strcmp(sized.name.data(), name) != 0) continue;
    const bool held = sized.what.run(sized.size);
    const std::string_view line = held ? "HELD\n" : "NOT_CAUGHT\n";
    // Not through stdio, whose buffer may be damaged; and nothing that runs at exit matters.
    [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
    ::_exit(held ? kHeld : kNotCaught);
  }
  std::fprintf(stderr, "misuse_cases: no case '%s': --list has the names\n", name);
  return kUsageError;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<const Sized> cases = make_cases();
  const std::string_view wish = argc > 1 ? argv[1] : "";
  if (argc == 3 && wish == "--run") return run_here(cases, argv[2]);
  if (argc == 1) {
    print_table(cases);
  } else if (argc == 2 && wish == "--each") {
    print_each(cases);
  } else if (argc == 2 && wish == "--list") {
    for (const Sized& sized : cases) std::puts(sized.name.data());
  } else if (argc == 2 && wish == "--help") {
    std::fputs(kUsage, stdout);
  } else {
    std::fprintf(stderr, "misuse_cases: '%.*s' with %d arguments: see --help\n",
                 static_cast<int>(wish.size()), wish.data(), argc - 1);
    return kUsageError;
  }
  return 0;
}
