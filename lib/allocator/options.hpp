// SPDX-License-Identifier: MIT
#pragma once

#include "allocator/process.hpp"

// Settings of the process's allocator, from the environment: QUINTET_MALLOC_<NAME>. All of them are
// listed, with their values and meanings, on stderr of a program that runs with
// QUINTET_MALLOC_HELP=1.
namespace quintet::allocator {

// Once, as soon as there is an environment. A name or value that is none is named on stderr, and
// ignored. Programs that run with more rights than their caller (setuid, setgid) read none.
void read_options(ProcessAllocator& allocator) noexcept;

}  // namespace quintet::allocator
