// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/app/parse.hpp"
#include "pm_log/app/range.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr std::size_t kRowBytes = 16;
constexpr std::size_t kChunkBytes = 4096 * kRowBytes;

std::string row(Position position, std::span<const std::byte> bytes) {
  std::string text = fmt::format("{:#018x} ", position);
  std::string letters;
  for (std::size_t i = 0; i < kRowBytes; ++i) {
    if (i % 8 == 0) text += ' ';
    if (i >= bytes.size()) {
      text += "   ";
      continue;
    }
    const auto byte = std::to_integer<unsigned>(bytes[i]);
    text += fmt::format("{:02x} ", byte);
    letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
  }
  return fmt::format("{} |{}|\n", text, letters);
}

std::string rows(Position position, std::span<const std::byte> bytes) {
  std::string text;
  for (; !bytes.empty(); position += kRowBytes) {
    const auto part = bytes.first(std::min(bytes.size(), kRowBytes));
    text += row(position, part);
    bytes = bytes.subspan(part.size());
  }
  return text;
}

std::string digits(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

}  // namespace

Outcome<void> dump(const DumpArguments& arguments) {
  if (arguments.metadata) return dump_metadata(arguments);
  const auto pool = open_pool(arguments.path, true);
  if (!pool) return std::unexpected(pool.error());
  const auto log = choose_log(*pool, arguments.path, arguments.log);
  if (!log) return std::unexpected(log.error());
  const auto range = range_from(*pool, arguments.path, *log, arguments.from, arguments.count);
  if (!range) return std::unexpected(range.error());
  if (arguments.json) {
    auto done = put(fmt::format(R"({{"log": {}, "name": {}, "position": {}, "hex": ")", *log,
                                json_string(pool->name(*log)), range->begin));
    if (!done) return done;
  }
  std::vector<std::byte> chunk;
  for (Position at = range->begin; at != range->end; at += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(kChunkBytes, range->end - at));
    if (auto done = pool->read(*log, at, chunk); !done) {
      return std::unexpected(problem_of(done.error(), arguments.path, *pool));
    }
    if (auto done = put(arguments.json ? digits(chunk) : rows(at, chunk)); !done) return done;
  }
  return put(arguments.json ? "\"}\n" : "");
}

}  // namespace quintet::pm_log::app
