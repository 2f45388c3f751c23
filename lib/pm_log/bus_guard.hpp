// SPDX-License-Identifier: MIT
#pragma once

#include <csetjmp>

// Turns SIGBUS, which the kernel sends for memory that the device cannot read and for pages beyond
// the end of a file, into an answer.
namespace quintet::pm_log {

namespace internal {

// Where this thread goes on after a SIGBUS; null: it is not ours.
extern thread_local sigjmp_buf* bus_exit;

// Installs the handler, once. Signals that no guard asked for go to the handler before ours.
void install_bus_handler();

}  // namespace internal

// Runs `access`; false if it met memory that cannot be read. What it did until then is done.
// Requires: `access` only copies: nothing that a jump out of it would leave half done.
template <class Access>
[[nodiscard]] bool guarded(Access access) {
  internal::install_bus_handler();
  sigjmp_buf here;
  sigjmp_buf* const outer = internal::bus_exit;
  if (sigsetjmp(here, 1) != 0) {
    internal::bus_exit = outer;
    return false;
  }
  internal::bus_exit = &here;
  access();
  internal::bus_exit = outer;
  return true;
}

}  // namespace quintet::pm_log
