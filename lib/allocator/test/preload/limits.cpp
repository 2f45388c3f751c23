// SPDX-License-Identifier: MIT
// Little address space: limits MIB starts itself anew with RLIMIT_AS of so many MiB, and uses all
// that there is, again and again. Every request that fails says so; what is freed can be had again.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>

#include "allocator/test/preload/check.hpp"

namespace {

using check::expect;

struct Node {
  Node* next;
};

// As many blocks as there are, or most bytes, in a list. Returns the bytes.
std::size_t take_all(std::size_t size, std::size_t most, Node*& list) {
  std::size_t bytes = 0;
  for (; bytes < most; bytes += size) {
    errno = 0;
    void* const block = std::malloc(size);
    if (block == nullptr) {
      expect(errno == ENOMEM, "malloc(%zu) is null, and errno %d", size, errno);
      return bytes;
    }
    list = new (block) Node{list};
  }
  return bytes;
}
void free_all(Node* list) {
  while (list != nullptr) {
    Node* const next = list->next;
    std::free(list);
    list = next;
  }
}

void check_size(std::size_t size, std::size_t limit) {
  std::size_t first = 0;
  for (int round = 0; round < 3; ++round) {
    Node* list = nullptr;
    const std::size_t bytes = take_all(size, 2 * limit, list);
    expect(bytes < limit, "RLIMIT_AS of %zu does not limit blocks of %zu bytes", limit, size);
    expect(bytes > limit / 2, "of %zu bytes only %zu can be had in blocks of %zu", limit, bytes,
           size);
    if (round == 0) first = bytes;
    expect(bytes > first / 10 * 9, "%zu bytes in blocks of %zu, after frees only %zu", first, size,
           bytes);
    // A block is as it was when it cannot grow; operator new throws.
    void* const same = std::realloc(list, limit);
    expect(same == nullptr, "realloc to all of the address space succeeds");
    bool has_thrown = false;
    try {
      ::operator delete(check::opaque(::operator new(limit)));
    } catch (const std::bad_alloc&) {
      has_thrown = true;
    }
    expect(has_thrown, "operator new does not throw without memory");
    free_all(list);
  }
}

int be_limited(std::size_t limit) {
  for (const std::size_t size : {std::size_t{3} << 20, std::size_t{100}, std::size_t{5000},
                                 std::size_t{100'000}, std::size_t{700'000}}) {
    check_size(size, limit);
  }
  std::string text;
  std::thread([&] { text.assign(100'000, 't'); }).join();
  expect(text.size() == 100'000, "no thread after memory has run out");
  return check::failures == 0 ? 0 : 1;
}

int start_limited(const char* program, const char* mebibytes, std::size_t limit) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit wanted{limit, limit};
    if (setrlimit(RLIMIT_AS, &wanted) != 0) _exit(3);
    execl(program, program, mebibytes, "limited", static_cast<char*>(nullptr));
    _exit(4);
  }
  int status = -1;
  waitpid(child, &status, 0);
  expect(status == 0, "with %s MiB: wait status %#x", mebibytes, static_cast<unsigned>(status));
  return check::failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const long mebibytes = count > 1 ? std::atol(arguments[1]) : 0;
  if (mebibytes <= 0) {
    std::fprintf(stderr, "limits: no limit: give a number of MiB\n");
    return 2;
  }
  if (!check::has_allocator()) return 1;
  const std::size_t limit = static_cast<std::size_t>(mebibytes) << 20;
  return count > 2 ? be_limited(limit) : start_limited("/proc/self/exe", arguments[1], limit);
}
