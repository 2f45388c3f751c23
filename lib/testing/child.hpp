// SPDX-License-Identifier: MIT
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>

#include "testing/catch.hpp"

// Runs code that is expected to end its process in a forked child, and tells how it ended.
// For single-threaded tests: the child has only the calling thread.
namespace quintet::testing {

struct ChildOutcome {
  int exit_code = -1;  // -1: ended by a signal
  int signal = 0;
  std::string error_output;  // what it wrote to stderr
};

namespace internal {

inline std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> chunk;
  for (ssize_t got = 0; (got = ::read(fd, chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace internal

template <class Body>
ChildOutcome run_child(Body body) {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::dup2(pipe_ends[1], STDERR_FILENO);
    // Catch2 would report these as failed tests of its own.
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) std::signal(signal, SIG_DFL);
    body();
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  ChildOutcome outcome;
  outcome.error_output = internal::read_to_end(pipe_ends[0]);
  ::close(pipe_ends[0]);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace quintet::testing
