// SPDX-License-Identifier: MIT
// A library whose constructor runs before those of the program, and of most other libraries, and
// registers handlers of fork(2) that allocate: they must not meet an allocator that is locked.
#include <pthread.h>

#include <cstddef>
#include <cstdlib>
#include <initializer_list>

namespace {

int calls = 0;

// What is long takes the allocator's locks.
void allocate() {
  for (const std::size_t size : {std::size_t{100}, std::size_t{3} << 20}) {
    void* volatile block = std::malloc(size);
    std::free(block);
  }
  ++calls;
}

[[gnu::constructor]] void register_handlers() { ::pthread_atfork(allocate, allocate, allocate); }

}  // namespace

[[gnu::visibility("default")]] int calls_of_handlers() { return calls; }
