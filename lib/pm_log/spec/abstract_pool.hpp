// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pm_log/error.hpp"
#include "pm_log/options.hpp"

// What a pool of logs means: endless sequences of bytes of which a window is kept. No ring, no
// media, no order of writes; what a failure leaves is said by crashed().
namespace quintet::pm_log::spec {

struct AbstractLog {
  std::uint64_t capacity = 0;
  std::uint64_t head = 0;
  std::vector<std::byte> kept{};     // from `head` on
  std::vector<std::byte> pending{};  // appended behind them, seen by nobody

  [[nodiscard]] std::uint64_t tail() const { return head + kept.size(); }
  [[nodiscard]] std::uint64_t end() const { return tail() + pending.size(); }
  friend bool operator==(const AbstractLog&, const AbstractLog&) = default;
};

class AbstractPool {
 public:
  // P1: empty logs of these capacities.
  explicit AbstractPool(std::span<const std::uint64_t> capacities) {
    for (const std::uint64_t capacity : capacities) logs_.push_back({.capacity = capacity});
  }

  // P8, P9, P10.
  Result<std::uint64_t> tentative_append(std::uint32_t log, std::span<const std::byte> bytes) {
    if (log >= logs_.size()) return std::unexpected(no_such_log());
    AbstractLog& it = logs_[log];
    const std::uint64_t room = it.capacity - it.kept.size() - it.pending.size();
    const std::uint64_t available = std::min(room, UINT64_MAX - it.end());
    if (bytes.size() > available) {
      return std::unexpected(
          Error{.code = Errc::kNoSpace, .log = log, .a = available, .b = bytes.size()});
    }
    const std::uint64_t position = it.end();
    it.pending.insert(it.pending.end(), bytes.begin(), bytes.end());
    return position;
  }

  // P12: all logs at once.
  void commit() {
    for (AbstractLog& it : logs_) {
      it.kept.insert(it.kept.end(), it.pending.begin(), it.pending.end());
      it.pending.clear();
    }
  }

  void abort() {
    for (AbstractLog& it : logs_) it.pending.clear();
  }

  // P15, P17.
  Result<void> advance_head(std::uint32_t log, std::uint64_t position) {
    if (log >= logs_.size()) return std::unexpected(no_such_log());
    AbstractLog& it = logs_[log];
    if (position < it.head) {
      return std::unexpected(
          Error{.code = Errc::kHeadBeforeHead, .log = log, .a = it.head, .b = position});
    }
    if (position > it.tail()) {
      return std::unexpected(
          Error{.code = Errc::kHeadBeyondTail, .log = log, .a = it.tail(), .b = position});
    }
    it.kept.erase(it.kept.begin(),
                  it.kept.begin() + static_cast<std::ptrdiff_t>(position - it.head));
    it.head = position;
    return {};
  }

  // P18, P20.
  [[nodiscard]] Result<std::vector<std::byte>> read(std::uint32_t log, std::uint64_t position,
                                                    std::uint64_t count) const {
    if (log >= logs_.size()) return std::unexpected(no_such_log());
    const AbstractLog& it = logs_[log];
    if (position < it.head) {
      return std::unexpected(
          Error{.code = Errc::kBeforeHead, .log = log, .a = it.head, .b = position});
    }
    if (position > it.tail() || count > it.tail() - position) {
      return std::unexpected(
          Error{.code = Errc::kPastTail, .log = log, .a = it.tail(), .b = position});
    }
    const auto from = it.kept.begin() + static_cast<std::ptrdiff_t>(position - it.head);
    return std::vector<std::byte>(from, from + static_cast<std::ptrdiff_t>(count));
  }

  // P22.
  [[nodiscard]] Result<Info> info(std::uint32_t log) const {
    if (log >= logs_.size()) return std::unexpected(no_such_log());
    const AbstractLog& it = logs_[log];
    return Info{
        .head = it.head, .tail = it.tail(), .pending_tail = it.end(), .capacity = it.capacity};
  }

  // P5, P7, P23: what opening the pool again finds, whatever happened since the last change.
  [[nodiscard]] AbstractPool crashed() const {
    AbstractPool left = *this;
    left.abort();
    return left;
  }

  [[nodiscard]] const std::vector<AbstractLog>& logs() const { return logs_; }
  friend bool operator==(const AbstractPool&, const AbstractPool&) = default;

 private:
  [[nodiscard]] Error no_such_log() const { return {.code = Errc::kInvalidLog, .a = logs_.size()}; }

  std::vector<AbstractLog> logs_;
};

}  // namespace quintet::pm_log::spec
