// SPDX-License-Identifier: MIT
#include "allocator_cases/child.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "support/programs.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::bench::allocator_cases;
using quintet::bench::own_program;
using quintet::bench::TemporaryFolder;

constexpr double kPlenty = 30;

Command shell(const std::string& script) {
  return {.program = "/bin/sh", .arguments = {"-c", script}};
}

std::string error_of(const Command& command, double limit_seconds = kPlenty) {
  const ChildResult result = run_child(command, limit_seconds);
  return result ? "none" : result.error();
}

// The number in a file that a child writes before it sleeps; waits for it.
pid_t pid_in(const std::string& path) {
  pid_t pid = 0;
  while (!(std::ifstream(path) >> pid)) continue;
  return pid;
}

// Whether the process still does something: not gone, nor dead and not yet asked about by its
// parent.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const std::size_t name_end = text.rfind(')');
  return name_end + 2 < text.size() && text[name_end + 2] != 'Z' && text[name_end + 2] != 'X';
}

TEST_CASE("a child that ends well is accounted for and its output kept") {
  const ChildResult result = run_child(shell("echo one; echo two >&2; echo three"), kPlenty);
  REQUIRE(result);
  CHECK(result->output == "one\nthree\n");
  CHECK(result->seconds > 0);
  CHECK(result->cpu_seconds >= 0);
  CHECK(result->cpu_seconds < kPlenty);
  CHECK(result->rss_mib > 0.1);
  CHECK(result->faults > 10);
}

TEST_CASE("long output arrives whole") {
  const ChildResult result = run_child(shell("head -c 3000000 /dev/zero"), kPlenty);
  REQUIRE(result);
  CHECK(result->output == std::string(3'000'000, '\0'));
}

TEST_CASE("a child that fails is named with its status and its last words") {
  CHECK(error_of(shell("echo first >&2; echo broken >&2; exit 3")) == "sh exited with 3: broken");
  CHECK(error_of(shell("exit 4")) == "sh exited with 4");
  CHECK(error_of(shell("kill -SEGV $$")) == "sh was ended by Segmentation fault");
  CHECK(error_of({.program = "/no/such/program"}) ==
        "program cannot be started: No such file or directory");
}

TEST_CASE("a child that takes too long is killed and has failed") {
  const TemporaryFolder folder("/tmp");
  const std::string file = folder.file("pid");
  CHECK(error_of(shell("echo $$ > " + file + "; exec sleep 1000"), 0.5) ==
        "sh did not end in 0.5 s and was killed (--child_seconds)");
  CHECK_FALSE(runs(pid_in(file)));
}

TEST_CASE("a child that nobody waits for is killed") {
  const TemporaryFolder folder("/tmp");
  const std::string file = folder.file("pid");
  pid_t pid = 0;
  {
    const auto child = Child::start(shell("echo $$ > " + file + "; exec sleep 1000"), kPlenty);
    REQUIRE(child);
    pid = pid_in(file);
    CHECK(runs(pid));
  }
  while (runs(pid)) continue;  // the signal is on its way; hangs if there is none
}

TEST_CASE("a child gets the allocator of its command and no other") {
  ::setenv("LD_PRELOAD", "libm.so.6", 1);
  const ChildResult without = run_child(shell("echo \"$LD_PRELOAD\""), kPlenty);
  Command command = shell("echo \"$LD_PRELOAD\"");
  command.preload = "libc.so.6";
  const ChildResult with = run_child(command, kPlenty);
  ::unsetenv("LD_PRELOAD");
  REQUIRE(without);
  CHECK(without->output == "\n");
  REQUIRE(with);
  CHECK(with->output == "libc.so.6\n");
}

TEST_CASE("a library that the loader ignores is a failure") {
  Command command = shell("echo fine");
  command.preload = "/no/such/library.so";
  CHECK(error_of(command).starts_with("sh does not take its allocator: "));
}

TEST_CASE("the peak memory of a child is its own and not that of its parent") {
  std::vector<char> large(200 << 20);
  std::memset(large.data(), 1, large.size());
  const ChildResult result = run_child({.program = own_program("allocator_trivial")}, kPlenty);
  REQUIRE(result);
  CHECK(result->rss_mib < 20);
}

TEST_CASE("a program can be told that it has another name") {
  Command command = shell("echo $0");
  command.arguments = {"-c", "tr '\\0' '\\n' < /proc/$$/cmdline | head -1"};
  command.called = "my-shell";
  const ChildResult result = run_child(command, kPlenty);
  REQUIRE(result);
  CHECK(result->output == "my-shell\n");
}

TEST_CASE("values are read by name and what lacks one is refused") {
  const auto values = parse_values("ns_per_op 5.25\nrss_mib 3 ", {"rss_mib", "ns_per_op"});
  REQUIRE(values);
  CHECK(values->at("ns_per_op") == 5.25);
  CHECK(values->at("rss_mib") == 3);
  CHECK(parse_values("a 1", {"b"}).error() == "its output does not say b");
  CHECK(parse_values("a 1 b", {}).error() == "'b' in its output has no number");
  CHECK(parse_values("a x", {}).error() == "'a' in its output has no number");
}

}  // namespace
