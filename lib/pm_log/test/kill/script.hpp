// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "pm_log/multi_log.hpp"

// An endless script of changes to a pool. Everything follows from a seed: what each change does
// from the changes before it, and every byte of every record from its log and its number. So what
// a pool holds tells how far the script went, and nothing of it needs to be kept elsewhere.
namespace quintet::pm_log::kill {

// A well-mixed word of three.
inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  std::uint64_t word = a;
  for (const std::uint64_t more : {b, c}) {
    word = (word ^ (word >> 29)) * 0xD1B5'4A32'D192'ED03 + more;
    word = (word ^ (word >> 32)) * 0x9E37'79B9'7F4A'7C15;
  }
  return word ^ (word >> 31);
}

// What a log holds after some of the script.
struct Expected {
  std::uint64_t capacity = 0;
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::uint64_t first = 0;  // number of the record at the head
  std::uint64_t next = 0;   // number of the record that will come behind the tail
};

// One change, durable or not as a whole.
struct Step {
  std::vector<std::uint64_t> appended{};  // by log: records that one commit appends
  LogIndex shortened = 0;                 // if none: the log that is shortened at its head,
  std::uint64_t dropped = 0;              // by so many records
  bool noise = false;                     // bytes are appended as well that are never committed
};

class Script {
 public:
  Script(std::uint64_t seed, const std::vector<std::uint64_t>& capacities) : seed_(seed) {
    for (const std::uint64_t capacity : capacities) logs_.push_back({.capacity = capacity});
  }

  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] const std::vector<Expected>& logs() const { return logs_; }

  // The next change.
  [[nodiscard]] Step next() const {
    std::uint64_t dice = mixed(seed_, done_, 1);
    Step step{.appended = std::vector<std::uint64_t>(logs_.size()), .noise = dice % 8 == 0};
    dice /= 8;
    const auto any_log = static_cast<LogIndex>(dice % logs_.size());
    dice /= 64;
    if (dice % 32 == 0 && logs_[any_log].first != logs_[any_log].next) {
      return shortening(any_log, dice / 32, step.noise);
    }
    dice /= 32;
    for (LogIndex log = 0; log < logs_.size(); ++log, dice /= 4) {
      step.appended[log] = dice % 4;
      if (log == any_log) step.appended[log] = std::max<std::uint64_t>(dice % 4, 1);
      if (bytes_of(log, logs_[log].next, step.appended[log]) > room(log)) {
        return shortening(log, dice / 4, step.noise);
      }
    }
    return step;
  }

  void apply(const Step& step) {
    Expected& shortened = logs_[step.shortened];
    shortened.head += bytes_of(step.shortened, shortened.first, step.dropped);
    shortened.first += step.dropped;
    for (LogIndex log = 0; log < logs_.size(); ++log) {
      logs_[log].tail += bytes_of(log, logs_[log].next, step.appended[log]);
      logs_[log].next += step.appended[log];
    }
    ++done_;
  }

  // Grows with every change.
  [[nodiscard]] std::uint64_t progress() const {
    std::uint64_t sum = 0;
    for (const Expected& log : logs_) sum += log.head + log.tail;
    return sum;
  }

  [[nodiscard]] std::vector<std::byte> record(LogIndex log, std::uint64_t number) const {
    std::vector<std::byte> bytes(size_of(log, number));
    std::memcpy(bytes.data(), &number, sizeof number);
    for (std::size_t at = sizeof number; at < bytes.size(); at += sizeof number) {
      const std::uint64_t word = mixed(seed_ + log, number, at);
      std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
    }
    return bytes;
  }

  [[nodiscard]] std::uint64_t bytes_of(LogIndex log, std::uint64_t first,
                                       std::uint64_t count) const {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) bytes += size_of(log, first + i);
    return bytes;
  }

 private:
  // Mostly small, some of whole lines, some of several pages.
  [[nodiscard]] std::size_t size_of(LogIndex log, std::uint64_t number) const {
    const std::uint64_t dice = mixed(seed_ + log, number, 2);
    if (dice % 8 == 0) return 64 * (1 + dice / 8 % 4);
    if (dice % 16 == 1) return 8 + dice / 16 % (logs_[log].capacity / 4);
    return 8 + dice / 16 % 300;
  }
  [[nodiscard]] std::uint64_t room(LogIndex log) const {
    return logs_[log].capacity - (logs_[log].tail - logs_[log].head);
  }
  // By one record or by many: the first leaves the log nearly full.
  [[nodiscard]] Step shortening(LogIndex log, std::uint64_t dice, bool noise) const {
    const std::uint64_t live = logs_[log].next - logs_[log].first;
    return {.appended = std::vector<std::uint64_t>(logs_.size()),
            .shortened = log,
            .dropped = dice % 4 != 0 ? 1 : 1 + dice / 4 % live,
            .noise = noise};
  }

  std::uint64_t seed_;
  std::uint64_t done_ = 0;
  std::vector<Expected> logs_;
};

// Does to the pool what the next step says. Requires: the pool holds what the script says.
template <class Pool>
[[nodiscard]] Result<void> carry_out(const Script& script, const Step& step, Pool& pool) {
  if (step.noise) {
    const std::array<std::byte, 100> garbage{};
    // Refused if there is no room, which is as good.
    (void)pool.tentative_append(step.shortened, std::span(garbage).first(script.done() % 100));
  }
  if (step.dropped != 0) {
    const Expected& log = script.logs()[step.shortened];
    const auto done = pool.advance_head(
        step.shortened, log.head + script.bytes_of(step.shortened, log.first, step.dropped));
    pool.abort();
    return done;
  }
  pool.abort();
  for (LogIndex log = 0; log < step.appended.size(); ++log) {
    for (std::uint64_t i = 0; i < step.appended[log]; ++i) {
      const auto bytes = script.record(log, script.logs()[log].next + i);
      const std::span<const std::byte> all(bytes);
      const std::array pieces{all.first(8), all.subspan(8)};
      const auto put = i % 2 == 0 ? pool.tentative_append(log, all)
                                  : pool.tentative_append(log, std::span(pieces));
      if (!put) return std::unexpected(put.error());
    }
  }
  return pool.commit();
}

// What is wrong with the records of one log; empty if nothing is.
template <class Pool>
[[nodiscard]] std::string bad_record(const Script& script, const Pool& pool, LogIndex log) {
  const Expected& expected = script.logs()[log];
  Position at = expected.head;
  std::vector<std::byte> found;
  for (std::uint64_t number = expected.first; number != expected.next; ++number) {
    const auto bytes = script.record(log, number);
    found.resize(bytes.size());
    if (!pool.read(log, at, found) || found != bytes) {
      return "record " + std::to_string(number) + " of log " + std::to_string(log) + " is bad";
    }
    at += bytes.size();
  }
  return {};
}

// Goes on with the script until it says what the pool holds. What is wrong, if it never does, or
// if the records are others; empty if nothing is.
template <class Pool>
[[nodiscard]] std::string catch_up(Script& script, const Pool& pool) {
  pool.check_invariants();
  std::uint64_t progress = 0;
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    progress += pool.info(log)->head + pool.info(log)->tail;
  }
  while (script.progress() < progress) script.apply(script.next());
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    const Info info = *pool.info(log);
    const Expected& expected = script.logs()[log];
    if (info.head != expected.head || info.tail != expected.tail) {
      return "log " + std::to_string(log) + " is [" + std::to_string(info.head) + ", " +
             std::to_string(info.tail) + "), and no step leaves it so beside the others: step " +
             std::to_string(script.done()) + " leaves [" + std::to_string(expected.head) + ", " +
             std::to_string(expected.tail) + ")";
    }
    if (auto bad = bad_record(script, pool, log); !bad.empty()) return bad;
  }
  return {};
}

}  // namespace quintet::pm_log::kill
