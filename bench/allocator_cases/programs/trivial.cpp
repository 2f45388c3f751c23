// SPDX-License-Identifier: MIT
#include <cstdlib>

// A program that asks for one block and ends: what an allocator is like before it has work to do.
int main() {
  void* block = std::malloc(1);
  asm volatile("" : "+r"(block) : : "memory");
  std::free(block);
  return block == nullptr ? 1 : 0;
}
