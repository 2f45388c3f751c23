// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

// allocator_child SECONDS PRELOAD PROGRAM ARGV0 [ARGUMENT...]: runs PROGRAM under LD_PRELOAD (none
// if PRELOAD is empty), kills it after SECONDS, and writes what became of it to descriptor 3 as
// `<fate> <code> <wall_s> <cpu_s> <max_rss_kib> <minor_faults>`, where fate is exited, killed (by
// the signal `code`), late or unstarted (with errno).
//
// A process of its own and small, because a program starts with the peak RSS of the process that it
// was forked from, and a benchmark binary is larger than many a workload.
namespace {

constexpr int kReport = 3;

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

void report(const char* fate, int code, double wall, const rusage& usage) {
  dprintf(kReport, "%s %d %.9f %.6f %ld %ld\n", fate, code, wall,
          seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss, usage.ru_minflt);
}

// In the forked child: becomes the program. Writes errno to `failure` if that does not work.
[[noreturn]] void become(const char* preload, char** arguments, int failure) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever kills the benchmark kills its workload
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  close(kReport);
  if (*preload != '\0') setenv("LD_PRELOAD", preload, 1);
  execv(arguments[0], arguments + 1);
  const int code = errno;
  if (write(failure, &code, sizeof code) != sizeof code) _exit(126);
  _exit(127);
}

// Waits until the child has ended, or until `limit` seconds are over. Requires: SIGCHLD is blocked.
bool ends_in_time(double limit) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  const double end = now() + limit;
  for (double left = limit; left > 0; left = end - now()) {
    timespec rest{};
    rest.tv_sec = static_cast<time_t>(left);
    rest.tv_nsec = static_cast<long>((left - static_cast<double>(rest.tv_sec)) * 1e9);
    if (sigtimedwait(&wanted, nullptr, &rest) == SIGCHLD) return true;
  }
  return false;
}

int run(double limit, const char* preload, char** arguments) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) return 1;
  const double start = now();
  const pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) become(preload, arguments, failure[1]);
  close(failure[1]);
  const bool in_time = ends_in_time(limit);
  if (!in_time) kill(child, SIGKILL);
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) continue;
  const double wall = now() - start;
  int code = 0;
  if (read(failure[0], &code, sizeof code) == sizeof code) {
    report("unstarted", code, wall, usage);
  } else if (!in_time) {
    report("late", 0, wall, usage);
  } else if (WIFSIGNALED(status)) {
    report("killed", WTERMSIG(status), wall, usage);
  } else {
    report("exited", WEXITSTATUS(status), wall, usage);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: allocator_child SECONDS PRELOAD PROGRAM ARGV0 [ARGUMENT...]\n", stderr);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return run(std::atof(argv[1]), argv[2], argv + 3);
}
