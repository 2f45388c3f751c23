// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

// What the process's allocator has done and holds. Counts of heaps are read while their threads
// change them: right for a quiet process, near enough for a busy one.
// Threading: any.
namespace quintet::allocator {

struct Statistics {
  std::uint64_t used_bytes = 0;       // of spans in use: slabs, with what is free in them
  std::uint64_t most_used_bytes = 0;  // the sum of the arenas' own peaks
  std::uint64_t retained_bytes = 0;   // free, and may take memory
  std::uint64_t committed_bytes = 0;  // the sum of used, retained and clean memory
  std::uint64_t purged_bytes = 0;     // given back to the system so far
  std::uint64_t purges = 0;
  std::uint64_t spans = 0;    // taken from arenas so far
  std::uint64_t heaps = 0;    // made: the most threads that were alive at a time
  std::uint64_t slabs = 0;    // of all heaps now
  std::uint64_t refills = 0;  // of empty lists of blocks at hand
  std::uint64_t flushes = 0;  // of full ones
  std::uint64_t told = 0;     // runs of blocks that were freed for other threads
  std::uint64_t drains = 0;   // times that a thread took such blocks
  std::uint64_t large = 0;    // objects above 1 MiB so far
  std::uint64_t sampled = 0;  // blocks between guard pages so far
  std::uint64_t misuses = 0;  // found
};

[[nodiscard]] Statistics statistics() noexcept;

enum class StatisticsForm : std::uint8_t { kNone, kText, kJson };
// As text, a line each, or as one JSON object, in one write(2) to a file descriptor, with the id
// and the name of the process. The error number, or 0. Does not allocate.
int print_statistics(int file, StatisticsForm form) noexcept;

// What is printed when the program ends, also when it has closed stderr by then: from here on there
// is a duplicate of it, and if that has come to be another file, nothing is printed.
void print_statistics_at_end(StatisticsForm form) noexcept;
// Appended to this file instead, which is opened then, with the process's id for each %p; as text
// if nothing else was said before. An error is a line on stderr. False: more than 1000 bytes.
[[nodiscard]] bool print_statistics_at_end_to(std::string_view path) noexcept;

}  // namespace quintet::allocator
