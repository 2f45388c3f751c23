// SPDX-License-Identifier: MIT
// Forks with handlers that allocate, which a library has registered before main
// (early_handlers.cpp). One that waits for ever is found by the test's limit.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int calls_of_handlers();

int main() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(calls_of_handlers());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2 && calls_of_handlers() == 2) return 0;
  std::printf("early_fork: child status %d, %d calls of handlers: 2 are right\n", status,
              calls_of_handlers());
  return 1;
}
