// SPDX-License-Identifier: MIT
#include "allocator/mmap_memory.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "allocator/chosen_tracker.hpp"
#include "allocator/message.hpp"
#include "base/align.hpp"

namespace quintet::allocator {
namespace {

constexpr int kMremapDontUnmap = 4;  // Linux 5.7; named here because older C libraries do not
constexpr int kFixed = MREMAP_MAYMOVE | MREMAP_FIXED;

// errno as it was, whatever happens in between.
class SavedErrno {
 public:
  SavedErrno() : saved_(errno) {}
  ~SavedErrno() { errno = saved_; }
  SavedErrno(const SavedErrno&) = delete;
  SavedErrno& operator=(const SavedErrno&) = delete;

 private:
  int saved_;
};

}  // namespace

std::byte* MmapMemory::reserve(std::uint64_t bytes, std::uint64_t alignment) {
  const SavedErrno saved;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (bytes > UINT64_MAX - alignment) return nullptr;
  void* const mapped = ::mmap(nullptr, bytes + alignment, PROT_NONE, kFlags, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
  const std::uintptr_t aligned = align_up<std::uintptr_t>(begin, alignment);
  if (aligned != begin) ::munmap(mapped, aligned - begin);
  if (const std::uintptr_t tail = begin + alignment - aligned; tail != 0) {
    ::munmap(reinterpret_cast<void*>(aligned + bytes), tail);
  }
  ChosenTracker::reserve(reinterpret_cast<void*>(aligned), bytes);
  return reinterpret_cast<std::byte*>(aligned);
}

bool MmapMemory::commit(std::byte* begin, std::uint64_t bytes) {
  const SavedErrno saved;
  if (::mprotect(begin, bytes, PROT_READ | PROT_WRITE) != 0) return false;
  if (wants_huge_pages_.load(std::memory_order_relaxed)) ::madvise(begin, bytes, MADV_HUGEPAGE);
  return true;
}

bool MmapMemory::decommit(std::byte* begin, std::uint64_t bytes) {
  const SavedErrno saved;
  return ::madvise(begin, bytes, MADV_DONTNEED) == 0;
}

bool MmapMemory::protect(std::byte* begin, std::uint64_t bytes, bool accessible) {
  const SavedErrno saved;
  return ::mprotect(begin, bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
}

void MmapMemory::release(std::byte* begin, std::uint64_t bytes) {
  const SavedErrno saved;
  ChosenTracker::release(begin, bytes);
  ::munmap(begin, bytes);
}

bool MmapMemory::move(std::byte* from, std::byte* to, std::uint64_t bytes) {
  const SavedErrno saved;
  if (moves_.fetch_add(1, std::memory_order_relaxed) >= kMostMoves) return false;
  if (moves_several_mappings()) {
    return ::mremap(from, bytes, bytes, kFixed | kMremapDontUnmap, to) != MAP_FAILED;
  }
  // Refused here, nothing is lost.
  void* const aside = ::mremap(from, bytes, bytes, MREMAP_MAYMOVE | kMremapDontUnmap);
  if (aside == MAP_FAILED) return false;
  if (::mremap(aside, bytes, bytes, kFixed, to) != MAP_FAILED) return true;
  // The kernel itself has no memory. The target may be a hole now.
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (::mmap(to, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) == MAP_FAILED) {
    Message().text("quintet-malloc: no memory to move a block: give the program more").send();
    std::abort();
  }
  std::memcpy(to, aside, bytes);
  ::munmap(aside, bytes);
  return true;
}

// Before Linux 6.17 mremap(2) moves no range of several mappings, which a block is that was moved
// and has grown since; and it finds that out after it has unmapped the target. Tried on pages of no
// importance.
bool MmapMemory::moves_several_mappings() {
  Moves known = several_.load(std::memory_order_relaxed);
  if (known == Moves::kUnknown) {
    constexpr std::uint64_t kTwo = 2 * 4096;
    void* const pages =
        ::mmap(nullptr, 2 * kTwo, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return false;
    ::mprotect(pages, kTwo / 2, PROT_READ);
    void* const to = static_cast<std::byte*>(pages) + kTwo;
    known = ::mremap(pages, kTwo, kTwo, kFixed | kMremapDontUnmap, to) != MAP_FAILED
                ? Moves::kDone
                : Moves::kRefused;
    // What was refused has left a hole, in which there may be something else by now.
    ::munmap(pages, known == Moves::kDone ? 2 * kTwo : kTwo);
    several_.store(known, std::memory_order_relaxed);
  }
  return known == Moves::kDone;
}

void MmapMemory::set_secret() {
  const SavedErrno saved;
  std::uint64_t random = 0;
  // getrandom(3) is a cancellation point, which no allocator may have.
  const long got = ::syscall(SYS_getrandom, &random, sizeof random, GRND_NONBLOCK);
  if (got == sizeof random) secret_ = random;
}

std::uint32_t MmapMemory::milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

std::uint32_t MmapMemory::node() {
  unsigned cpu = 0, node = 0;
  return ::getcpu(&cpu, &node) == 0 ? node : 0;
}

void MmapMemory::report(Misuse misuse, const void* pointer) {
  errors_.fetch_add(1, std::memory_order_relaxed);
  const OnError wish = on_error_.load(std::memory_order_relaxed);
  if (wish == OnError::kIgnore) return;
  Message line;
  line.text("quintet-malloc: ").text(to_string(misuse)).text(" at ").address(pointer).send();
  if (wish == OnError::kAbort) std::abort();
}

}  // namespace quintet::allocator
