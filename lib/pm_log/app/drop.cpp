// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/app/parse.hpp"
#include "pm_log/record_log.hpp"
#include "pm_log/text.hpp"

namespace quintet::pm_log::app {
namespace {

// Where the record starts that is the oldest one after dropping `count`.
Outcome<Position> behind_records(const Pool& pool, const std::string& path, LogIndex log,
                                 std::uint64_t count) {
  RecordReader reader(pool, log);
  for (std::uint64_t passed = 0; passed < count; ++passed) {
    const auto more = reader.skip();
    if (!more) return std::unexpected(problem_of(more.error(), path, pool));
    if (!*more) {
      return failed(fmt::format("{}: log {} has {}, not {}: drop that many at most", path,
                                log_label(pool, log), counted(passed, "record"), count));
    }
  }
  return reader.position();
}

// The head of a log of records must stay at the start of one.
Outcome<Position> checked_start(const Pool& pool, const std::string& path, LogIndex log,
                                Position position) {
  const Info info = *pool.info(log);
  if (!pool.holds_records(log) || position < info.head || position > info.tail) return position;
  RecordReader reader(pool, log);
  Position last = reader.position();
  while (reader.position() < position) {
    last = reader.position();
    const auto more = reader.skip();
    if (!more) return std::unexpected(problem_of(more.error(), path, pool));
  }
  if (reader.position() == position) return position;
  return failed(fmt::format("{}: log {}: no record starts at position {}: use {} or {}", path,
                            log_label(pool, log), position, last, reader.position()));
}

Outcome<Position> new_head(const Pool& pool, const DropArguments& arguments, LogIndex log) {
  if (arguments.records) return behind_records(pool, arguments.path, log, *arguments.records);
  const auto position = position_from(*arguments.to);
  if (!position) {
    return misused(
        fmt::format("--to '{}' is no position: write it as 1000 or 0x3e8", *arguments.to));
  }
  return checked_start(pool, arguments.path, log, *position);
}

}  // namespace

Outcome<void> drop(const DropArguments& arguments) {
  auto pool = open_pool(arguments.path, false);
  if (!pool) return std::unexpected(pool.error());
  const auto log = choose_log(*pool, arguments.path, arguments.log);
  if (!log) return std::unexpected(log.error());
  const Position before = pool->info(*log)->head;
  const auto head = new_head(*pool, arguments, *log);
  if (!head) return std::unexpected(head.error());
  if (auto done = pool->advance_head(*log, *head); !done) {
    return std::unexpected(problem_of(done.error(), arguments.path, *pool));
  }
  if (arguments.json) {
    return put(JsonObject()
                   .add("log", *log)
                   .add("head", *head)
                   .add("dropped_bytes", *head - before)
                   .text() +
               "\n");
  }
  return put(fmt::format("{}: log {}: dropped {}, the head is at {}\n", arguments.path,
                         log_label(*pool, *log), counted(*head - before, "byte"), *head));
}

}  // namespace quintet::pm_log::app
