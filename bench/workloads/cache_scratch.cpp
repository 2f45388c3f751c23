// SPDX-License-Identifier: MIT
#include <vector>

#include "cache_lines.hpp"

// The row cache-scratch: passive false sharing. The main thread hands each thread one byte, out of
// as few cache lines as the allocator likes; the thread frees it, and goes on with bytes of its
// own.
namespace quintet::workloads {
namespace {

Outcome work(const Flags& flags) {
  std::vector<char*> handed;
  handed.reserve(flags.threads);
  for (std::uint64_t i = 0; i < flags.threads; ++i) {
    handed.push_back(new char[1]);
    *handed.back() = static_cast<char>(i);
  }
  return write_own_bytes(flags, [&](std::uint64_t member) {
    verify(*handed[member] == static_cast<char>(member));
    delete[] handed[member];
  });
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"cache_scratch", "passive false sharing: threads write to bytes freed from others'.",
              Threads::kMany, work},
             argc, argv);
}
