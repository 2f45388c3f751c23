// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/persistent_memory.hpp"

namespace quintet::pm_log::fuzz {

// Persistent memory on the heap, which stays the caller's: nothing is ever lost, and whatever goes
// outside of it ends the process.
class HeapPm {
 public:
  explicit HeapPm(std::vector<std::byte>& bytes) : bytes_(&bytes) {}

  [[nodiscard]] std::uint64_t size() const { return bytes_->size(); }
  [[nodiscard]] std::byte* data() const { return bytes_->data(); }
  void store(std::uint64_t at, std::span<const std::byte> bytes) {
    check(at, bytes.size());
    if (!bytes.empty()) std::memcpy(data() + at, bytes.data(), bytes.size());
  }
  void stream(std::uint64_t at, std::span<const std::byte> lines) {
    QT_CHECK(at % kLineBytes == 0 && lines.size() % kLineBytes == 0, "only lines are streamed");
    store(at, lines);
  }
  void flush(std::uint64_t at, std::uint64_t bytes) { check(at, bytes); }
  [[nodiscard]] bool fence() { return true; }
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes) const {
    check(at, bytes.size());
    if (!bytes.empty()) std::memcpy(bytes.data(), data() + at, bytes.size());
    return true;
  }

 private:
  void check(std::uint64_t at, std::uint64_t bytes) const {
    QT_CHECK(at <= size() && bytes <= size() - at, "outside of the memory");
  }

  std::vector<std::byte>* bytes_;
};

}  // namespace quintet::pm_log::fuzz
