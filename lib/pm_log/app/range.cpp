// SPDX-License-Identifier: MIT
#include "pm_log/app/range.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pm_log/app/parse.hpp"

namespace quintet::pm_log::app {

Outcome<Position> start_from(const Pool& pool, const std::string& path, LogIndex log,
                             const Text& from) {
  const Info info = *pool.info(log);
  if (!from) return info.head;
  const auto position = position_from(*from);
  if (!position) {
    return misused(fmt::format("--from '{}' is no position: write it as 1000 or 0x3e8", *from));
  }
  Error error{.code = Errc::kBeforeHead, .log = log, .a = info.head, .b = *position};
  if (*position < info.head) return std::unexpected(problem_of(error, path, pool));
  error = {.code = Errc::kPastTail, .log = log, .a = info.tail, .b = *position};
  if (*position > info.tail) return std::unexpected(problem_of(error, path, pool));
  return *position;
}

Outcome<Range> range_from(const Pool& pool, const std::string& path, LogIndex log, const Text& from,
                          const Text& count) {
  const auto begin = start_from(pool, path, log, from);
  if (!begin) return std::unexpected(begin.error());
  const std::uint64_t left = pool.info(log)->tail - *begin;
  if (!count) return Range{*begin, *begin + left};
  const auto wanted = size_from(*count);
  if (!wanted) {
    return misused(
        fmt::format("--count '{}' is no number of bytes: use, for example, 256 or 4KiB", *count));
  }
  return Range{*begin, *begin + std::min(*wanted, left)};
}

}  // namespace quintet::pm_log::app
