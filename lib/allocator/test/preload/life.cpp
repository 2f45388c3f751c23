// SPDX-License-Identifier: MIT
// Allocation outside the middle of a process's life: before and in constructors, in and after
// destructors and atexit(3), in threads that end, in libraries that come and go.
// Argument: the library made of plugin.cpp. Exit status 0 is given by what runs last.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "allocator/test/preload/check.hpp"

namespace {

using check::expect;

constexpr std::size_t kSizes[] = {1, 16, 100, 1000, 5000, 40'000, 200'000, 3'000'000};
constexpr int kStages = 6;
int stages = 0;  // that have run

// Blocks of all kinds, each byte with a value of the stage.
struct Blocks {
  void make(unsigned char byte) {
    byte_ = byte;
    for (std::size_t i = 0; i < std::size(kSizes); ++i) {
      blocks_[i] = std::malloc(kSizes[i]);
      expect(blocks_[i] != nullptr, "malloc(%zu) in stage %d is null", kSizes[i], byte);
      if (blocks_[i] != nullptr) std::memset(blocks_[i], byte, kSizes[i]);
    }
  }
  void drop() {
    for (std::size_t i = 0; i < std::size(kSizes); ++i) {
      expect(blocks_[i] != nullptr && check::is_filled(blocks_[i], kSizes[i], byte_),
             "a block of %zu bytes of stage %d was changed", kSizes[i], byte_);
      std::free(blocks_[i]);
      blocks_[i] = nullptr;
    }
  }

 private:
  void* blocks_[std::size(kSizes)] = {};
  unsigned char byte_ = 0;
};

constinit Blocks of_preinit, of_constructor, of_static, of_main, of_atexit, of_destructor;

// Before the constructors of any library, that of the allocator too.
void before_all(int, char**, char**) {
  of_preinit.make(1);
  void* const other = std::calloc(10, 10);
  std::free(std::realloc(other, 1000));
  ++stages;
}
[[gnu::section(".preinit_array"), gnu::used]] void (*preinit)(int, char**, char**) = before_all;

[[gnu::constructor(101)]] void in_constructor() {
  of_constructor.make(2);
  // dlsym(3) and dlerror(3) allocate.
  expect(dlsym(RTLD_NEXT, "malloc") != nullptr, "dlsym in a constructor finds no malloc");
  expect(dlsym(RTLD_DEFAULT, "there_is_no_such_name") == nullptr, "dlsym finds what is not there");
  expect(dlerror() != nullptr, "dlerror in a constructor says nothing");
  ++stages;
}

struct Static {
  Static() {
    of_static.make(3);
    text.assign(1000, 's');
    ++stages;
  }
  ~Static() {
    expect(text == std::string(1000, 's'), "a static string was changed");
    of_static.drop();
    ++stages;
  }
  Static(const Static&) = delete;
  Static& operator=(const Static&) = delete;
  std::string text;
} a_static;

void at_exit() {
  of_atexit.make(4);
  of_main.drop();
  ++stages;
}

// The last that runs of this program.
[[gnu::destructor(101)]] void at_end() {
  of_destructor.make(5);
  of_preinit.drop();
  of_constructor.drop();
  of_atexit.drop();
  of_destructor.drop();
  ++stages;
  expect(stages == kStages, "%d stages have run, not %d", stages, kStages);
  _exit(check::failures == 0 ? 0 : 1);
}

// Threads that end: destructors of their variables and of keys, in every round.
pthread_key_t key;
int key_calls = 0, local_calls = 0;

void in_key_destructor(void* block) {
  __atomic_fetch_add(&key_calls, 1, __ATOMIC_RELAXED);
  expect(check::is_filled(block, 500, 6), "a block of a thread that ends was changed");
  std::free(block);
  Blocks blocks;
  blocks.make(7);
  void* const next = std::malloc(500);
  std::memset(next, 6, 500);
  pthread_setspecific(key, next);  // one more round; the last one is lost
  blocks.drop();
  if (__atomic_load_n(&key_calls, __ATOMIC_RELAXED) % PTHREAD_DESTRUCTOR_ITERATIONS == 0) {
    pthread_setspecific(key, nullptr);
    std::free(next);
  }
}

struct Local {
  ~Local() {
    __atomic_fetch_add(&local_calls, 1, __ATOMIC_RELAXED);
    std::free(block);
    Blocks blocks;
    blocks.make(8);
    blocks.drop();
  }
  void* block = nullptr;
};
thread_local Local local;

void* end_with_destructors(void* shared) {
  local.block = std::malloc(100);
  void* const block = std::malloc(500);
  std::memset(block, 6, 500);
  pthread_setspecific(key, block);
  std::free(shared);
  return std::malloc(700);
}
void* end_without_allocating(void*) {
  pthread_setspecific(key, nullptr);
  return nullptr;
}

void check_thread_ends() {
  expect(pthread_key_create(&key, in_key_destructor) == 0, "no key");
  constexpr int kThreads = 200;
  std::size_t used = 0;
  for (int i = 0; i < kThreads; ++i) {
    pthread_t thread;
    void* left = nullptr;
    auto* const body = i % 10 == 9 ? end_without_allocating : end_with_destructors;
    void* const shared = i % 10 == 9 ? nullptr : std::malloc(900);
    if (pthread_create(&thread, nullptr, body, shared) != 0) return;
    pthread_join(thread, &left);
    std::free(left);
    if (i == kThreads / 10) used = mallinfo2().uordblks;
  }
  expect(local_calls == kThreads / 10 * 9, "%d destructors of variables, not %d", local_calls,
         kThreads / 10 * 9);
  expect(key_calls == local_calls * PTHREAD_DESTRUCTOR_ITERATIONS, "%d key destructors, not %d",
         key_calls, local_calls * PTHREAD_DESTRUCTOR_ITERATIONS);
  const std::size_t at_end = mallinfo2().uordblks;
  expect(at_end <= used + (1 << 20), "threads that end leave memory behind: %zu, then %zu bytes",
         used, at_end);
}

void check_plugin(const char* path) {
  for (int i = 0; i < 50; ++i) {
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    expect(library != nullptr, "%s cannot be loaded", path);
    if (library == nullptr) return;
    using Work = std::size_t(std::size_t);
    auto* const work = reinterpret_cast<Work*>(dlsym(library, "plugin_work"));
    std::size_t right[3] = {work(100), 0, 0};
    std::thread one([&] { right[1] = work(200); });
    std::thread other([&] { right[2] = work(300); });
    one.join();
    other.join();
    expect(right[0] == 100 && right[1] == 200 && right[2] == 300, "round %d of the library", i);
    expect(dlclose(library) == 0, "round %d: the library cannot be unloaded", i);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "life: no library: give the path of the plugin\n");
    _exit(2);
  }
  if (!check::has_allocator()) _exit(1);
  of_main.make(9);
  std::atexit(at_exit);
  check_thread_ends();
  check_plugin(arguments[1]);
  return 3;  // at_end() says what holds
}
