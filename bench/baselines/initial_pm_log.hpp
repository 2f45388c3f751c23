// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <utility>
#include <vector>

// The "initial" log of figure 13, made again from its description: a circular log on persistent
// memory that is crash-safe, and slow for the reasons that the description gives. Every write ends
// in a fence of its own, metadata is put together from small byte vectors on the heap, data starts
// off the lines of the cache, and positions become offsets by division.
//
// Media, all words little endian:
//   0       8   which of the two headers counts: one of two fixed values
//   8, 40  32   a header: CRC-64/XZ of the other words, head, tail, length of the data area
//   72     ...  the data area; one byte of it is never used
// An append is payload, then the header that does not count, then the value that makes it count.
// Threading: one thread.
namespace quintet::baselines {

enum class InitialLogError : std::uint8_t {
  kTooSmall,     // no room for a byte of data
  kCorrupt,      // the value or the header that counts is damaged
  kNoSpace,      // append: less room than bytes
  kOutsideLog,   // read: not all of it is in the log
  kInvalidHead,  // advance_head: before the head, or beyond the tail
};

template <class T>
using InitialLogResult = std::expected<T, InitialLogError>;

namespace initial_log {

inline constexpr std::uint64_t kHeaderBytes = 32;
inline constexpr std::uint64_t kDataAt = 72;
[[nodiscard]] constexpr std::uint64_t header_at(bool second) {
  return second ? 8 + kHeaderBytes : 8;
}

struct Header {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::uint64_t length = 0;  // of the data area
};

// Into byte vectors and back; a header or value that is not whole is an error.
[[nodiscard]] std::vector<std::uint8_t> serialize(std::uint64_t word);
[[nodiscard]] std::vector<std::uint8_t> serialize(const Header& header);
[[nodiscard]] std::vector<std::uint8_t> serialize_choice(bool second);
[[nodiscard]] InitialLogResult<Header> parse_header(std::span<const std::uint8_t> bytes);
[[nodiscard]] InitialLogResult<bool> parse_choice(std::span<const std::uint8_t> bytes);

}  // namespace initial_log

// Mapped memory, written by pmem_memcpy_persist.
class PmemMedia {
 public:
  explicit PmemMedia(std::span<std::byte> memory) : memory_(memory) {}

  [[nodiscard]] std::uint64_t size() const { return memory_.size(); }
  void persist(std::uint64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  std::span<std::byte> memory_;
};

// `Media` has size(), persist(offset, bytes), which is durable on return, and read(offset, bytes).
template <class Media>
class InitialPmLog {
 public:
  using Bytes = std::vector<std::uint8_t>;
  struct Extent {
    std::uint64_t head;
    std::uint64_t tail;
    std::uint64_t capacity;
  };

  // An empty log on `media`. Not atomic.
  [[nodiscard]] static InitialLogResult<InitialPmLog> setup(Media media) {
    if (media.size() < initial_log::kDataAt + 2) {
      return std::unexpected(InitialLogError::kTooSmall);
    }
    InitialPmLog log(std::move(media));
    log.header_.length = log.media_.size() - initial_log::kDataAt;
    log.write_header(log.header_);
    return log;
  }

  // The log on `media`, as it was last durable. Writes nothing.
  [[nodiscard]] static InitialLogResult<InitialPmLog> start(Media media) {
    if (media.size() < initial_log::kDataAt + 2) {
      return std::unexpected(InitialLogError::kTooSmall);
    }
    InitialPmLog log(std::move(media));
    const auto second = initial_log::parse_choice(log.load(0, 8));
    if (!second) return std::unexpected(second.error());
    log.second_ = *second;
    const auto header = initial_log::parse_header(
        log.load(initial_log::header_at(*second), initial_log::kHeaderBytes));
    if (!header) return std::unexpected(header.error());
    if (header->length != log.media_.size() - initial_log::kDataAt) {
      return std::unexpected(InitialLogError::kCorrupt);
    }
    log.header_ = *header;
    return log;
  }

  [[nodiscard]] Extent extent() const { return {header_.head, header_.tail, header_.length - 1}; }

  // Durable on return. The position of the first byte.
  [[nodiscard]] InitialLogResult<std::uint64_t> append(const Bytes& bytes) {
    const auto [head, tail, length] = header_;
    if (bytes.size() > length - 1 - (tail - head) || bytes.size() > UINT64_MAX - tail) {
      return std::unexpected(InitialLogError::kNoSpace);
    }
    if (bytes.empty()) return tail;
    const std::uint64_t head_at = head % length;
    const std::uint64_t tail_at = tail % length;
    const std::uint64_t end_at = (tail + bytes.size()) % length;
    const auto all = std::as_bytes(std::span(bytes));
    if (tail_at < head_at || end_at == 0 || end_at > tail_at) {
      media_.persist(initial_log::kDataAt + tail_at, all);
    } else {
      media_.persist(initial_log::kDataAt + tail_at, all.first(length - tail_at));
      media_.persist(initial_log::kDataAt, all.last(end_at));
    }
    write_header({head, tail + bytes.size(), length});
    return tail;
  }

  // Gives the bytes before `position` back. Durable on return.
  [[nodiscard]] InitialLogResult<void> advance_head(std::uint64_t position) {
    if (position < header_.head || position > header_.tail) {
      return std::unexpected(InitialLogError::kInvalidHead);
    }
    write_header({position, header_.tail, header_.length});
    return {};
  }

  [[nodiscard]] InitialLogResult<Bytes> read(std::uint64_t position, std::uint64_t count) const {
    if (position < header_.head || position > header_.tail || count > header_.tail - position) {
      return std::unexpected(InitialLogError::kOutsideLog);
    }
    const std::uint64_t at = position % header_.length;
    const std::uint64_t first = std::min(count, header_.length - at);
    Bytes bytes = load(initial_log::kDataAt + at, first);
    const Bytes rest = load(initial_log::kDataAt, count - first);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
  }

 private:
  explicit InitialPmLog(Media media) : media_(std::move(media)) {}

  void write_header(const initial_log::Header& header) {
    const Bytes bytes = initial_log::serialize(header);
    media_.persist(initial_log::header_at(!second_), std::as_bytes(std::span(bytes)));
    const Bytes choice = initial_log::serialize_choice(!second_);
    media_.persist(0, std::as_bytes(std::span(choice)));
    second_ = !second_;
    header_ = header;
  }
  [[nodiscard]] Bytes load(std::uint64_t offset, std::uint64_t count) const {
    Bytes bytes(count);
    if (!media_.read(offset, std::as_writable_bytes(std::span(bytes)))) bytes.clear();
    return bytes;
  }

  Media media_;
  initial_log::Header header_{};
  bool second_ = false;  // which header counts
};

}  // namespace quintet::baselines
