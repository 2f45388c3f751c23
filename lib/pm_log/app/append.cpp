// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/record_log.hpp"
#include "pm_log/text.hpp"

namespace quintet::pm_log::app {
namespace {

class Appender {
 public:
  Appender(Pool& pool, LogIndex log, const AppendArguments& arguments)
      : pool_(pool), log_(log), arguments_(arguments) {}

  [[nodiscard]] Outcome<void> add(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    auto position = append_pending(bytes);
    if (!position && position.error().code == Errc::kNoSpace && arguments_.make_room) {
      if (auto done = make_room(bytes.size()); !done) return done;
      position = append_pending(bytes);
    }
    if (!position) return std::unexpected(problem(position.error()));
    pending_.push_back(*position);
    pending_bytes_ += bytes.size();
    return pending_.size() >= arguments_.batch ? commit() : Outcome<void>{};
  }

  [[nodiscard]] Outcome<void> commit() {
    if (auto done = pool_.commit(); !done) return std::unexpected(problem(done.error()));
    std::string text;
    for (const Position position : pending_) {
      if (!first_) first_ = position;
      if (arguments_.verbose && !arguments_.json) text += fmt::format("{}\n", position);
    }
    count_ += pending_.size();
    bytes_ += pending_bytes_;
    pending_.clear();
    pending_bytes_ = 0;
    return text.empty() ? Outcome<void>{} : put_now(text);
  }

  [[nodiscard]] std::string summary() const {
    const Position tail = pool_.info(log_)->tail;
    const std::string_view thing = pool_.holds_records(log_) ? "record" : "piece";
    if (arguments_.json) {
      return JsonObject()
                 .add("log", log_)
                 .add("appended", count_)
                 .add("bytes", bytes_)
                 .add("position", first_.value_or(tail))
                 .add("tail", tail)
                 .add("dropped", dropped_)
                 .text() +
             "\n";
    }
    std::string text =
        fmt::format("{}: appended {} of {} to log {}", arguments_.path, counted(count_, thing),
                    counted(bytes_, "byte"), log_label(pool_, log_));
    if (first_) text += fmt::format(" at positions {} to {}", *first_, tail);
    if (dropped_ != 0) {
      text += fmt::format(", dropped {}",
                          counted(dropped_, pool_.holds_records(log_) ? "record" : "byte"));
    }
    return text + "\n";
  }

 private:
  [[nodiscard]] Result<Position> append_pending(std::span<const std::byte> bytes) {
    if (!pool_.holds_records(log_)) return pool_.tentative_append(log_, bytes);
    return RecordLog<MappedPm>::of(pool_, log_)->tentative_append(bytes);
  }

  // What was appended is committed first: it can neither be dropped nor lost.
  [[nodiscard]] Outcome<void> make_room(std::uint64_t bytes) {
    if (auto done = commit(); !done) return done;
    const Info info = *pool_.info(log_);
    const std::uint64_t wanted = std::max(bytes, room_for_batch(bytes, info.capacity));
    if (pool_.holds_records(log_)) {
      const auto dropped = RecordLog<MappedPm>::of(pool_, log_)->make_room(wanted);
      if (!dropped) return std::unexpected(problem(dropped.error()));
      dropped_ += *dropped;
      return {};
    }
    if (bytes > info.capacity) {
      return std::unexpected(
          problem({.code = Errc::kNoSpace, .log = log_, .a = info.capacity, .b = bytes}));
    }
    const Position head = std::max(info.head, info.tail + wanted - info.capacity);
    dropped_ += head - info.head;
    auto done = pool_.advance_head(log_, head);
    return done ? Outcome<void>{} : std::unexpected(problem(done.error()));
  }

  // Dropping is a commit of its own, so it is done for a batch at once: but for a quarter of the
  // log at most.
  [[nodiscard]] std::uint64_t room_for_batch(std::uint64_t bytes, std::uint64_t capacity) const {
    const std::uint64_t each = bytes + kRecordOverhead;
    if (arguments_.batch == 1) return bytes;
    return arguments_.batch > capacity / 4 / each ? capacity / 4 : each * arguments_.batch;
  }

  // Says what is in the log nevertheless.
  [[nodiscard]] Problem problem(const Error& error) const {
    Problem problem = problem_of(error, arguments_.path, pool_);
    if (count_ != 0) {
      problem.text +=
          fmt::format("; {} before it {} in the log", count_, count_ == 1 ? "is" : "are");
    }
    return problem;
  }

  Pool& pool_;
  LogIndex log_;
  const AppendArguments& arguments_;
  std::vector<Position> pending_;
  std::uint64_t pending_bytes_ = 0;
  std::optional<Position> first_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

Outcome<void> append_lines(Appender& appender, bool with_newline) {
  for (std::string line; std::getline(std::cin, line);) {
    if (with_newline && !std::cin.eof()) line += '\n';
    if (auto done = appender.add(line); !done) return done;
  }
  if (std::cin.bad()) return failed("the standard input cannot be read");
  return {};
}

// All of the input, as long as it can fit. What does not fit is refused by the log.
Outcome<void> append_input(Appender& appender, std::uint64_t capacity) {
  std::string input;
  std::vector<char> chunk(kMiB);
  while (std::cin && input.size() <= capacity) {
    std::cin.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    input.append(chunk.data(), static_cast<std::size_t>(std::cin.gcount()));
  }
  if (std::cin.bad()) return failed("the standard input cannot be read");
  return appender.add(input);
}

Outcome<void> append_all(Appender& appender, const AppendArguments& arguments, bool records,
                         std::uint64_t capacity) {
  if (!arguments.payload.empty()) {
    for (const std::string& text : arguments.payload) {
      if (auto done = appender.add(text); !done) return done;
    }
    return {};
  }
  return arguments.lines ? append_lines(appender, !records) : append_input(appender, capacity);
}

}  // namespace

Outcome<void> append(const AppendArguments& arguments) {
  if (arguments.lines && !arguments.payload.empty()) {
    return misused("--lines is for the standard input: leave it or the payload out");
  }
  auto pool = open_pool(arguments.path, false);
  if (!pool) return std::unexpected(pool.error());
  const auto log = choose_log(*pool, arguments.path, arguments.log);
  if (!log) return std::unexpected(log.error());
  Appender appender(*pool, *log, arguments);
  auto done =
      append_all(appender, arguments, pool->holds_records(*log), pool->info(*log)->capacity);
  if (!done) return done;
  if (done = appender.commit(); !done) return done;
  return put(appender.summary());
}

}  // namespace quintet::pm_log::app
