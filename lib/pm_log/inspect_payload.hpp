// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "pm_log/inspect_commits.hpp"
#include "pm_log/inspection.hpp"
#include "pm_log/record_log.hpp"
#include "pm_log/text.hpp"

// The part of an inspection that looks at what was appended: whether it can be read, and whether
// records carry their checksums. After damage it goes on with the next record that does.
namespace quintet::pm_log::internal {

// Tells how much was looked at, now and then.
class Progress {
 public:
  using Tell = std::function<void(std::uint64_t done, std::uint64_t of)>;

  Progress(Tell tell, std::uint64_t of) : tell_(std::move(tell)), of_(of) {}

  void add(std::uint64_t bytes) {
    done_ += bytes;
    if (tell_ && done_ >= next_) tell_(done_, of_);
    if (done_ >= next_) next_ = done_ + of_ / 200 + kMiB;
  }
  void end() const {
    if (tell_) tell_(of_, of_);
  }

 private:
  Tell tell_;
  std::uint64_t of_;
  std::uint64_t done_ = 0;
  std::uint64_t next_ = 0;
};

template <PersistentMemory M>
class PayloadCheck {
 public:
  // Requires: the window is known.
  PayloadCheck(std::uint32_t log, const Window& window, const Seeds& seeds,
               const ReadOnlyView<M>& memory, Inspection& report, Progress& progress)
      : log_(log),
        place_(window.place),
        head_(window.slot.head),
        tail_(window.slot.tail),
        seeds_(seeds),
        memory_(memory),
        report_(report),
        progress_(progress) {}

  void run() {
    if ((place_.flags & kFlagRecords) != 0) {
      check_records();
    } else {
      check_readable();
    }
  }

 private:
  // What bytes are, taken as a record.
  struct Sight {
    std::uint64_t size = 0;  // of the record with its framing, as far as its length can be believed
    std::string problem = {};
    [[nodiscard]] bool is_whole() const { return problem.empty(); }
  };

  // Bytes that a search for the next record may sum: what looks like a length is no length mostly.
  static constexpr std::uint64_t kMostSummed = kGiB;

  [[nodiscard]] std::uint64_t offset_of(std::uint64_t position) const {
    return place_.area + position % place_.length;
  }

  void check_readable() {
    for (std::uint64_t position = head_; position != tail_;) {
      const std::uint64_t count =
          std::min({kPageBytes, tail_ - position, place_.length - position % place_.length});
      std::array<std::byte, kPageBytes> buffer;
      if (!memory_.read(offset_of(position), std::span(buffer).first(count))) {
        report_.add({.part = Part::kPayload,
                     .log = log_,
                     .offset = offset_of(position),
                     .position = position,
                     .expected = "readable bytes",
                     .found = counted(count, "byte") + " that cannot be read"});
        // Beyond the end there is nothing more of this lap, and what was cut off is one finding.
        if (offset_of(position) >= memory_.size()) return;
      }
      progress_.add(count);
      position += count;
    }
  }

  void check_records() {
    std::uint64_t& records = report_.records[log_];
    for (std::uint64_t position = head_; position != tail_;) {
      const Sight sight = look(position);
      std::uint64_t next = position + sight.size;
      if (sight.is_whole()) {
        ++records;
      } else {
        next = find_next(position, sight);
        report_damage(position, next, sight);
      }
      progress_.add(next - position);
      position = next;
    }
  }

  void report_damage(std::uint64_t position, std::uint64_t next, const Sight& sight) {
    std::string found = sight.problem;
    if (is_exhausted_) {
      found += "; no search for whole records behind it: too many bytes look like one";
    } else if (next == tail_) {
      const bool is_last = position + sight.size == tail_;
      found += is_last ? "; it is the newest one" : "; no whole record is behind it";
    } else {
      found += "; the next whole record is at position " + std::to_string(next);
    }
    report_.add({.part = Part::kRecord,
                 .log = log_,
                 .offset = offset_of(position),
                 .position = position,
                 .expected = "a whole record",
                 .found = std::move(found)});
  }

  [[nodiscard]] bool read(std::uint64_t position, std::span<std::byte> bytes) const {
    const std::uint64_t first =
        std::min<std::uint64_t>(bytes.size(), place_.length - position % place_.length);
    return memory_.read(offset_of(position), bytes.first(first)) &&
           memory_.read(place_.area, bytes.subspan(first));
  }

  // Requires: position < tail.
  [[nodiscard]] Sight look(std::uint64_t position) const {
    const std::uint64_t left = tail_ - position;
    if (left < kRecordOverhead) {
      return {.problem = joined({"only ", counted(left, "byte"), " before the tail"})};
    }
    std::uint32_t length = 0;
    if (!read(position, std::as_writable_bytes(std::span(&length, 1)))) {
      return {.problem = "a length that cannot be read"};
    }
    if (length > left - kRecordOverhead) {
      return {.problem = joined({"length ", std::to_string(length), ", where ",
                                 std::to_string(left - kRecordOverhead), " fit"})};
    }
    std::uint32_t crc = record_seed(seeds_, position);
    const auto unread = for_each_piece(memory_, place_, position, length + sizeof length,
                                       [&crc](std::uint64_t, std::span<const std::byte> bytes) {
                                         crc = crc32c(crc, bytes);
                                         return true;
                                       });
    std::uint32_t sum = 0;
    Sight sight{.size = length + kRecordOverhead};
    if (unread ||
        !read(position + sizeof length + length, std::as_writable_bytes(std::span(&sum, 1)))) {
      sight.problem = "bytes that cannot be read at offset " + hex(unread.value_or(0));
    } else if (sum != crc) {
      sight.problem = joined({"length ", std::to_string(length), ", checksum ", hex(sum),
                              " where the bytes have ", hex(crc)});
    }
    return sight;
  }

  // Where the next whole record starts, or the tail. First where the damaged one says that it ends.
  [[nodiscard]] std::uint64_t find_next(std::uint64_t damaged, const Sight& sight) {
    const std::uint64_t end = damaged + sight.size;
    if (sight.size != 0 && (end == tail_ || look(end).is_whole())) return end;
    // Every position, the lengths from a buffer.
    std::array<std::byte, kPageBytes> buffer{};
    std::uint64_t summed = 0;
    for (std::uint64_t from = damaged + 1; from + kRecordOverhead <= tail_;) {
      const std::uint64_t count = std::min<std::uint64_t>(buffer.size(), tail_ - from);
      if (!read(from, std::span(buffer).first(count))) {
        if (offset_of(from) >= memory_.size()) return tail_;
        from += kLineBytes - from % kLineBytes;
        continue;
      }
      const std::uint64_t starts = count - kRecordOverhead + 1;
      for (std::uint64_t i = 0; i < starts; ++i) {
        std::uint32_t length = 0;
        std::memcpy(&length, buffer.data() + i, sizeof length);
        if (length > tail_ - from - i - kRecordOverhead) continue;
        if (look(from + i).is_whole()) return from + i;
        summed += length + kRecordOverhead;
        if (summed > kMostSummed) is_exhausted_ = true;
        if (is_exhausted_) return tail_;
      }
      from += starts;
    }
    return tail_;
  }

  std::uint32_t log_;
  const DirectoryEntry& place_;
  std::uint64_t head_;
  std::uint64_t tail_;
  const Seeds& seeds_;
  const ReadOnlyView<M>& memory_;
  Inspection& report_;
  Progress& progress_;
  bool is_exhausted_ = false;
};

}  // namespace quintet::pm_log::internal
