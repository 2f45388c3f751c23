// SPDX-License-Identifier: MIT
// What the standards, and the C library whose place it takes, ask of an allocator, row by row:
// conformance [--hardening LEVEL]. One line on stderr for each row that fails; exit status 1 then.
//
// Built without builtins, so that every call is made, and run under each of the libraries as well
// as linked with quintet::malloc.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "allocator/test/preload/conformance.hpp"

int main(int count, char** arguments) {
  if (!check::has_allocator()) return 1;
  int level = 0;
  if (count == 3 && std::strcmp(arguments[1], "--hardening") == 0) {
    level = std::atoi(arguments[2]);
  } else if (count != 1) {
    std::fprintf(stderr, "conformance: unknown arguments: use --hardening LEVEL, or none\n");
    return 2;
  }
  check_c_rows();
  check_posix_rows();
  check_gnu_rows();
  check_block_rows(level < 2);  // with bytes beside blocks, what is usable is not the block
  check_cpp_rows();
  return check::failures == 0 ? 0 : 1;
}
