// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "support.hpp"

// What cache_scratch and cache_thrash have in common: threads that allocate one byte, write it over
// and over, and free it. As many writes in all for any number of threads.
namespace quintet::workloads {

inline constexpr std::uint64_t kRounds = 1000;
inline constexpr std::uint64_t kWritesPerRound = 2'000'000;

/// Writes `writes` times to the byte and reads each back; answers the sum of what was read.
inline std::uint64_t write_byte(volatile char& byte, std::uint64_t writes) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < writes; ++i) {
    byte = static_cast<char>(i & 0x7fU);
    sum += static_cast<std::uint64_t>(byte);
  }
  return sum;
}

/// The loop of all threads; each begins with begin(its number).
template <class Begin>
[[nodiscard]] Outcome write_own_bytes(const Flags& flags, const Begin& begin) {
  const std::uint64_t rounds = flags.scaled(kRounds);
  const std::uint64_t writes = kWritesPerRound / flags.threads;
  Tally tally;
  run_team(flags.threads, [&](std::uint64_t member) {
    begin(member);
    Outcome part;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      char* const byte = new char[1];
      part.checksum += write_byte(*byte, writes);
      delete[] byte;
      ++part.operations;
    }
    tally.add(member, part);
  });
  return tally.total();
}

}  // namespace quintet::workloads
