// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>

// What the workload programs of the allocator benchmark share: flags, teams of threads, random
// numbers, and the one line that a program prints. Nothing here allocates while a workload runs but
// run_team(), for its threads. It links nothing of lib/: who allocates is for LD_PRELOAD to say.
namespace quintet::workloads {

struct Flags {
  std::uint64_t threads = 1;
  std::uint64_t scale = 100;  // percent

  /// `scale` percent of `full`, and at least one.
  [[nodiscard]] std::uint64_t scaled(std::uint64_t full) const {
    const std::uint64_t part = full * scale / 100;
    return part == 0 ? 1 : part;
  }
};

/// What a workload did. Equal for equal flags, whatever allocates and however threads interleave.
struct Outcome {
  std::uint64_t checksum = 0;
  std::uint64_t operations = 0;
};

enum class Threads : std::uint8_t { kOne, kMany };

struct Workload {
  const char* name;
  const char* summary;  // a clause for --help
  Threads threads;      // kOne: --threads is taken and changes nothing
  Outcome (*work)(const Flags& flags);
};

/// The whole of main(): reads flags, works, prints `<name> checksum=<hex> operations=<n>`. Answers
/// the exit status: 2 for bad flags. Corruption and lack of memory end the process with 1.
[[nodiscard]] int run(const Workload& workload, int argc, char** argv);

/// Prints one line and ends the process at once with status 1. Any thread.
[[noreturn]] void fail(const char* what);

/// `block`, which an allocator has answered, unless that is null.
template <class T>
[[nodiscard]] T* checked(T* block) {
  if (block == nullptr) fail("the allocator has no memory left");
  return block;
}

inline void verify(bool holds) {
  if (!holds) fail("a block does not hold what was written to it");
}

/// Runs body(0) ... body(threads - 1), each on a new thread, and waits for all.
void run_team(std::uint64_t threads, const std::function<void(std::uint64_t)>& body);

/// The part of `total` that falls to `member` of `members`; the parts differ by at most one.
[[nodiscard]] constexpr std::uint64_t share(std::uint64_t total, std::uint64_t member,
                                            std::uint64_t members) {
  return total / members + (member < total % members ? 1 : 0);
}

/// A bijection of 64-bit words that looks random (splitmix64's).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t word) {
  word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
  word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
  return word ^ (word >> 31U);
}

/// splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed + 1)) {}
  [[nodiscard]] std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15U); }
  /// Uniform in 0 .. bound - 1, for bounds below 2^32.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return (next() >> 32U) * bound >> 32U; }
  /// Uniform in [0, 1).
  [[nodiscard]] double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// What the members of a team hand in, each in a cache line of its own.
class Tally {
 public:
  static constexpr std::uint64_t kMaxThreads = 256;
  void add(std::uint64_t member, const Outcome& part);
  [[nodiscard]] Outcome total() const;

 private:
  struct alignas(64) Line {
    Outcome part;
  };
  std::array<Line, kMaxThreads> lines_{};
};

}  // namespace quintet::workloads
