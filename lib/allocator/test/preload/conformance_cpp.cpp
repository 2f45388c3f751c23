// SPDX-License-Identifier: MIT
// Rows of C++23 [new.delete]: all twenty operators, and what they do without memory.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>

#include "allocator/test/preload/conformance.hpp"

using check::expect;
using check::is_ours;
using check::kMost;
using check::opaque;

namespace {

bool is_aligned(const void* block, std::align_val_t alignment) {
  return block != nullptr &&
         reinterpret_cast<std::uintptr_t>(block) % static_cast<std::size_t>(alignment) == 0;
}

// Each form of new with each form of delete that fits it.
void check_plain_operators() {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{5000},
                                 std::size_t{300'000}, std::size_t{5'000'000}}) {
    const auto one = [&](int form) {
      return form == 0 ? ::operator new(size) : ::operator new(size, std::nothrow);
    };
    const auto array = [&](int form) {
      return form == 0 ? ::operator new[](size) : ::operator new[](size, std::nothrow);
    };
    for (int form = 0; form < 6; ++form) {
      void* const p = opaque(one(form % 2));
      void* const a = opaque(array(form % 2));
      const bool are_ours = size == 0 ? p != nullptr && a != nullptr : is_ours(p) && is_ours(a);
      expect(are_ours && p != a, "new of %zu bytes (form %d) is not ours", size, form);
      std::memset(p, 1, size);
      std::memset(a, 2, size);
      if (form / 2 == 0) ::operator delete(p), ::operator delete[](a);
      if (form / 2 == 1) ::operator delete(p, size), ::operator delete[](a, size);
      if (form / 2 == 2) ::operator delete(p, std::nothrow), ::operator delete[](a, std::nothrow);
    }
  }
}

void check_aligned_operators() {
  for (std::size_t word = 1; word <= (1 << 22); word *= 4) {
    const std::align_val_t alignment{word};
    for (int form = 0; form < 6; ++form) {
      constexpr std::size_t kSize = 100;
      void* const p = opaque(form % 2 == 0 ? ::operator new(kSize, alignment)
                                           : ::operator new(kSize, alignment, std::nothrow));
      void* const a = opaque(form % 2 == 0 ? ::operator new[](kSize, alignment)
                                           : ::operator new[](kSize, alignment, std::nothrow));
      expect(is_aligned(p, alignment) && is_aligned(a, alignment) && is_ours(p) && is_ours(a),
             "new aligned to %zu (form %d) is not aligned, or not ours", word, form);
      if (form / 2 == 0) ::operator delete(p, alignment), ::operator delete[](a, alignment);
      if (form / 2 == 1) {
        ::operator delete(p, kSize, alignment);
        ::operator delete[](a, kSize, alignment);
      }
      if (form / 2 == 2) {
        ::operator delete(p, alignment, std::nothrow);
        ::operator delete[](a, alignment, std::nothrow);
      }
    }
  }
}

void check_delete_of_null() {
  void* const none = opaque<void*>(nullptr);
  const std::align_val_t alignment{64};
  const int before = check::failures;
  errno = EILSEQ;
  ::operator delete(none);
  ::operator delete[](none);
  ::operator delete(none, std::size_t{8});
  ::operator delete[](none, std::size_t{8});
  ::operator delete(none, std::nothrow);
  ::operator delete[](none, std::nothrow);
  ::operator delete(none, alignment);
  ::operator delete[](none, alignment);
  ::operator delete(none, std::size_t{8}, alignment);
  ::operator delete[](none, std::size_t{8}, alignment);
  ::operator delete(none, alignment, std::nothrow);
  ::operator delete[](none, alignment, std::nothrow);
  expect(errno == EILSEQ && check::failures == before, "delete of null changes errno");
}

// The eight forms of new that ask for `size` bytes. f(name, throws, call); call() returns null, or
// the block, freed.
void* dropped(void* block) {
  ::operator delete(opaque(block));
  return block;
}
void* dropped_array(void* block) {
  ::operator delete[](opaque(block));
  return block;
}
template <class F>
void for_each_new(std::size_t size, F f) {
  const std::align_val_t alignment{64};
  const auto& no = std::nothrow;
  f("new", true, [=] { return dropped(::operator new(size)); });
  f("new[]", true, [=] { return dropped_array(::operator new[](size)); });
  f("new aligned", true, [=] { return dropped(::operator new(size, alignment)); });
  f("new[] aligned", true, [=] { return dropped_array(::operator new[](size, alignment)); });
  f("new nothrow", false, [=] { return dropped(::operator new(size, no)); });
  f("new[] nothrow", false, [=] { return dropped_array(::operator new[](size, no)); });
  f("new aligned nothrow", false, [=] { return dropped(::operator new(size, alignment, no)); });
  f("new[] aligned nothrow", false,
    [=] { return dropped_array(::operator new[](size, alignment, no)); });
}

enum class Outcome { kBlock, kNull, kBadAlloc, kOwn };
struct OwnError : std::bad_alloc {};

template <class Call>
Outcome outcome_of(Call call) {
  try {
    void* const block = opaque(call());
    return block == nullptr ? Outcome::kNull : Outcome::kBlock;
  } catch (const OwnError&) {
    return Outcome::kOwn;
  } catch (const std::bad_alloc&) {
    return Outcome::kBadAlloc;
  }
}

int handler_calls = 0;

void check_without_handler() {
  for (const std::size_t size : {kMost, SIZE_MAX - 63, SIZE_MAX}) {
    for_each_new(opaque(size), [&](const char* name, bool throws, auto call) {
      const Outcome wanted = throws ? Outcome::kBadAlloc : Outcome::kNull;
      expect(outcome_of(call) == wanted, "%s(%zu) without a handler is not %s", name, size,
             throws ? "bad_alloc" : "null");
    });
  }
  bool has_thrown = false;
  try {
    ::operator delete[](opaque(new int[opaque(SIZE_MAX / 2)]));
  } catch (const std::bad_alloc&) {
    has_thrown = true;
  }
  expect(has_thrown, "new int[SIZE_MAX / 2] does not throw");
}

// Called again until it throws, or takes itself away.
void check_handler_loop() {
  for_each_new(opaque(kMost), [&](const char* name, bool throws, auto call) {
    handler_calls = 0;
    std::set_new_handler([] {
      if (++handler_calls == 5) std::set_new_handler(nullptr);
    });
    expect(outcome_of(call) == (throws ? Outcome::kBadAlloc : Outcome::kNull) && handler_calls == 5,
           "%s: a handler that goes after 5 calls was called %d times", name, handler_calls);
    handler_calls = 0;
    std::set_new_handler([] {
      if (++handler_calls == 3) throw OwnError();
    });
    expect(outcome_of(call) == (throws ? Outcome::kOwn : Outcome::kNull) && handler_calls == 3,
           "%s: a handler that throws at call 3 was called %d times, or its exception is lost",
           name, handler_calls);
    std::set_new_handler(nullptr);
  });
}

rlim_t memory_in_use() {
  long pages[6] = {};
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%ld %ld %ld %ld %ld %ld", &pages[0], &pages[1], &pages[2],
                               &pages[3], &pages[4], &pages[5]);
  std::fclose(file);
  return read == 6 ? static_cast<rlim_t>(pages[5]) * 4096 : 0;
}

rlimit limit_before;

// A handler that finds memory: the operator tries again, and has it.
template <class Call>
void check_handler_that_helps(const char* name, Call call) {
  const bool has_limit = getrlimit(RLIMIT_DATA, &limit_before) == 0;
  rlimit limit = limit_before;
  limit.rlim_cur = memory_in_use() + (8 << 20);
  expect(has_limit && setrlimit(RLIMIT_DATA, &limit) == 0, "memory cannot be limited");
  handler_calls = 0;
  std::set_new_handler([] {
    if (++handler_calls == 2) setrlimit(RLIMIT_DATA, &limit_before);
    if (handler_calls == 10) throw OwnError();
  });
  const Outcome outcome = outcome_of(call);
  expect(outcome == Outcome::kBlock && handler_calls == 2,
         "%s: with a handler that makes memory available in call 2: outcome %d after %d calls",
         name, static_cast<int>(outcome), handler_calls);
}

// Each form in a process of its own: memory that one has got from the system, others find there.
void check_handlers_that_help() {
  for_each_new(opaque(std::size_t{1} << 30), [&](const char* name, bool, auto call) {
    const pid_t child = fork();
    if (child == 0) {
      check::failures = 0;
      check_handler_that_helps(name, call);
      _exit(check::failures);
    }
    int status = -1;
    const bool has_ended = waitpid(child, &status, 0) == child;
    expect(has_ended && status == 0, "%s: wait status %#x of a child", name,
           static_cast<unsigned>(status));
  });
}

struct alignas(256) Wide {
  char bytes[300];
};

void check_expressions() {
  Wide* const wide = opaque(new Wide);
  Wide* const wides = opaque(new Wide[3]);
  expect(is_aligned(wide, std::align_val_t{256}) && is_aligned(wides, std::align_val_t{256}),
         "new of a type aligned to 256 is not");
  delete wide;
  delete[] wides;
  const std::size_t before = check::used_bytes();
  for (int i = 0; i < 100; ++i) {
    ::operator delete(opaque(::operator new(4 << 20)), std::size_t{4 << 20});
    ::operator delete(opaque(::operator new(4 << 20, std::align_val_t{4096})),
                      std::align_val_t{4096});
  }
  expect(check::used_bytes() < before + (64 << 20), "delete does not free");
}

}  // namespace

void check_cpp_rows() {
  check_plain_operators();
  check_aligned_operators();
  check_delete_of_null();
  check_without_handler();
  check_handler_loop();
  check_handlers_that_help();
  check_expressions();
}
