// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/align.hpp"
#include "pm_log/app/commands.hpp"
#include "pm_log/app/files.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/log.hpp"
#include "pm_log/pmemlog_pool.hpp"
#include "pm_log/text.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr std::uint64_t kChunkBytes = kMiB;

// Calls `use(offset, bytes)` with all of the content, until it fails.
template <class Use>
Outcome<void> for_each_chunk(const PmemlogPool& source, const std::string& path, Use use) {
  std::vector<std::byte> chunk;
  for (std::uint64_t at = 0; at != source.used(); at += chunk.size()) {
    chunk.resize(std::min(kChunkBytes, source.used() - at));
    if (auto done = source.read(at, chunk); !done) return failed(describe(done.error(), path));
    if (auto done = use(at, std::span<const std::byte>(chunk)); !done) return done;
  }
  return {};
}

// A pool of one log with the content and the capacity of `source`, by one commit.
Outcome<void> copy(const PmemlogPool& source, const ImportArguments& arguments, const Uuid& id) {
  const std::string& path = arguments.path;
  const std::uint64_t capacity = std::max(align_up(source.capacity(), kPageBytes), kPageBytes);
  auto memory = MappedPm::create(path, data_start(1) + capacity + kPageBytes, {});
  if (!memory) return failed(describe(memory.error(), path));
  auto pool = Log<MappedPm>::create(*std::move(memory),
                                    {.id = id,
                                     .commit = arguments.fast ? Commit::kFast : Commit::kStrict,
                                     .created_unix = now_unix()});
  if (!pool) return failed(describe(pool.error(), path));
  const auto say_why = [&](const Error& error) { return failed(describe(error, path)); };
  auto copied =
      for_each_chunk(source, arguments.source,
                     [&](std::uint64_t, std::span<const std::byte> bytes) -> Outcome<void> {
                       if (auto done = pool->tentative_append(bytes); !done)
                         return say_why(done.error());
                       return {};
                     });
  if (!copied) return copied;
  if (auto done = pool->commit(); !done) return say_why(done.error());
  // So that opening it does not sum all of it up.
  if (auto done = pool->pool().settle(); !done) return say_why(done.error());
  return {};
}

Outcome<void> compare(const PmemlogPool& source, const ImportArguments& arguments) {
  const auto pool = open_pool(arguments.path, true);
  if (!pool) return std::unexpected(pool.error());
  std::vector<std::byte> there;
  const auto differs = [&] {
    return failed(fmt::format("{} does not hold what {} holds: check the memory and try again",
                              arguments.path, arguments.source));
  };
  if (pool->info(0)->tail != source.used()) return differs();
  return for_each_chunk(source, arguments.source,
                        [&](std::uint64_t at, std::span<const std::byte> bytes) -> Outcome<void> {
                          there.resize(bytes.size());
                          if (auto done = pool->read(0, at, there); !done) {
                            return std::unexpected(problem_of(done.error(), arguments.path, *pool));
                          }
                          if (!std::equal(bytes.begin(), bytes.end(), there.begin())) {
                            return differs();
                          }
                          return {};
                        });
}

}  // namespace

Outcome<void> import_pmemlog(const ImportArguments& arguments) {
  const auto source = PmemlogPool::open(arguments.source);
  if (!source) return failed(describe(source.error(), arguments.source));
  const auto id = random_uuid();
  if (!id) return failed(describe(id.error(), "getrandom"));
  auto made = make_file(arguments.path, [&]() -> Outcome<void> {
    if (auto done = copy(*source, arguments, *id); !done) return done;
    return compare(*source, arguments);
  });
  if (!made) return made;
  if (arguments.json) return info({.path = arguments.path, .json = true});
  return put(fmt::format("{}: imported {} from {}, compared with it, id {}\n", arguments.path,
                         counted(source->used(), "byte"), arguments.source, to_text(*id)));
}

}  // namespace quintet::pm_log::app
