// SPDX-License-Identifier: MIT
#include "pm_log/bus_guard.hpp"

#include <signal.h>

#include <mutex>

namespace quintet::pm_log::internal {

thread_local sigjmp_buf* bus_exit = nullptr;

namespace {

struct sigaction previous;

void on_bus(int number, siginfo_t* info, void* context) {
  if (bus_exit != nullptr) siglongjmp(*bus_exit, 1);
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else {
    ::signal(number, SIG_DFL);  // and the access, made again, ends the process
  }
}

}  // namespace

void install_bus_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = on_bus;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
  });
}

}  // namespace quintet::pm_log::internal
