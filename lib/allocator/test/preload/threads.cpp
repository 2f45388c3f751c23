// SPDX-License-Identifier: MIT
// Memory that does not stay behind:
//   threads churn [--threads N]   threads that come and go one after the other, each with blocks of
//                                 the one before; resident memory stays what it was after the
//                                 first twentieth
//   threads peak [--gib N] [--by allocator|other|idle]
//                                 mixed blocks of N GiB by four threads, all freed: by the threads
//                                 that made them; by main() when those have ended; by main() while
//                                 those wait. A second later less than a tenth is resident.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "allocator/test/preload/check.hpp"

namespace {

using check::expect;

constexpr std::size_t kMiB = 1 << 20;

std::size_t resident_bytes() {
  long total = 0, resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<std::size_t>(resident) * 4096 : 0;
}

std::uint64_t next(std::uint64_t& state) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return state >> 33;
}

// 90% small, 9% of up to 64 KiB, 1% of up to 2 MiB.
std::size_t mixed_size(std::uint64_t& state) {
  const std::uint64_t kind = next(state) % 100;
  const std::uint64_t most = kind < 90 ? 1024 : kind < 99 ? 64 * 1024 : 2 * kMiB;
  return next(state) % most + sizeof(void*);
}

struct Node {
  Node* next;
};
Node* make(std::size_t size, Node* list) {
  auto* const node = static_cast<Node*>(std::malloc(size));
  if (node == nullptr) {
    std::fprintf(stderr, "threads: no memory: use fewer GiB\n");
    std::exit(2);
  }
  std::memset(static_cast<void*>(node), 1, size);
  node->next = list;
  return node;
}
void free_all(Node*& list) {
  while (list != nullptr) {
    Node* const next = list->next;
    std::free(list);
    list = next;
  }
}

// Frees what the thread before has left, and leaves something itself.
void live_and_die(std::uint64_t seed, Node*& shared) {
  free_all(shared);
  Node* own = nullptr;
  for (int i = 0; i < 20; ++i) own = make(next(seed) % 2000 + sizeof(Node), own);
  for (int i = 0; i < 10; ++i) shared = make(next(seed) % 2000 + sizeof(Node), shared);
  shared = make(100'000, shared);
  free_all(own);
}

void churn(std::size_t threads) {
  Node* shared = nullptr;
  std::size_t early = 0;
  for (std::size_t i = 0; i < threads; ++i) {
    std::thread(live_and_die, i, std::ref(shared)).join();
    if (i == threads / 20) early = resident_bytes();
  }
  const std::size_t late = resident_bytes();
  const std::size_t slack = early / 20 > kMiB ? early / 20 : kMiB;
  expect(late <= early + slack, "%zu bytes resident after %zu threads, then %zu after %zu", early,
         threads / 20, late, threads);
  std::printf("%zu threads: %zu KiB resident, after a twentieth of them %zu\n", threads,
              late / 1024, early / 1024);
  free_all(shared);
}

// Threads that make blocks, and wait until they are told to go on.
class Makers {
 public:
  Makers(std::size_t bytes, bool frees) : lists_(kCount, nullptr) {
    for (std::size_t i = 0; i < kCount; ++i) {
      threads_.emplace_back([this, i, bytes, frees] {
        std::uint64_t seed = i;
        for (std::size_t made = 0; made < bytes / kCount;) {
          const std::size_t size = mixed_size(seed);
          lists_[i] = make(size, lists_[i]);
          made += size;
        }
        made_.fetch_add(1);
        wait(1);
        if (frees) free_all(lists_[i]);
        freed_.fetch_add(1);
        wait(2);
      });
    }
    while (made_.load() != kCount) nap();
  }
  // Where they free, they do now. Returns when all have.
  void go_on() {
    stage_ = 1;
    while (freed_.load() != kCount) nap();
  }
  void end() {
    stage_ = 2;
    for (std::thread& thread : threads_) thread.join();
  }
  void free_lists() {
    for (Node*& list : lists_) free_all(list);
  }

 private:
  static constexpr std::size_t kCount = 4;

  static void nap() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }
  void wait(int stage) const {
    while (stage_.load() < stage) nap();
  }

  std::vector<Node*> lists_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> made_{0}, freed_{0};
  std::atomic<int> stage_{0};
};

void peak(std::size_t bytes, std::string_view by) {
  Makers makers(bytes, by == "allocator");
  const std::size_t most = resident_bytes();
  makers.go_on();
  if (by == "other") makers.end();
  makers.free_lists();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const std::size_t least = resident_bytes();
  expect(most > bytes / 10 * 9, "only %zu bytes are resident at the peak", most);
  expect(least < most / 10, "of %zu bytes at the peak %zu are resident a second after the frees",
         most, least);
  std::printf("peak %zu MiB, a second later %zu\n", most / kMiB, least / kMiB);
  if (by != "other") makers.end();
}

int refuse(const char* what) {
  std::fprintf(stderr,
               "threads: '%s' is not understood: use churn [--threads N], or peak [--gib N] "
               "[--by allocator|other|idle]\n",
               what);
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view mode = count > 1 ? arguments[1] : "";
  std::size_t threads = 20'000, gib = 1;
  std::string_view by = "allocator";
  if (mode != "churn" && mode != "peak") return refuse(count > 1 ? arguments[1] : "");
  for (int i = 2; i < count; i += 2) {
    const std::string_view name = arguments[i];
    const char* const value = i + 1 < count ? arguments[i + 1] : "";
    const long number = std::atol(value);
    if (name == "--threads" && mode == "churn" && number > 0) {
      threads = static_cast<std::size_t>(number);
    } else if (name == "--gib" && mode == "peak" && number > 0) {
      gib = static_cast<std::size_t>(number);
    } else if (name == "--by" && mode == "peak") {
      by = value;
      if (by != "allocator" && by != "other" && by != "idle") return refuse(value);
    } else {
      return refuse(arguments[i]);
    }
  }
  if (!check::has_allocator()) return 1;
  if (mode == "churn") {
    churn(threads);
  } else {
    peak(gib << 30, by);
  }
  return check::failures == 0 ? 0 : 1;
}
