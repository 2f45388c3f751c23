// SPDX-License-Identifier: MIT
#include "allocator_cases/reference.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "allocator_cases/program_inputs.hpp"
#include "allocator_cases/settings.hpp"
#include "support/gbench_flags.hpp"
#include "support/programs.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::bench;
using namespace quintet::bench::allocator_cases;

constexpr double kPlenty = 30;

// A script under an allocator that is none, but that a script can tell from glibc's.
Command other(const std::string& script) {
  return {.program = "/bin/sh", .arguments = {"-c", script}, .preload = "libm.so.6"};
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("equal output passes and other output fails with the line that differs") {
  const ChildResult equal = run_checked("equal", other("echo one; echo two"), kPlenty);
  REQUIRE(equal);
  CHECK(equal->output == "one\ntwo\n");
  const ChildResult differs =
      run_checked("differs", other("echo one; echo \"$LD_PRELOAD\""), kPlenty);
  REQUIRE_FALSE(differs);
  CHECK(differs.error() ==
        "sh printed 'libm.so.6' as line 2 where under glibc it prints 'libc.so.6'");
}

TEST_CASE("a program that fails under glibc is no measure for others") {
  const ChildResult result =
      run_checked("fails", other("test \"$LD_PRELOAD\" = libm.so.6"), kPlenty);
  REQUIRE_FALSE(result);
  CHECK(result.error() == "under glibc sh exited with 1");
}

TEST_CASE("the reference is run once for a row") {
  const TemporaryFolder folder("/tmp");
  const std::string log = folder.file("log");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(run_checked("once", other("echo \"$LD_PRELOAD\" >> " + log), kPlenty));
  }
  CHECK(text_of(log) == "libc.so.6\nlibm.so.6\nlibm.so.6\nlibm.so.6\n");
}

TEST_CASE("what is kept is used by the next process") {
  const TemporaryFolder folder("/tmp");
  REQUIRE(parse_command_line({"--keep_outputs", "--work_dir=" + folder.file("")}));
  REQUIRE(run_checked("kept/threads:1", other("echo fine"), kPlenty));
  const std::string file = folder.file("kept-threads-1-scale-100.txt");
  CHECK(text_of(file) == "fine\n");
  const std::string next = folder.file("next-threads-1-scale-100.txt");
  std::ofstream(next) << "from before\n";
  const ChildResult result = run_checked("next/threads:1", other("echo now"), kPlenty);
  REQUIRE(parse_command_line({"--keep_outputs=false", "--work_dir=/tmp"}));
  REQUIRE_FALSE(result);
  CHECK(result.error() == "sh printed 'now' as line 1 where under glibc it prints 'from before'");
}

TEST_CASE("differences are found wherever they are") {
  CHECK(difference("a\nb\n", "a\nb\n").empty());
  CHECK(difference("a\n", "a\nb\n") == "printed nothing as line 2 where under glibc it prints 'b'");
  CHECK(difference("a\nc\n", "a\n") == "printed 'c' as line 2 where under glibc it prints nothing");
  CHECK(difference("a", "a\n") == "printed other line ends than under glibc");
}

TEST_CASE("inputs of programs are the same every time and grow with their rounds") {
  CHECK(postscript_input(3) == postscript_input(3));
  CHECK(postscript_input(3).starts_with("%!PS\n/rounds 3 def\n"));
  CHECK(lua_input(3).starts_with("local rounds = 3\n"));
  CHECK(ruby_input(30, 4).starts_with("rounds, threads = 30, 4\n"));
  CHECK(smt2_input(2) == smt2_input(2));
  CHECK(smt2_input(3).starts_with(smt2_input(2)));
}

}  // namespace
