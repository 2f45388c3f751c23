// SPDX-License-Identifier: MIT
// Each function of the allocator as the first that a process calls: first_call starts itself anew
// for each of them, first_call NAME is such a process.
//
// Without libstdc++, which allocates before main() does; so also a program without C++.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "allocator/test/preload/check.hpp"

// Defined by the allocator alone: there is no libstdc++ to take them from.
asm(".weak _Znwm, _Znam, _ZnwmRKSt9nothrow_t, _ZnamRKSt9nothrow_t\n"
    ".weak _ZnwmSt11align_val_t, _ZnamSt11align_val_t\n"
    ".weak _ZnwmSt11align_val_tRKSt9nothrow_t, _ZnamSt11align_val_tRKSt9nothrow_t\n"
    ".weak _ZdlPv, _ZdaPv, _ZdlPvm, _ZdaPvm, _ZdlPvRKSt9nothrow_t, _ZdaPvRKSt9nothrow_t\n"
    ".weak _ZdlPvSt11align_val_t, _ZdaPvSt11align_val_t\n"
    ".weak _ZdlPvmSt11align_val_t, _ZdaPvmSt11align_val_t\n"
    ".weak _ZdlPvSt11align_val_tRKSt9nothrow_t, _ZdaPvSt11align_val_tRKSt9nothrow_t\n");

namespace {

using check::expect;
using check::opaque;

constexpr std::size_t kSize = 100;
constexpr std::align_val_t kAlignment{64};
const std::nothrow_t no_throw{};

void* none() { return opaque<void*>(nullptr); }

void use(void* block, void (*drop)(void*) = std::free) {
  expect(block != nullptr, "null");
  if (block == nullptr) return;
  std::memset(block, 0x42, kSize);
  expect(malloc_usable_size(block) >= kSize, "too short, or not ours");
  drop(block);
}
void use_posix(int (*call)(void**, std::size_t, std::size_t)) {
  void* block = nullptr;
  expect(call(&block, 64, kSize) == 0, "refused");
  use(block);
}
void use_reallocarr() {
  void* block = nullptr;
  expect(reallocarr(&block, 10, 10) == 0, "refused");
  use(block);
}

void use_new(void* block) {
  use(block, [](void* made) { ::operator delete(made); });
}
void use_array(void* block) {
  use(block, [](void* made) { ::operator delete[](made); });
}

struct Call {
  const char* name;
  void (*run)();
};

constexpr Call kCalls[] = {
    {"malloc", [] { use(std::malloc(kSize)); }},
    {"malloc of 0", [] { std::free(opaque(std::malloc(0))); }},
    {"malloc of 5000", [] { use(std::malloc(5000)); }},
    {"malloc of 3 MiB", [] { use(std::malloc(3 << 20)); }},
    {"malloc of too much", [] { expect(std::malloc(opaque(SIZE_MAX)) == nullptr, "not null"); }},
    {"calloc", [] { use(std::calloc(1, kSize)); }},
    {"realloc", [] { use(std::realloc(none(), kSize)); }},
    {"free", [] { std::free(none()); }},
    {"cfree", [] { cfree(none()); }},
    {"vfree", [] { vfree(none()); }},
    {"free_sized", [] { free_sized(none(), 1); }},
    {"free_aligned_sized", [] { free_aligned_sized(none(), 8, 1); }},
    {"sdallocx", [] { sdallocx(none(), 8, 1); }},
    {"reallocarray", [] { use(reallocarray(none(), 10, 10)); }},
    {"reallocf", [] { use(reallocf(none(), kSize)); }},
    {"reallocarr", use_reallocarr},
    {"memalign", [] { use(memalign(64, kSize)); }},
    {"aligned_alloc", [] { use(std::aligned_alloc(64, kSize)); }},
    {"aligned_alloc of 1 MiB", [] { use(std::aligned_alloc(1 << 20, kSize)); }},
    {"posix_memalign", [] { use_posix(&posix_memalign); }},
    {"valloc", [] { use(valloc(kSize)); }},
    {"pvalloc", [] { use(pvalloc(kSize)); }},
    {"_aligned_malloc", [] { use(_aligned_malloc(kSize, 64)); }},
    {"mallocx", [] { use(mallocx(kSize, 6)); }},
    {"nallocx", [] { expect(nallocx(kSize, 0) >= kSize, "too little"); }},
    {"malloc_usable_size", [] { expect(malloc_usable_size(none()) == 0, "not 0"); }},
    {"malloc_size", [] { expect(malloc_size(none()) == 0, "not 0"); }},
    {"malloc_good_size", [] { expect(malloc_good_size(kSize) >= kSize, "too little"); }},
    {"malloc_trim", [] { expect(malloc_trim(0) == 0, "there is nothing to trim"); }},
    {"mallopt", [] { expect(mallopt(M_MMAP_MAX, 0) == 1, "refused"); }},
    {"mallinfo", [] { expect(mallinfo().uordblks == 0, "something is in use before main()"); }},
    {"mallinfo2", [] { expect(mallinfo2().uordblks == 0, "something is in use before main()"); }},
    {"malloc_stats", [] { malloc_stats(); }},
    {"malloc_info", [] { expect(malloc_info(0, stdout) == 0, "fails"); }},
    {"__libc_malloc", [] { use(__libc_malloc(kSize)); }},
    {"__libc_calloc", [] { use(__libc_calloc(1, kSize)); }},
    {"__libc_realloc", [] { use(__libc_realloc(none(), kSize)); }},
    {"__libc_free", [] { __libc_free(none()); }},
    {"__libc_cfree", [] { __libc_cfree(none()); }},
    {"__libc_memalign", [] { use(__libc_memalign(64, kSize)); }},
    {"__libc_valloc", [] { use(__libc_valloc(kSize)); }},
    {"__libc_pvalloc", [] { use(__libc_pvalloc(kSize)); }},
    {"__posix_memalign", [] { use_posix(&__posix_memalign); }},
    {"new", [] { use_new(::operator new(kSize)); }},
    {"new[]", [] { use_array(::operator new[](kSize)); }},
    {"new nothrow", [] { use_new(::operator new(kSize, no_throw)); }},
    {"new[] nothrow", [] { use_array(::operator new[](kSize, no_throw)); }},
    {"new aligned", [] { use_new(::operator new(kSize, kAlignment)); }},
    {"new[] aligned", [] { use_array(::operator new[](kSize, kAlignment)); }},
    {"new aligned nothrow", [] { use_new(::operator new(kSize, kAlignment, no_throw)); }},
    {"new[] aligned nothrow", [] { use_array(::operator new[](kSize, kAlignment, no_throw)); }},
    {"delete", [] { ::operator delete(none()); }},
    {"delete[]", [] { ::operator delete[](none()); }},
    {"delete sized", [] { ::operator delete(none(), kSize); }},
    {"delete[] sized", [] { ::operator delete[](none(), kSize); }},
    {"delete nothrow", [] { ::operator delete(none(), no_throw); }},
    {"delete[] nothrow", [] { ::operator delete[](none(), no_throw); }},
    {"delete aligned", [] { ::operator delete(none(), kAlignment); }},
    {"delete[] aligned", [] { ::operator delete[](none(), kAlignment); }},
    {"delete sized aligned", [] { ::operator delete(none(), kSize, kAlignment); }},
    {"delete[] sized aligned", [] { ::operator delete[](none(), kSize, kAlignment); }},
    {"delete aligned nothrow", [] { ::operator delete(none(), kAlignment, no_throw); }},
    {"delete[] aligned nothrow", [] { ::operator delete[](none(), kAlignment, no_throw); }},
};

// The call, and then an ordinary one.
int be_first(const char* name) {
  for (const Call& call : kCalls) {
    if (std::strcmp(call.name, name) != 0) continue;
    call.run();
    use(std::malloc(kSize));
    return check::failures == 0 ? 0 : 1;
  }
  std::fprintf(stderr, "first_call: unknown call '%s': use no argument to run all\n", name);
  return 2;
}

void start(const char* program, const char* name) {
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(3);
    if (std::strcmp(name, "malloc_stats") == 0) std::freopen("/dev/null", "w", stderr);
    alarm(20);
    execl(program, program, name, static_cast<char*>(nullptr));
    _exit(4);
  }
  int status = -1;
  waitpid(child, &status, 0);
  expect(status == 0, "%s as the first call: wait status %#x", name, static_cast<unsigned>(status));
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2) return be_first(arguments[1]);
  if (!check::has_allocator()) return 1;
  for (const Call& call : kCalls) start("/proc/self/exe", call.name);
  std::printf("%zu functions as the first call\n", sizeof kCalls / sizeof kCalls[0]);
  return check::failures == 0 ? 0 : 1;
}
