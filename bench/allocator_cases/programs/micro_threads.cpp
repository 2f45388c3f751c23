// SPDX-License-Identifier: MIT
#include <pthread.h>

#include <array>
#include <cstdlib>
#include <semaphore>
#include <thread>

#include "allocator_cases/programs/measure.hpp"
#include "allocator_cases/programs/micro.hpp"

// The operations that take more than one thread.
namespace quintet::bench::allocator_cases {
namespace {

constexpr std::size_t kBatch = 4096;
constexpr std::size_t kBatches = 2;  // so that both threads have work at the same time
constexpr std::uint64_t kPairs = 10;

struct Exchange {
  std::array<std::array<void*, kBatch>, kBatches> batches{};
  std::counting_semaphore<kBatches> empty{kBatches};
  std::counting_semaphore<kBatches> full{0};
  double free_ns = 0;  // the freeing thread's; read when it has ended
};

// Gives `rounds` batches back that another thread has taken.
void free_batches(Exchange& exchange, std::uint64_t rounds) {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    exchange.full.acquire();
    const double start = cpu_ns();
    for (void* block : exchange.batches[round % kBatches]) std::free(block);
    exchange.free_ns += cpu_ns() - start;
    exchange.empty.release();
  }
}

// CPU nanoseconds that both threads spend on `rounds` batches, without their waiting.
double exchange_batches(std::uint64_t rounds, std::uint64_t size) {
  Exchange exchange;
  std::thread other(free_batches, std::ref(exchange), rounds);
  double allocate_ns = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    exchange.empty.acquire();
    const double start = cpu_ns();
    for (void*& block : exchange.batches[round % kBatches]) block = must(std::malloc(size));
    allocate_ns += cpu_ns() - start;
    exchange.full.release();
  }
  other.join();
  return allocate_ns + exchange.free_ns;
}

void* few_pairs(void*) {
  for (std::uint64_t i = 0; i < kPairs; ++i) {
    void* block = std::malloc(64);
    escape(block);
    std::free(block);
  }
  return nullptr;
}

}  // namespace

double remote(const Settings& settings) {
  const std::uint64_t size = settings["size"];
  const double window = static_cast<double>(settings.milliseconds()) * 1e6;
  constexpr std::uint64_t kRounds = 64;
  static_cast<void>(exchange_batches(4, size));
  double total = 0;
  std::uint64_t rounds = 0;
  while (total < window) {
    total += exchange_batches(kRounds, size);
    rounds += kRounds;
  }
  return total / static_cast<double>(rounds * kBatch);
}

double thread_exit(const Settings& settings) {
  const auto threads = [](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      pthread_t thread{};
      if (pthread_create(&thread, nullptr, few_pairs, nullptr) != 0) std::exit(1);
      pthread_join(thread, nullptr);
    }
  };
  return ns_per_operation(threads, settings.milliseconds(), CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace quintet::bench::allocator_cases
