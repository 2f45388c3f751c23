// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "pm_log/layout.hpp"

// Pools of libpmemlog, read without that library: to take their content along. Nothing is written.
//
//   offset           bytes
//   0                 4096  header: signature, version, features, ids, and a checksum at its end
//   0x1000              24  offsets where the data starts, where it ends, and of the next append
//   0x2000             ...  the data, one byte after the other
//
// Only the header has a checksum: damage to the rest is found as far as it contradicts itself.
namespace quintet::pm_log {

enum class PmemlogErrc : std::uint8_t {
  kIo,                  // the operating system refused or failed     a: errno
  kBusy,                // a program has the pool open
  kNotAPmemlog,         // another signature                          a: bytes of the file
  kVersionUnsupported,  // not the version that this reads            a: its major version
  kFeatures,            // features that this does not know           a: their bits
  kHeaderDamaged,       // the header does not carry its checksum     a: expected, b: found
  kSeveralParts,        // the pool continues in other files
  kTruncated,           // the file ends before the data              a: bytes needed, b: found
  kOffsetsWrong,  // the offsets contradict each other          a: which (0, 1, 2), b: the offset
};

struct PmemlogError {
  PmemlogErrc code;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  friend bool operator==(const PmemlogError&, const PmemlogError&) = default;
};

// One sentence, without a full stop: what was refused, with the values, and what to do about it.
[[nodiscard]] std::string describe(const PmemlogError& error, std::string_view path);

// What the first eight bytes of a file say that it is: "libpmemlog pool", or "pool of libpmemobj"
// and the like, or nothing.
[[nodiscard]] std::string_view pmdk_kind(std::span<const std::byte, 8> signature);

// The checksum that the header of a libpmemlog pool must carry. Requires: the header's 4096 bytes.
[[nodiscard]] std::uint64_t pmemlog_checksum(std::span<const std::byte> header);

// An open pool, locked against programs that would append to it. Threading: one thread.
class PmemlogPool {
 public:
  template <class T>
  using Result = quintet::Result<T, PmemlogError>;

  [[nodiscard]] static Result<PmemlogPool> open(const std::filesystem::path& path);

  PmemlogPool(PmemlogPool&& other) noexcept
      : file_(std::exchange(other.file_, -1)),
        id_(other.id_),
        start_(other.start_),
        end_(other.end_),
        write_(other.write_) {}
  PmemlogPool& operator=(PmemlogPool&&) = delete;
  ~PmemlogPool();

  [[nodiscard]] const Uuid& id() const { return id_; }
  // Bytes that were appended, and that could be.
  [[nodiscard]] std::uint64_t used() const { return write_ - start_; }
  [[nodiscard]] std::uint64_t capacity() const { return end_ - start_; }

  // Copies appended bytes. Requires: `offset` and the bytes lie in used(). Errors: kIo, kTruncated.
  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  explicit PmemlogPool(int file) : file_(file) {}
  [[nodiscard]] Result<void> read_at(std::uint64_t offset, std::span<std::byte> bytes) const;
  [[nodiscard]] Result<void> read_header(std::uint64_t size);
  [[nodiscard]] Result<void> read_offsets(std::uint64_t size);

  int file_;
  Uuid id_{};
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t write_ = 0;
};

}  // namespace quintet::pm_log
