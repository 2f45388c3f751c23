// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/checksum.hpp"
#include "pm_log/error.hpp"
#include "pm_log/multi_log.hpp"

// Records in a log: each is found again as it was appended, or found damaged.
//
//   4 bytes      length of the payload
//   ...          the payload
//   4 bytes      CRC-32C of the pool's id, the record's position, its length and its payload
//
// The position makes a record of an earlier lap, or one that lies in another place, no record. The
// head of a log of records is always at the start of one. All numbers are little endian.
namespace quintet::pm_log {

inline constexpr std::uint64_t kRecordOverhead = 2 * sizeof(std::uint32_t);
inline constexpr std::uint64_t kMaxRecordBytes = UINT32_MAX;

// What the checksum of the record at `position` starts from.
[[nodiscard]] inline std::uint32_t record_seed(const Seeds& seeds, Position position) {
  return crc32c(seeds.payload, std::as_bytes(std::span(&position, 1)));
}

// Reads records from a position on, in order. Follows the tail: after its end, next() goes on when
// more was committed. The position that it starts from must be a record's.
template <PersistentMemory M, Fault kFault = Fault::kNone>
class RecordReader {
 public:
  using Pool = MultiLog<M, kFault>;

  RecordReader(const Pool& pool, LogIndex log, Position from)
      : pool_(&pool), log_(log), position_(from) {}
  // From the oldest record on. Requires: `log` is one of the pool.
  RecordReader(const Pool& pool, LogIndex log) : RecordReader(pool, log, pool.info(log)->head) {}

  // The position of the record that next() reads.
  [[nodiscard]] Position position() const { return position_; }

  // Puts the next record's payload into `payload`; false at the tail. O(bytes of the record).
  // Errors: kCorrupt (its position; the reader stays there), kBeforeHead if it has been dropped,
  // kPastTail if it started there, kMedia, kNotRecords.
  [[nodiscard]] Result<bool> next(std::vector<std::byte>& payload) {
    const auto length = peek();
    if (!length) return std::unexpected(length.error());
    if (*length == kNone) return false;
    payload.resize(*length);
    std::uint32_t size = static_cast<std::uint32_t>(*length);
    std::uint32_t sum = 0;
    const Position data = position_ + sizeof size;
    if (auto done = pool_->read(log_, data, payload); !done) return std::unexpected(done.error());
    if (auto done = pool_->read(log_, data + *length, std::as_writable_bytes(std::span(&sum, 1)));
        !done) {
      return std::unexpected(done.error());
    }
    const std::uint32_t seed = record_seed(pool_->seeds(), position_);
    const std::uint32_t with_size = crc32c(seed, std::as_bytes(std::span(&size, 1)));
    if (crc32c(with_size, payload) != sum) return std::unexpected(corrupt());
    position_ = data + *length + sizeof sum;
    return true;
  }

  // Passes over the next record by its length alone; false at the tail. Errors: as next(), but
  // damage to the payload is not seen.
  [[nodiscard]] Result<bool> skip() {
    const auto length = peek();
    if (!length) return std::unexpected(length.error());
    if (*length == kNone) return false;
    position_ += *length + kRecordOverhead;
    return true;
  }

 private:
  static constexpr std::uint64_t kNone = UINT64_MAX;

  [[nodiscard]] Error corrupt() const {
    return {.code = Errc::kCorrupt, .log = log_, .a = position_, .part = Part::kRecord};
  }

  // The length that the next record claims, if the log can hold it; kNone at the tail.
  [[nodiscard]] Result<std::uint64_t> peek() const {
    const auto info = pool_->info(log_);
    if (!info) return std::unexpected(info.error());
    if (!pool_->holds_records(log_)) {
      return std::unexpected(Error{.code = Errc::kNotRecords, .log = log_});
    }
    if (position_ == info->tail) return kNone;
    if (position_ > info->tail) {
      return std::unexpected(
          Error{.code = Errc::kPastTail, .log = log_, .a = info->tail, .b = position_});
    }
    if (info->tail - position_ < kRecordOverhead) {
      return std::unexpected(corrupt());
    }
    std::uint32_t length = 0;
    if (auto done = pool_->read(log_, position_, std::as_writable_bytes(std::span(&length, 1)));
        !done) {
      return std::unexpected(done.error());
    }
    if (length > info->tail - position_ - kRecordOverhead) return std::unexpected(corrupt());
    return length;
  }

  const Pool* pool_;
  LogIndex log_;
  Position position_;
};

// Appends records to a log, and drops them from its head. A view: the pool stays its owner's.
// Requires: the log was made with LogSpec::records, and nothing else appends to it.
template <PersistentMemory M, Fault kFault = Fault::kNone>
class RecordLog {
 public:
  using Pool = MultiLog<M, kFault>;
  using Reader = RecordReader<M, kFault>;

  // Errors: kInvalidLog, kNotRecords.
  [[nodiscard]] static Result<RecordLog> of(Pool& pool, LogIndex log = 0) {
    if (auto info = pool.info(log); !info) return std::unexpected(info.error());
    if (!pool.holds_records(log)) {
      return std::unexpected(Error{.code = Errc::kNotRecords, .log = log});
    }
    return RecordLog(pool, log);
  }

  // Appends a record and commits: durable on return. Its position. Errors: as tentative_append,
  // kNoSpace also for more than kMaxRecordBytes.
  [[nodiscard]] Result<Position> append(std::span<const std::byte> payload) {
    const auto position = tentative_append(payload);
    if (!position) return position;
    if (auto done = pool_->commit(); !done) return std::unexpected(done.error());
    return position;
  }
  // The same without the commit, which the pool does for all of its logs at once.
  [[nodiscard]] Result<Position> tentative_append(std::span<const std::byte> payload) {
    if (payload.size() > kMaxRecordBytes) {
      return std::unexpected(
          Error{.code = Errc::kNoSpace, .log = log_, .a = kMaxRecordBytes, .b = payload.size()});
    }
    const auto size = static_cast<std::uint32_t>(payload.size());
    const std::array<std::span<const std::byte>, 2> pieces{std::as_bytes(std::span(&size, 1)),
                                                           payload};
    const Position position = pool_->info(log_)->pending_tail;
    return pool_->tentative_append_summed(log_, pieces, record_seed(pool_->seeds(), position));
  }

  // Drops the oldest records until a record of `bytes` can be appended. Durable on return. How many
  // were dropped. Errors: kNoSpace if it does not fit an empty log; kCorrupt.
  [[nodiscard]] Result<std::uint64_t> make_room(std::uint64_t bytes) {
    const Info info = *pool_->info(log_);
    const std::uint64_t needed = bytes + kRecordOverhead;
    const std::uint64_t pending = info.pending_tail - info.tail;
    const std::uint64_t room = info.capacity - pending;
    if (bytes > kMaxRecordBytes || needed > room) {
      const std::uint64_t most = room < kRecordOverhead ? 0 : room - kRecordOverhead;
      return std::unexpected(Error{.code = Errc::kNoSpace, .log = log_, .a = most, .b = bytes});
    }
    std::uint64_t dropped = 0;
    Reader oldest(*pool_, log_);
    while (info.pending_tail - oldest.position() + needed > info.capacity) {
      const auto passed = oldest.skip();
      if (!passed) return std::unexpected(passed.error());
      ++dropped;
    }
    if (auto done = pool_->advance_head(log_, oldest.position()); !done) {
      return std::unexpected(done.error());
    }
    return dropped;
  }

  // From the oldest record on.
  [[nodiscard]] Reader reader() const { return Reader(*pool_, log_); }
  [[nodiscard]] Reader reader(Position from) const { return Reader(*pool_, log_, from); }

 private:
  RecordLog(Pool& pool, LogIndex log) : pool_(&pool), log_(log) {}

  Pool* pool_;
  LogIndex log_;
};

}  // namespace quintet::pm_log
