// SPDX-License-Identifier: MIT
// Forks while four threads allocate: fork [FORKS]. Each child allocates, frees blocks of its
// parent's threads, and starts threads; then signals whose handler does not allocate, while threads
// do. What does not come to an end is ended by alarm(2).
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <thread>
#include <vector>

#include "allocator/test/preload/check.hpp"

namespace {

using check::expect;

constexpr int kThreads = 4;
constexpr std::size_t kSlots = 64;

struct Block {
  std::size_t size;
  unsigned char bytes[];
};
// Blocks of all threads. What a child finds here is its own copy.
std::atomic<Block*> slots[kSlots];
std::atomic<bool> is_over{false};
std::size_t most_filled = 4096;  // bytes of a block that are written and read
std::atomic<std::uint64_t> operations{0};

std::uint64_t next(std::uint64_t& state) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return state >> 33;
}
// Mostly small; some of every class, and large ones.
std::size_t some_size(std::uint64_t& state) {
  const std::uint64_t kind = next(state) % 100;
  if (kind < 90) return next(state) % 1000 + 1;
  if (kind < 99) return next(state) % 60'000 + 1;
  return next(state) % 3'000'000 + 1;
}

Block* make(std::size_t size) {
  auto* const block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
  if (block == nullptr) return nullptr;
  block->size = size;
  std::memset(block->bytes, static_cast<int>(size % 251), std::min(size, most_filled));
  return block;
}
void drop(Block* block) {
  if (block == nullptr) return;
  const std::size_t size = std::min(block->size, most_filled);
  expect(check::is_filled(block->bytes, size, static_cast<unsigned char>(block->size % 251)),
         "a block of %zu bytes was changed", block->size);
  std::free(block);
}

// Exchanges blocks of the slots for others, so that threads free each other's.
void work(std::uint64_t seed, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    drop(slots[next(seed) % kSlots].exchange(make(some_size(seed))));
  }
  operations.fetch_add(static_cast<std::uint64_t>(rounds));
}
void work_until_over(std::uint64_t seed) {
  while (!is_over.load()) work(seed++, 100);
}

// Returns the exit status.
int be_child(std::uint64_t seed, Block* of_parent) {
  alarm(20);
  check::failures = 0;
  drop(of_parent);
  work(seed, 300);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 2; ++i) threads.emplace_back(work, seed + i, 300);
  for (std::thread& thread : threads) thread.join();
  if (seed % 10 == 0) {
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      work(seed, 100);
      _exit(check::failures == 0 ? 0 : 1);
    }
    int status = -1;
    waitpid(grandchild, &status, 0);
    expect(status == 0, "wait status %#x of a grandchild", static_cast<unsigned>(status));
  }
  for (auto& slot : slots) drop(slot.exchange(nullptr));
  return check::failures == 0 ? 0 : 1;
}

void check_forks(int forks) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(work_until_over, static_cast<std::uint64_t>(i) * 1000);
  }
  for (int i = 0; i < forks && check::failures < 3; ++i) {
    Block* const block = make(static_cast<std::size_t>(i) * 100 + 1);
    const pid_t child = fork();
    if (child == 0) _exit(be_child(static_cast<std::uint64_t>(i), block));
    drop(block);
    int status = -1;
    const bool has_ended = child > 0 && waitpid(child, &status, 0) == child;
    expect(has_ended && status == 0,
           "fork %d: wait status %#x (0xe: the child did not come to an end)", i,
           static_cast<unsigned>(status));
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
}

std::atomic<int> signals{0};
volatile unsigned char scratch[4096];

void on_signal(int) {
  const int number = signals.fetch_add(1);
  for (unsigned i = 0; i < sizeof scratch; ++i) scratch[i] = static_cast<unsigned char>(number);
}

void check_signals() {
  for (auto& slot : slots) drop(slot.exchange(nullptr));
  most_filled = 8;  // so that signals come while blocks are made and freed
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 100}, {0, 100}};
  setitimer(ITIMER_PROF, &often, nullptr);
  setitimer(ITIMER_REAL, &often, nullptr);
  is_over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(work_until_over, static_cast<std::uint64_t>(i) * 1000);
  }
  const std::uint64_t before = operations.load();
  while (signals.load() < 5000) work(7, 10);
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  const itimerval never{};
  setitimer(ITIMER_PROF, &never, nullptr);
  setitimer(ITIMER_REAL, &never, nullptr);
  expect(operations.load() > before + 1000, "threads stand still while signals come");
}

}  // namespace

int main(int count, char** arguments) {
  if (!check::has_allocator()) return 1;
  const int forks = count > 1 ? std::atoi(arguments[1]) : 200;
  if (forks <= 0) {
    std::fprintf(stderr, "fork: '%s' is no number of forks: use 1 or more\n", arguments[1]);
    return 2;
  }
  check_forks(forks);
  check_signals();
  for (auto& slot : slots) drop(slot.exchange(nullptr));
  std::printf("%d forks, %llu operations\n", forks,
              static_cast<unsigned long long>(operations.load()));
  return check::failures == 0 ? 0 : 1;
}
