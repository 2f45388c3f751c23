// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/app/range.hpp"
#include "pm_log/record_log.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr std::uint64_t kChunkBytes = kMiB;

Outcome<void> put_bytes(const Pool& pool, const CatArguments& arguments, LogIndex log,
                        Position from) {
  const std::uint64_t all = pool.info(log)->tail - from;
  std::vector<std::byte> chunk;
  for (std::uint64_t left = std::min(arguments.count.value_or(all), all); left != 0;
       left -= chunk.size()) {
    chunk.resize(std::min(left, kChunkBytes));
    if (auto done = pool.read(log, from, chunk); !done) {
      return std::unexpected(problem_of(done.error(), arguments.path, pool));
    }
    if (auto done = put(std::span<const std::byte>(chunk)); !done) return done;
    from += chunk.size();
  }
  return {};
}

Outcome<void> put_records(const Pool& pool, const CatArguments& arguments, LogIndex log,
                          Position from) {
  RecordReader reader(pool, log, from);
  std::vector<std::byte> payload;
  payload.reserve(kLineBytes);  // also an empty record is read to somewhere
  for (std::uint64_t left = arguments.count.value_or(UINT64_MAX); left != 0; --left) {
    const auto more = reader.next(payload);
    if (!more) return std::unexpected(problem_of(more.error(), arguments.path, pool));
    if (!*more) return {};
    if (auto done = put(std::span<const std::byte>(payload)); !done) return done;
    if (!arguments.lines) continue;
    if (auto done = put("\n"); !done) return done;
  }
  return {};
}

}  // namespace

Outcome<void> cat(const CatArguments& arguments) {
  if (arguments.raw && arguments.lines) {
    return misused("--raw prints bytes as they are, --lines does not: leave one of them out");
  }
  const auto pool = open_pool(arguments.path, true);
  if (!pool) return std::unexpected(pool.error());
  const auto log = choose_log(*pool, arguments.path, arguments.log);
  if (!log) return std::unexpected(log.error());
  const auto from = start_from(*pool, arguments.path, *log, arguments.from);
  if (!from) return std::unexpected(from.error());
  const bool records = pool->holds_records(*log) && !arguments.raw;
  return records ? put_records(*pool, arguments, *log, *from)
                 : put_bytes(*pool, arguments, *log, *from);
}

}  // namespace quintet::pm_log::app
