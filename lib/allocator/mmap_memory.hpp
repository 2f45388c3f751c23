// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "allocator/os_memory.hpp"

// The real world of the allocator: mmap(2) and its relatives.
//
// Nothing here allocates, and errno stays what it was, so that free() does not change it. Zeroed
// memory is a valid one. Threading: any.
namespace quintet::allocator {

class MmapMemory {
 public:
  // Address space that takes no memory: PROT_NONE, not counted by the overcommit heuristics.
  [[nodiscard]] std::byte* reserve(std::uint64_t bytes, std::uint64_t alignment);
  // Counted by the kernel from here on where overcommit is off (vm.overcommit_memory = 2).
  [[nodiscard]] bool commit(std::byte* begin, std::uint64_t bytes);
  [[nodiscard]] bool decommit(std::byte* begin, std::uint64_t bytes);
  // Each call may split mappings, of which a process may have 65,530; then it is refused.
  [[nodiscard]] bool protect(std::byte* begin, std::uint64_t bytes, bool accessible);
  void release(std::byte* begin, std::uint64_t bytes);
  // mremap(2) with MREMAP_DONTUNMAP, Linux 5.7. Each one splits a mapping, of which a process may
  // have 65,530, so there are only some thousand.
  [[nodiscard]] bool move(std::byte* from, std::byte* to, std::uint64_t bytes);

  // From getrandom(2), once; a constant until set_secret() has run.
  [[nodiscard]] static std::uint64_t secret() { return secret_; }
  static void set_secret();
  // CLOCK_MONOTONIC_COARSE: a few nanoseconds, steps of 1 to 10 ms.
  [[nodiscard]] std::uint32_t milliseconds();
  [[nodiscard]] std::uint32_t node();

  // One line on stderr, then abort(), unless the option ON_ERROR says otherwise.
  void report(Misuse misuse, const void* pointer);

  // Asks for transparent huge pages in what is committed from now on.
  void want_huge_pages(bool wish) { wants_huge_pages_.store(wish, std::memory_order_relaxed); }

  enum class OnError : std::uint8_t { kAbort, kReport, kIgnore };
  void on_error(OnError wish) { on_error_.store(wish, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }

 private:
  // How the kernel takes a move of several mappings.
  enum class Moves : std::uint8_t { kUnknown, kDone, kRefused };
  [[nodiscard]] bool moves_several_mappings();

  static constexpr std::uint32_t kMostMoves = 8192;

  static inline constinit std::uint64_t secret_ = 0x9E3779B97F4A7C15;
  std::atomic<std::uint32_t> moves_{0};
  std::atomic<Moves> several_{Moves::kUnknown};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<bool> wants_huge_pages_{false};
  std::atomic<OnError> on_error_{OnError::kAbort};
};

static_assert(OsMemory<MmapMemory>);

}  // namespace quintet::allocator
