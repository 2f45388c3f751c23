// SPDX-License-Identifier: MIT
// What memcheck_test.sh judges: memcheck_cases CASE does one thing wrong, or with `correct`
// nothing. Each mistake is made once, in a function of the case's name, which memcheck must name.
#include <malloc.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "allocator/test/preload/check.hpp"

namespace {

using check::opaque;

// Looks at a byte, as far as the compiler knows.
[[gnu::noinline]] bool is_set(const char* byte) { return *opaque(byte) != 0; }

void* made(std::size_t size) {
  void* const block = opaque(std::malloc(size));
  std::memset(block, 1, size);
  return block;
}

}  // namespace

// C names, for the test to look for.
extern "C" {
[[gnu::noinline]] void read_after_free() {
  auto* const block = static_cast<char*>(made(100));
  std::free(block);
  if (is_set(block)) std::puts("set");
}
[[gnu::noinline]] void read_long_after_free() {
  auto* const block = static_cast<char*>(made(100));
  std::free(block);
  std::array<void*, 100> others{};
  for (void*& other : others) other = made(100);
  if (is_set(block + 50)) std::puts("set");
  for (void* const other : others) std::free(other);
}
[[gnu::noinline]] void read_large_after_free() {
  auto* const block = static_cast<char*>(made(3 << 20));
  std::free(block);
  if (is_set(block + (2 << 20))) std::puts("set");
}
[[gnu::noinline]] void read_behind() {
  auto* const block = static_cast<char*>(made(100));
  if (is_set(block + 100)) std::puts("set");
  std::free(block);
}
[[gnu::noinline]] void write_before() {
  auto* const first = static_cast<char*>(made(100));
  auto* const second = static_cast<char*>(made(100));
  (first < second ? second : first)[-1] = 1;
  std::free(first);
  std::free(second);
}
[[gnu::noinline]] void read_behind_shrunk() {
  auto* const block = static_cast<char*>(opaque(std::realloc(made(100), 80)));
  if (is_set(block + 80)) std::puts("set");
  std::free(block);
}
[[gnu::noinline]] void read_uninitialised() {
  std::free(made(100));
  auto* const block = static_cast<char*>(opaque(std::malloc(100)));
  if (is_set(block + 50)) std::puts("set");
  std::free(block);
}
[[gnu::noinline]] void lose() { made(1234); }
[[gnu::noinline]] void free_twice() {
  void* const block = made(100);
  std::free(block);
  std::free(opaque(block));
}
[[gnu::noinline]] void free_inside() {
  auto* const block = static_cast<char*>(made(100));
  std::free(opaque(block + 16));
  std::free(block);
}
[[gnu::noinline]] void correct();
}

namespace {

void use_sizes() {
  std::vector<void*> blocks;
  void* const empty = made(0);
  check::expect(malloc_usable_size(empty) == 0, "a block of no bytes has some");
  std::free(empty);
  for (std::size_t size = 1; size < (std::size_t{4} << 20); size += size / 3 + 1) {
    blocks.push_back(made(size));
    void* const zeroed = opaque(std::calloc(3, size));
    check::expect(check::is_filled(zeroed, 3 * size, 0), "calloc(3, %zu) is not zero", size);
    blocks.push_back(opaque(std::realloc(zeroed, 2 * size)));
    check::expect(check::is_filled(blocks.back(), 2 * size, 0), "realloc(%zu) has lost", size);
    blocks.back() = opaque(std::realloc(blocks.back(), 5 * size));
    std::memset(blocks.back(), 3, malloc_usable_size(blocks.back()));
    blocks.push_back(opaque(aligned_alloc(256, size)));
    std::memset(blocks.back(), 2, malloc_usable_size(blocks.back()));
    std::free(blocks[blocks.size() / 2]);
    blocks[blocks.size() / 2] = made(size);
  }
  for (void* const block : blocks) std::free(block);
  malloc_trim(0);
}

// Two threads at a time, each of which frees what the other one of the round before has made.
void use_threads() {
  constexpr std::size_t kBlocks = 2000;
  std::array<std::vector<void*>, 2> before;
  for (int round = 0; round < 4; ++round) {
    std::array<std::vector<void*>, 2> now;
    const auto run = [&](std::size_t self) {
      for (std::size_t i = 0; i < kBlocks; ++i) now[self].push_back(made(40 + i % 300));
      for (void* const block : before[1 - self]) {
        check::expect(check::is_filled(block, 40, 1), "another's block has changed");
        std::free(block);
      }
    };
    std::thread other(run, 1);
    run(0);
    other.join();
    before = now;
  }
  for (const auto& blocks : before) {
    for (void* const block : blocks) std::free(block);
  }
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr std::array<Case, 11> kCases{{
    {"correct", correct},
    {"read_after_free", read_after_free},
    {"read_long_after_free", read_long_after_free},
    {"read_large_after_free", read_large_after_free},
    {"read_behind", read_behind},
    {"write_before", write_before},
    {"read_behind_shrunk", read_behind_shrunk},
    {"read_uninitialised", read_uninitialised},
    {"lose", lose},
    {"free_twice", free_twice},
    {"free_inside", free_inside},
}};

}  // namespace

void correct() {
  use_sizes();
  use_threads();
  std::map<std::string, std::vector<int>> words;
  for (int i = 0; i < 3000; ++i) words["a longer word " + std::to_string(i % 97)].push_back(i);
  for (const auto& [word, numbers] : words) check::expect(!numbers.empty(), "no numbers");
}

int main(int count, char** arguments) {
  if (!check::has_allocator()) return 1;
  const char* const name = count == 2 ? arguments[1] : "";
  for (const Case& one : kCases) {
    if (std::strcmp(one.name, name) != 0) continue;
    one.run();
    return check::failures == 0 ? 0 : 1;
  }
  std::fprintf(stderr, "memcheck_cases: no case '%s': use one of", name);
  for (const Case& one : kCases) std::fprintf(stderr, " %s", one.name);
  std::fprintf(stderr, "\n");
  return 2;
}
