// SPDX-License-Identifier: MIT
// What misuse_test.sh judges: misuse CASE says an address on stdout and misuses it; what comes
// after that, if anything does, is `went on` and an exit status of 0. Some cases are no misuse:
// they show what options do (statistics_test.sh, too).
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "allocator/test/preload/check.hpp"

namespace {

using check::opaque;

char global[64];

char* said(void* pointer) {
  std::printf("%p\n", pointer);
  std::fflush(stdout);
  return static_cast<char*>(opaque(pointer));
}
void* mapped() {
  return mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
void use_and_free_20_mib() {
  void* const block = std::malloc(20 << 20);
  std::memset(block, 1, 20 << 20);
  std::free(opaque(block));
}
// Whether a block lies in a mapping that is advised to have huge pages: `hg` in smaps.
void say_advice() {
  const auto block = reinterpret_cast<std::uintptr_t>(opaque(std::malloc(3 << 20)));
  std::FILE* const file = std::fopen("/proc/self/smaps", "r");
  if (file == nullptr) return;
  char line[512];
  bool is_here = false;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line, "%lx-%lx ", &begin, &end) == 2) is_here = begin <= block && block < end;
    if (is_here && std::strncmp(line, "VmFlags:", 8) == 0) {
      std::printf("huge pages: %s\n", std::strstr(line, " hg") != nullptr ? "yes" : "no");
    }
  }
  std::fclose(file);
}
// The file `own` under the number of stderr, and under `others` from there on.
void open_own_file(int others) {
  close_range(STDERR_FILENO, ~0U, 0);
  for (int number = STDERR_FILENO; number <= others; ++number) {
    if (open("own", O_WRONLY | O_CREAT | O_APPEND, 0666) != number) std::abort();
  }
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr Case kCases[] = {
    {"stack",
     [] {
       char local[64];
       std::free(said(local));
     }},
    {"global", [] { std::free(said(global)); }},
    {"mapped", [] { std::free(said(mapped())); }},
    {"low", [] { std::free(said(reinterpret_cast<void*>(4096))); }},
    {"high", [] { std::free(said(reinterpret_cast<void*>(0xFFFF'8000'0000'0000))); }},
    {"middle", [] { std::free(said(static_cast<char*>(std::malloc(1000)) + 512)); }},
    {"unaligned", [] { std::free(said(static_cast<char*>(std::malloc(1000)) + 1)); }},
    {"middle_of_large", [] { std::free(said(static_cast<char*>(std::malloc(5 << 20)) + 65536)); }},
    {"realloc_stack",
     [] {
       char local[64];
       if (std::realloc(said(local), 100) != nullptr) std::abort();
     }},
    {"realloc_middle",
     [] {
       if (std::realloc(said(static_cast<char*>(std::malloc(1000)) + 512), 100) != nullptr) {
         std::abort();
       }
     }},
    {"delete_stack",
     [] {
       char local[64];
       ::operator delete(said(local));
     }},
    {"delete_sized_stack",
     [] {
       char local[64];
       ::operator delete[](said(local), sizeof local);
     }},
    {"usable_size_of_stack",
     [] {
       char local[64];
       if (malloc_usable_size(said(local)) != 0) std::abort();
     }},
    {"free_20_mib", use_and_free_20_mib},
    {"huge_pages", say_advice},
    {"close_stderr", [] { close(STDERR_FILENO); }},
    {"close_others", [] { close_range(STDERR_FILENO + 1, ~0U, 0); }},
    {"own_stderr",
     [] {
       close(STDERR_FILENO);
       if (open("own", O_WRONLY | O_CREAT | O_APPEND, 0666) != STDERR_FILENO) std::abort();
     }},
    {"own_files", [] { open_own_file(200); }},
    {"fork",
     [] {
       if (fork() != 0) wait(nullptr);
     }},
};

}  // namespace

int main(int count, char** arguments) {
  if (!check::has_allocator()) return 1;
  const char* const name = count == 2 ? arguments[1] : "";
  for (const Case& one : kCases) {
    if (std::strcmp(one.name, name) != 0) continue;
    one.run();
    // What was misused is given up; the allocator still works.
    void* const block = opaque(std::malloc(1000));
    std::memset(block, 1, 1000);
    std::free(block);
    std::puts("went on");
    return 0;
  }
  std::fprintf(stderr, "misuse: no case '%s': use one of", name);
  for (const Case& one : kCases) std::fprintf(stderr, " %s", one.name);
  std::fprintf(stderr, "\n");
  return 2;
}
