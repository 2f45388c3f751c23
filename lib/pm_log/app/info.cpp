// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <string>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/files.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/describe.hpp"

namespace quintet::pm_log::app {
namespace {

std::string recovery_text(const Recovery& recovery) {
  std::string text = fmt::format("commit {}", recovery.seq);
  if (recovery.superblock_a_bad)
    text += "; the superblock at the start is damaged, its copy served";
  if (recovery.superblock_b_bad) text += "; the superblock at the end is damaged";
  if (recovery.discarded_last) {
    text += "; a later commit was cut off by a power failure, or damaged, and does not count";
  }
  return text;
}

std::string as_text(const std::string& path, const Pool& pool, const DurabilityReport& durability) {
  const Superblock& superblock = pool.state().superblock;
  std::string text = fmt::format(
      "{}: pool of pmlog\n"
      "  id          {}\n"
      "  version     {}\n"
      "  protocol    {}\n"
      "  created     {}\n"
      "  size        {} bytes\n"
      "  durability  {}: {}\n"
      "  recovery    {}\n"
      "  {:>3} {:<20} {:<7} {:>14} {:>14} {:>14} {:>14} {:>6}\n",
      path, to_text(pool.id()), superblock.version, name(pool.protocol()),
      superblock.created_unix == 0 ? "not said" : time_text(superblock.created_unix),
      superblock.pool_bytes, name(durability.how), durability.why, recovery_text(pool.recovery()),
      "log", "name", "holds", "head", "tail", "used", "capacity", "full");
  for (LogIndex i = 0; i < pool.logs(); ++i) {
    const Info log = *pool.info(i);
    const std::uint64_t used = log.tail - log.head;
    text += fmt::format("  {:>3} {:<20} {:<7} {:>14} {:>14} {:>14} {:>14} {:>4.0f} %\n", i,
                        printable(pool.name(i)), pool.holds_records(i) ? "records" : "bytes",
                        log.head, log.tail, used, log.capacity,
                        100.0 * static_cast<double>(used) / static_cast<double>(log.capacity));
  }
  return text;
}

std::string as_json(const std::string& path, const Pool& pool, const DurabilityReport& durability) {
  std::vector<std::string> logs;
  for (LogIndex i = 0; i < pool.logs(); ++i) {
    const Info log = *pool.info(i);
    logs.push_back(JsonObject()
                       .add("index", i)
                       .add("name", pool.name(i))
                       .add("records", pool.holds_records(i))
                       .add("head", log.head)
                       .add("tail", log.tail)
                       .add("used", log.tail - log.head)
                       .add("capacity", log.capacity)
                       .text());
  }
  const Superblock& superblock = pool.state().superblock;
  const Recovery& recovery = pool.recovery();
  const std::string report = JsonObject()
                                 .add("seq", recovery.seq)
                                 .add("superblock_a_bad", recovery.superblock_a_bad)
                                 .add("superblock_b_bad", recovery.superblock_b_bad)
                                 .add("discarded_last", recovery.discarded_last)
                                 .text();
  return JsonObject()
      .add("path", path)
      .add("id", to_text(pool.id()))
      .add("version", superblock.version)
      .add("protocol", name(pool.protocol()))
      .add("created_unix", superblock.created_unix)
      .add("bytes", superblock.pool_bytes)
      .add("durability", name(durability.how))
      .add("durability_reason", durability.why)
      .add_raw("recovery", report)
      .add_raw("logs", json_array(logs))
      .text();
}

}  // namespace

Outcome<void> info(const InfoArguments& arguments) {
  const auto pool = open_pool(arguments.path, true);
  if (!pool) return std::unexpected(pool.error());
  const DurabilityReport durability = durability_of(arguments.path);
  return put(arguments.json ? as_json(arguments.path, *pool, durability) + "\n"
                            : as_text(arguments.path, *pool, durability));
}

}  // namespace quintet::pm_log::app
