// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/align.hpp"
#include "pm_log/persistent_memory.hpp"

// Memory that counts what is asked of it: the fences, and the lines that travel to the media. A
// memory of our log, and with persist() also one of the initial log.
namespace quintet::bench::pm_log_cases {

struct MediaCounts {
  std::uint64_t fences = 0;
  std::uint64_t lines = 0;
};

class CountingMemory {
 public:
  // Both stay the caller's.
  CountingMemory(std::span<std::byte> memory, MediaCounts* counts)
      : memory_(memory), counts_(counts) {}

  [[nodiscard]] std::uint64_t size() const { return memory_.size(); }
  void store(std::uint64_t offset, std::span<const std::byte> bytes) {
    std::memcpy(memory_.data() + offset, bytes.data(), bytes.size());
  }
  void stream(std::uint64_t offset, std::span<const std::byte> lines) {
    store(offset, lines);
    flush(offset, lines.size());
  }
  void flush(std::uint64_t offset, std::uint64_t bytes) {
    if (bytes == 0) return;
    const std::uint64_t end = align_up<std::uint64_t>(offset + bytes, pm_log::kLineBytes);
    counts_->lines +=
        (end - align_down<std::uint64_t>(offset, pm_log::kLineBytes)) / pm_log::kLineBytes;
  }
  [[nodiscard]] bool fence() {
    ++counts_->fences;
    return true;
  }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    if (!bytes.empty()) std::memcpy(bytes.data(), memory_.data() + offset, bytes.size());
    return true;
  }
  // As pmem_memcpy_persist does.
  void persist(std::uint64_t offset, std::span<const std::byte> bytes) {
    store(offset, bytes);
    flush(offset, bytes.size());
    static_cast<void>(fence());
  }

 private:
  std::span<std::byte> memory_;
  MediaCounts* counts_;
};
static_assert(pm_log::PersistentMemory<CountingMemory>);

}  // namespace quintet::bench::pm_log_cases
