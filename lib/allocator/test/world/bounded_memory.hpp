// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "allocator/os_memory.hpp"
#include "base/align.hpp"
#include "testing/catch.hpp"

// An operating system for checks: real memory, of which there is only so much, whose k-th call
// fails, and which watches the contract of os_memory.hpp. What is not committed faults.
// Threading: one thread.
namespace quintet::allocator::world {

struct Report {
  Misuse misuse;
  const void* pointer;
};

class BoundedMemory {
 public:
  static constexpr std::uint64_t kPage = 4096;

  BoundedMemory() = default;
  BoundedMemory(const BoundedMemory&) = delete;
  BoundedMemory& operator=(const BoundedMemory&) = delete;
  ~BoundedMemory() {
    for (const auto& [begin, bytes] : reservations_) ::munmap(begin, bytes);
  }

  std::uint64_t most_reserved = UINT64_MAX;   // bytes of address space
  std::uint64_t most_committed = UINT64_MAX;  // bytes of memory
  std::uint64_t failing_call = 0;             // the call of that number fails; 0 none
  std::uint32_t now = 0;
  std::uint32_t here = 0;  // the node
  bool can_move = true;
  std::optional<bool> refuses;  // to make memory accessible, or inaccessible
  std::vector<Report> reports;

  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::uint64_t decommitted() const { return decommitted_; }
  [[nodiscard]] std::uint64_t moves() const { return moves_; }

  std::byte* reserve(std::uint64_t bytes, std::uint64_t alignment) {
    if (fails() || bytes > most_reserved) return nullptr;
    void* const mapped = ::mmap(nullptr, bytes + alignment, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    most_reserved -= most_reserved == UINT64_MAX ? 0 : bytes;
    reservations_[mapped] = bytes + alignment;
    const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
    return reinterpret_cast<std::byte*>(align_up<std::uintptr_t>(begin, alignment));
  }
  bool commit(std::byte* begin, std::uint64_t bytes) {
    check_pages(begin, bytes);
    if (fails() || bytes > most_committed - committed_) return false;
    committed_ += bytes;
    return ::mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0;
  }
  bool decommit(std::byte* begin, std::uint64_t bytes) {
    check_pages(begin, bytes);
    if (fails()) return false;
    decommitted_ += bytes;
    return ::madvise(begin, bytes, MADV_DONTNEED) == 0;
  }
  bool protect(std::byte* begin, std::uint64_t bytes, bool accessible) {
    check_pages(begin, bytes);
    if (fails() || accessible == refuses) return false;
    for (std::byte* page = begin; page < begin + bytes; page += kPage) {
      accessible ? (void)inaccessible_.erase(page) : (void)inaccessible_.insert(page);
    }
    return ::mprotect(begin, bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
  }
  // Pages that protect() has made inaccessible.
  [[nodiscard]] const std::set<std::byte*>& inaccessible() const { return inaccessible_; }
  void release(std::byte*, std::uint64_t) {}
  bool move(std::byte* from, std::byte* to, std::uint64_t bytes) {
    if (fails() || !can_move) return false;
    ++moves_;
    std::memcpy(to, from, bytes);
    std::memset(from, 0, bytes);
    return true;
  }
  static std::uint64_t secret() { return 0x5851F42D4C957F2D; }
  [[nodiscard]] std::uint32_t milliseconds() const { return now; }
  [[nodiscard]] std::uint32_t node() const { return here; }
  void report(Misuse misuse, const void* pointer) { reports.push_back({misuse, pointer}); }

 private:
  bool fails() { return ++calls_ == failing_call; }
  static void check_pages(const std::byte* begin, std::uint64_t bytes) {
    REQUIRE(reinterpret_cast<std::uintptr_t>(begin) % kPage == 0);
    REQUIRE(bytes % kPage == 0);
    REQUIRE(bytes > 0);
  }

  std::map<void*, std::uint64_t> reservations_;
  std::set<std::byte*> inaccessible_;
  std::uint64_t calls_ = 0;
  std::uint64_t committed_ = 0;
  std::uint64_t decommitted_ = 0;
  std::uint64_t moves_ = 0;
};

static_assert(OsMemory<BoundedMemory>);

}  // namespace quintet::allocator::world
