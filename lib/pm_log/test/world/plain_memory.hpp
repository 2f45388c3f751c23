// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/persistent_memory.hpp"

// Memory without power failures for the tests of a log: bytes on the heap that count what is asked
// of them, and fail when they are told to. Threading: one thread.
namespace quintet::pm_log::world {

class PlainMemory {
 public:
  // What was asked of it.
  struct Counts {
    std::uint64_t stores = 0;  // calls
    std::uint64_t streamed_lines = 0;
    std::uint64_t flushed_lines = 0;
    std::uint64_t fences = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };

  // Zeros.
  explicit PlainMemory(std::uint64_t bytes)
      : size_(bytes), lines_((bytes + kLineBytes - 1) / kLineBytes) {}
  // A copy of `image`.
  explicit PlainMemory(std::span<const std::byte> image) : PlainMemory(image.size()) {
    std::copy(image.begin(), image.end(), data());
  }
  PlainMemory(PlainMemory&&) noexcept = default;
  PlainMemory& operator=(PlainMemory&&) noexcept = default;

  // --- MappedMemory -------------------------------------------------------------------------

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::byte* data() const {
    return const_cast<std::byte*>(std::as_bytes(std::span(lines_)).data());
  }
  void store(std::uint64_t offset, std::span<const std::byte> bytes) {
    write(offset, bytes);
    ++counts_.stores;
  }
  void stream(std::uint64_t offset, std::span<const std::byte> lines) {
    QT_CHECK(offset % kLineBytes == 0 && lines.size() % kLineBytes == 0,
             "only whole lines are streamed");
    write(offset, lines);
    counts_.streamed_lines += lines.size() / kLineBytes;
  }
  void flush(std::uint64_t offset, std::uint64_t bytes) {
    check(offset, bytes);
    if (bytes == 0) return;
    counts_.flushed_lines += (offset + bytes - 1) / kLineBytes - offset / kLineBytes + 1;
  }
  [[nodiscard]] bool fence() {
    ++counts_.fences;
    if (!good_fences_) return true;
    if ((*good_fences_)-- != 0) return true;
    good_fences_.reset();
    return false;
  }
  // Nothing is copied where a part cannot be read.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    check(offset, bytes.size());
    for (const auto& [begin, end] : unreadable_) {
      if (offset < end && begin < offset + bytes.size()) return false;
    }
    std::copy_n(data() + offset, bytes.size(), bytes.begin());
    return true;
  }

  // --- what tests do ------------------------------------------------------------------------

  [[nodiscard]] const Counts& counts() const { return counts_; }
  void reset_counts() { counts_ = {}; }
  // After `good` more fences the next one fails, and those behind it work again.
  void fail_fence(std::uint64_t good = 0) { good_fences_ = good; }
  // Reads that touch [begin, end) fail from now on. Writes do not mend it.
  void make_unreadable(std::uint64_t begin, std::uint64_t end) {
    unreadable_.emplace_back(begin, end);
  }
  void make_readable() { unreadable_.clear(); }

  // All bytes.
  [[nodiscard]] std::vector<std::byte> image() const { return {data(), data() + size_}; }
  // Changes bytes behind the log's back: nothing is counted.
  void put(std::uint64_t offset, std::span<const std::byte> bytes) { write(offset, bytes); }
  void flip(std::uint64_t offset, unsigned bit = 0) {
    check(offset, 1);
    data()[offset] ^= std::byte{1} << bit;
  }

 private:
  struct alignas(kLineBytes) Line {
    std::array<std::byte, kLineBytes> bytes{};
  };

  void check(std::uint64_t offset, std::uint64_t bytes) const {
    QT_CHECK(offset <= size_ && bytes <= size_ - offset, "outside of the memory");
  }
  void write(std::uint64_t offset, std::span<const std::byte> bytes) {
    check(offset, bytes.size());
    std::copy(bytes.begin(), bytes.end(), data() + offset);
  }

  std::uint64_t size_;
  std::vector<Line> lines_;
  Counts counts_;
  std::optional<std::uint64_t> good_fences_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unreadable_;
};

// A PlainMemory as a value, which is what a log owns: the test keeps the memory, looks at it, and
// opens it again.
class PlainMemoryRef {
 public:
  explicit PlainMemoryRef(PlainMemory& memory) : memory_(&memory) {}

  [[nodiscard]] std::uint64_t size() const { return memory_->size(); }
  [[nodiscard]] std::byte* data() const { return memory_->data(); }
  void store(std::uint64_t at, std::span<const std::byte> bytes) { memory_->store(at, bytes); }
  void stream(std::uint64_t at, std::span<const std::byte> lines) { memory_->stream(at, lines); }
  void flush(std::uint64_t at, std::uint64_t bytes) { memory_->flush(at, bytes); }
  [[nodiscard]] bool fence() { return memory_->fence(); }
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes) const {
    return memory_->read(at, bytes);
  }

 private:
  PlainMemory* memory_;
};

static_assert(MappedMemory<PlainMemory> && MappedMemory<PlainMemoryRef>);
static_assert(!SummingMemory<PlainMemoryRef>);

}  // namespace quintet::pm_log::world
