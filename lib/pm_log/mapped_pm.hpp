// SPDX-License-Identifier: MIT
#pragma once

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "pm_log/error.hpp"
#include "pm_log/persistent_memory.hpp"
#include "pm_log/stream_copy.hpp"

// The real world of a log: a file or device, mapped. On persistent memory (DAX) lines are streamed
// past the cache and sfence makes them durable; on any other file msync(2) does, a page at a time,
// or fdatasync(2), where several pages far apart would each wait for the disk. Threading: one
// thread; but see streams_in_parallel().
namespace quintet::pm_log {

// How what was written becomes durable.
enum class Durability : std::uint8_t {
  kFlush,  // flush instructions and fences: persistent memory
  kMsync,  // msync(2) or fdatasync(2): a file in the page cache
};

class MappedPm {
 public:
  struct Options {
    bool read_only = false;
    bool populate = false;      // map all pages now, not at first touch
    bool prefill = false;       // a new file: write all pages now. On a disk the first write to a
                                // page makes a sync wait for the file system's own log, too
    bool guard_sigbus = false;  // unreadable media are errors of read(), not signals
    bool buffered = false;      // unless persistent memory: what is stored is this process's own
                                // until a fence, which write(2)s it. Takes memory for each page
                                // that is stored to, and half the time of msync(2), which makes
                                // every page fault again
  };

  // A new file of `bytes`, all of them allocated: a full disk is an error now and no signal later.
  // A device (/dev/dax*) is taken as it is; `bytes` must be 0 or its size.
  // Errors: kIo (errno: EEXIST, ENOSPC, EISDIR, ...), kBusy.
  [[nodiscard]] static Result<MappedPm> create(const std::filesystem::path& path,
                                               std::uint64_t bytes, const Options& options);

  // An existing file or device. It is locked against a second writer while it is open.
  // Errors: kIo (ENOENT, EISDIR, ...), kBusy, kNotALog (an empty file).
  [[nodiscard]] static Result<MappedPm> open(const std::filesystem::path& path,
                                             const Options& options);

  // Memory that is mapped already, and stays the caller's. Requires: 64-byte aligned.
  [[nodiscard]] static MappedPm adopt(std::span<std::byte> memory, Durability durability);

  MappedPm(MappedPm&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(other.size_),
        copy_(other.copy_),
        durability_(other.durability_),
        options_(other.options_),
        owned_(std::exchange(other.owned_, false)),
        file_(std::exchange(other.file_, -1)),
        dirty_(other.dirty_),
        dirty_ranges_(other.dirty_ranges_) {}
  MappedPm& operator=(MappedPm&&) = delete;
  ~MappedPm();

  [[nodiscard]] Durability durability() const { return durability_; }
  [[nodiscard]] std::byte* data() const { return data_; }
  // Whether several threads may stream() and fence() at a time.
  [[nodiscard]] bool streams_in_parallel() const { return durability_ == Durability::kFlush; }

  // --- PersistentMemory ---------------------------------------------------------------------

  [[nodiscard]] std::uint64_t size() const { return size_; }
  void store(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (!bytes.empty()) std::memcpy(data_ + offset, bytes.data(), bytes.size());
  }
  void stream(std::uint64_t offset, std::span<const std::byte> lines) {
    if (durability_ == Durability::kFlush) [[likely]] {
      if (lines.size() == kLineBytes) {
        stream_line(data_ + offset, lines.data());
      } else {
        copy_.plain(data_ + offset, lines.data(), lines.size());
      }
    } else {
      store(offset, lines);
      note(offset, lines.size());
    }
  }
  // stream(), and the CRC-32C of what came before and the lines.
  [[nodiscard]] std::uint32_t stream_summed(std::uint64_t offset, std::span<const std::byte> lines,
                                            std::uint32_t crc) {
    if (durability_ == Durability::kMsync) note(offset, lines.size());
    return copy_.summed(data_ + offset, lines.data(), lines.size(), crc);
  }
  void flush(std::uint64_t offset, std::uint64_t bytes) {
    if (durability_ == Durability::kFlush) {
      flush_lines(offset, bytes);
    } else {
      note(offset, bytes);
    }
  }
  [[nodiscard]] bool fence() {
    if (durability_ == Durability::kFlush) [[likely]] {
      _mm_sfence();
      return true;
    }
    return sync();
  }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    if (options_.guard_sigbus) [[unlikely]]
      return read_guarded(offset, bytes);
    if (!bytes.empty()) std::memcpy(bytes.data(), data_ + offset, bytes.size());
    return true;
  }

 private:
  MappedPm(std::byte* data, std::uint64_t size, Durability durability, const Options& options,
           bool owned, int file);

  // What msync is asked for at the next fence: a few ranges, since what an epoch writes lies at the
  // logs' tails and in the first pages.
  void note(std::uint64_t offset, std::uint64_t bytes);
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };

  // A line that was just written word by word. A wide load of it would have to wait until the
  // words, and with them every store before them, have left the store queue.
  static void stream_line(std::byte* target, const std::byte* source) {
    for (std::size_t i = 0; i < kLineBytes; i += sizeof(long long)) {
      long long word;
      std::memcpy(&word, source + i, sizeof word);
      _mm_stream_si64(reinterpret_cast<long long*>(target + i), word);
    }
  }
  void flush_lines(std::uint64_t offset, std::uint64_t bytes);
  [[nodiscard]] bool sync();
  [[nodiscard]] bool write_back(const Range& range) const;
  [[nodiscard]] bool read_guarded(std::uint64_t offset, std::span<std::byte> bytes) const;

  std::byte* data_;
  std::uint64_t size_;
  StreamCopy copy_;
  Durability durability_;
  Options options_;
  bool owned_;
  int file_;  // holds the lock; -1: none
  std::array<Range, 8> dirty_{};
  std::size_t dirty_ranges_ = 0;
};

}  // namespace quintet::pm_log
