// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <string>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/app/range.hpp"
#include "pm_log/record_log.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr std::uint64_t kChunkBytes = 64 * kKiB;

volatile std::sig_atomic_t interrupted = 0;

// Ends the loop instead of the process, so that what was read is also written.
void end_at_interrupt() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &action, nullptr);  // without SA_RESTART: it ends the sleep
  ::sigaction(SIGTERM, &action, nullptr);
}

void wait_for(std::uint64_t milliseconds) {
  const timespec time{.tv_sec = static_cast<time_t>(milliseconds / 1000),
                      .tv_nsec = static_cast<long>(milliseconds % 1000) * 1'000'000};
  ::nanosleep(&time, nullptr);
}

class Follower {
 public:
  Follower(Pool& pool, LogIndex log, Position from, const FollowArguments& arguments)
      : pool_(pool), log_(log), position_(from), arguments_(arguments) {
    payload_.reserve(kLineBytes);  // also an empty record is read to somewhere
  }

  // Shows what the writer committed meanwhile.
  [[nodiscard]] Outcome<void> refresh() {
    if (auto done = pool_.refresh(); !done) return std::unexpected(problem(done.error()));
    const Position head = pool_.info(log_)->head;
    if (head <= position_) return {};
    say(fmt::format("{}: log {}: positions {} to {} were dropped before they were read",
                    arguments_.path, log_label(pool_, log_), position_, head));
    position_ = head;
    return {};
  }

  // Prints all that is there. Whether there was something.
  [[nodiscard]] Outcome<bool> print() {
    const Position start = position_;
    // A look while two commits are made may show the state before them: then there is nothing new.
    while (position_ < pool_.info(log_)->tail && interrupted == 0) {
      auto done = pool_.holds_records(log_) ? print_record() : print_bytes();
      if (!done) return std::unexpected(done.error());
    }
    if (auto done = put_now(); !done) return std::unexpected(done.error());
    return position_ != start;
  }

 private:
  // The writer may have dropped, and overwritten, what was just read. Bytes count if they still
  // are in the log afterwards.
  [[nodiscard]] Outcome<void> print_bytes() {
    std::vector<std::byte> chunk(
        std::min<std::uint64_t>(kChunkBytes, pool_.info(log_)->tail - position_));
    const auto read = pool_.read(log_, position_, chunk);
    const Position before = position_;
    if (auto done = refresh(); !done) return done;
    if (position_ != before) return {};
    if (!read) return std::unexpected(problem(read.error()));
    position_ += chunk.size();
    return put(std::span<const std::byte>(chunk));
  }

  // A record tells by its checksum.
  [[nodiscard]] Outcome<void> print_record() {
    RecordReader reader(pool_, log_, position_);
    const auto more = reader.next(payload_);
    if (!more) {
      const Position before = position_;
      if (auto done = refresh(); !done) return done;
      if (position_ != before) return {};
      return std::unexpected(problem(more.error()));
    }
    position_ = reader.position();
    if (auto done = put(std::span<const std::byte>(payload_)); !done) return done;
    return arguments_.lines ? put("\n") : Outcome<void>{};
  }

  [[nodiscard]] Problem problem(const Error& error) const {
    return problem_of(error, arguments_.path, pool_);
  }

  Pool& pool_;
  LogIndex log_;
  Position position_;
  const FollowArguments& arguments_;
  std::vector<std::byte> payload_;
};

}  // namespace

Outcome<void> follow(const FollowArguments& arguments) {
  using Clock = std::chrono::steady_clock;
  auto pool = open_pool(arguments.path, true);
  if (!pool) return std::unexpected(pool.error());
  const auto log = choose_log(*pool, arguments.path, arguments.log);
  if (!log) return std::unexpected(log.error());
  const auto from = start_from(*pool, arguments.path, *log, arguments.from);
  if (!from) return std::unexpected(from.error());
  end_at_interrupt();
  Follower follower(*pool, *log, *from, arguments);
  for (auto last = Clock::now(); interrupted == 0;) {
    const auto printed = follower.print();
    if (!printed) return std::unexpected(printed.error());
    const auto now = Clock::now();
    if (*printed) last = now;
    if (arguments.until_idle_ms &&
        now - last >= std::chrono::milliseconds(*arguments.until_idle_ms)) {
      return {};
    }
    wait_for(arguments.interval_ms);
    if (auto done = follower.refresh(); !done) return done;
  }
  return {};
}

}  // namespace quintet::pm_log::app
