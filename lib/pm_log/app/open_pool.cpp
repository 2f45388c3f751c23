// SPDX-License-Identifier: MIT
#include "pm_log/app/open_pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "pm_log/app/json.hpp"
#include "pm_log/app/parse.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/pmemlog_pool.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr int kReadAttempts = 10;
constexpr std::chrono::milliseconds kBetweenAttempts{2};

// The start of a file, as far as there is one.
SuperblockLines first_bytes(const std::string& path) {
  SuperblockLines block;
  std::ifstream file(path, std::ios::binary);
  const auto bytes = block.bytes();
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return block;
}

// Whether the file can be mapped so that flush instructions are enough: DAX.
bool maps_synchronously(int file) {
  void* page = ::mmap(nullptr, kPageBytes, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
  if (page == MAP_FAILED) return false;
  ::munmap(page, kPageBytes);
  return true;
}

std::string log_names(const Pool& pool) {
  std::vector<std::string> names;
  for (LogIndex i = 0; i < pool.logs(); ++i) names.push_back(log_label(pool, i));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string explain(const Error& error, const std::string& path) {
  if (error.code != Errc::kNotALog || error.a == 0) return describe(error, path);
  const SuperblockLines start = first_bytes(path);
  if (is_valid(start)) {
    return describe({.code = Errc::kSizeMismatch, .a = decode(start).pool_bytes, .b = error.a},
                    path);
  }
  const std::string_view kind = pmdk_kind(std::span(start.bytes()).first<8>());
  if (kind == "libpmemlog pool") {
    return fmt::format(
        "{0} is a libpmemlog pool, not one of pmlog: take its content along with "
        "`pmlog import-pmemlog {0} NEW_PATH`",
        path);
  }
  if (!kind.empty()) {
    return fmt::format("{} is a {}, which pmlog cannot read: name a pool of pmlog", path, kind);
  }
  return describe(error, path);
}

Problem problem_of(const Error& error, const std::string& path, const Pool& pool) {
  const bool known = error.log < pool.logs();
  const std::string name = known ? printable(pool.name(error.log)) : "";
  return {kFailed, describe(error, path, name)};
}

Outcome<MappedPm> map_pool(const std::string& path, bool read_only) {
  auto memory = MappedPm::open(path, {.read_only = read_only, .guard_sigbus = true});
  if (!memory) return failed(explain(memory.error(), path));
  return *std::move(memory);
}

Outcome<Pool> open_pool(const std::string& path, bool read_only) {
  // What a writer is just writing looks damaged to a reader, for a moment.
  for (int attempts = read_only ? kReadAttempts : 1;; --attempts) {
    auto memory = map_pool(path, read_only);
    if (!memory) return std::unexpected(memory.error());
    auto pool = Pool::open(*std::move(memory), {.read_only = read_only});
    if (pool) return *std::move(pool);
    if (pool.error().code != Errc::kCorrupt || attempts <= 1) {
      return failed(explain(pool.error(), path));
    }
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

std::string log_label(const Pool& pool, LogIndex log) {
  if (pool.name(log).empty()) return std::to_string(log);
  return fmt::format("'{}' ({})", printable(pool.name(log)), log);
}

Outcome<LogIndex> choose_log(const Pool& pool, const std::string& path,
                             const std::optional<std::string>& wanted) {
  if (!wanted) {
    if (pool.logs() == 1) return LogIndex{0};
    return misused(fmt::format("{} has {} logs: say which with --log: {}", path, pool.logs(),
                               log_names(pool)));
  }
  for (LogIndex i = 0; i < pool.logs(); ++i) {
    if (pool.name(i) == *wanted) return i;
  }
  const auto index = position_from(*wanted);
  if (index && *index < pool.logs()) return static_cast<LogIndex>(*index);
  return misused(fmt::format("{} has no log '{}': it has {}", path, *wanted, log_names(pool)));
}

DurabilityReport durability_of(const std::string& path) {
  const char* force = std::getenv("PMEM_IS_PMEM_FORCE");
  if (force != nullptr && std::string_view(force) == "1") {
    return {Durability::kFlush, "PMEM_IS_PMEM_FORCE=1 says that it is persistent memory"};
  }
  if (force != nullptr && std::string_view(force) == "0") {
    return {Durability::kMsync, "PMEM_IS_PMEM_FORCE=0 says that it is no persistent memory"};
  }
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {Durability::kMsync, "it cannot be opened"};
  struct stat status{};
  const bool is_device = ::fstat(file, &status) == 0 && S_ISCHR(status.st_mode);
  const bool is_dax = !is_device && maps_synchronously(file);
  ::close(file);
  if (is_device) return {Durability::kFlush, "persistent memory: a device (devdax)"};
  if (is_dax) return {Durability::kFlush, "persistent memory: its file system maps it (DAX)"};
  return {Durability::kMsync,
          "not persistent memory: its file system does not map it with MAP_SYNC (no DAX)"};
}

}  // namespace quintet::pm_log::app
