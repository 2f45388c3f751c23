// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>

// How the micro programs take their times: by a CPU clock, so that other processes do not count,
// and in chunks so long that reading the clock does not count either. Depends on nothing of lib/,
// because it is compiled into programs that no allocator of ours may be linked with.
namespace quintet::bench::allocator_cases {

[[nodiscard]] inline double cpu_ns(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// The compiler must take it that the value is used here, and may be another one afterwards. It need
// not write anything to memory for that: what is inlined may keep in registers what it can.
template <class T>
inline void escape(T& value) {
  asm volatile("" : "+r"(value));
}

// Nanoseconds that each of the operations of work(n), which does n of them, takes: in chunks, until
// `milliseconds` are over. The first chunks warm up, and tell how long a chunk must be.
template <class Work>
[[nodiscard]] double ns_per_operation(Work work, std::uint64_t milliseconds,
                                      clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
  const double window = static_cast<double>(milliseconds) * 1e6;
  std::uint64_t chunk = 1;
  for (double taken = 0; taken < window / 16;) {
    chunk *= 2;
    const double start = cpu_ns(clock);
    work(chunk);
    taken = cpu_ns(clock) - start;
  }
  double total = 0;
  std::uint64_t done = 0;
  while (total < window) {
    const double start = cpu_ns(clock);
    work(chunk);
    total += cpu_ns(clock) - start;
    done += chunk;
  }
  return total / static_cast<double>(done);
}

// The work of the case `pair`: one block, taken and given back.
template <class Allocate, class Free>
[[nodiscard]] auto pairs(Allocate allocate, Free give_back, std::uint64_t size) {
  return [=](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      void* block = allocate(size);
      escape(block);
      give_back(block);
    }
  };
}

}  // namespace quintet::bench::allocator_cases
