// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "ironkv/app/load_histogram.hpp"

// What clients have counted.
namespace quintet::ironkv::app {

struct Tally {
  // Nanoseconds of requests that began (of an open loop: were due) in the measured time.
  LatencyHistogram reads{};
  LatencyHistogram writes{};
  std::uint64_t in_time = 0;  // answered in the measured time
  std::uint64_t absent = 0;   // keys that were read and had no value

  std::uint64_t timed_out = 0;
  std::uint64_t unknown_owner = 0;  // the key is with a server that is not in the list
  std::uint64_t refused = 0;        // by the client: too many that timed out are on their way
  std::uint64_t wrong = 0;          // a value that nobody wrote there, or none
  std::uint64_t unsent = 0;         // were due, and could not be sent for a long time
  std::uint64_t abandoned = 0;      // when a signal came; no error
  std::string trouble{};            // about the first error, for people

  [[nodiscard]] std::uint64_t failures() const {
    return timed_out + unknown_owner + refused + wrong + unsent;
  }
  [[nodiscard]] LatencyHistogram latencies() const {
    LatencyHistogram both = reads;
    both.merge(writes);
    return both;
  }
  void merge(const Tally& other) {
    reads.merge(other.reads);
    writes.merge(other.writes);
    in_time += other.in_time;
    absent += other.absent;
    timed_out += other.timed_out;
    unknown_owner += other.unknown_owner;
    refused += other.refused;
    wrong += other.wrong;
    unsent += other.unsent;
    abandoned += other.abandoned;
    if (trouble.empty()) trouble = other.trouble;
  }
};

// When a run begins and ends, in nanoseconds of platform::now_ns(). Written by the thread that
// leads the run, read by all.
struct Window {
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  std::int64_t begin = 0;  // both before the clients are told to start
  std::int64_t measured = 0;
  std::atomic<std::int64_t> until = kNever;    // nothing is due, or begins, from here on
  std::atomic<std::int64_t> give_up = kNever;  // what was due by then is not sent after this
  std::atomic<bool> is_cut = false;            // by a signal
};

// For the lines about the progress; each client writes its own.
struct Live {
  std::atomic<std::uint64_t> answered = 0;
  std::atomic<std::uint64_t> failed = 0;
  std::atomic<std::uint64_t> slowest = 0;  // nanoseconds; a reader sets it back
};

}  // namespace quintet::ironkv::app
