// SPDX-License-Identifier: MIT
#include "cache_lines.hpp"

// The row cache-thrash: active false sharing. Each thread writes to bytes that it has allocated
// itself; an allocator that hands out parts of one line to several threads makes them slow.
namespace quintet::workloads {
namespace {

Outcome work(const Flags& flags) {
  return write_own_bytes(flags, [](std::uint64_t) {});
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"cache_thrash", "active false sharing: threads write to bytes of their own.",
              Threads::kMany, work},
             argc, argv);
}
