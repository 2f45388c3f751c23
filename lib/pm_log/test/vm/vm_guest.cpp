// SPDX-License-Identifier: MIT
// What runs inside the virtual machine: opens four pools on emulated persistent memory, verifies
// what earlier boots left, and goes on writing until the machine is killed.
//   vm_guest write|verify FOLDER   reports on stdout, one line each, whole if it ends in a dot:
//     found N N N N.               steps of the script that each pool holds; records are good
//     acknowledged N N N N.        so many of them are durable
//     bad: WHAT.                   and exits with 1
//   vm_guest poison FOLDER         on tmpfs, as root: memory errors under the guard
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "pm_log/log.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/multi_log.hpp"
#include "pm_log/test/kill/script.hpp"

namespace quintet::pm_log {
namespace {

using Pool = MultiLog<MappedPm>;

constexpr int kStepsPerReport = 16;  // of each pool

struct Kind {
  const char* name;
  Commit commit;
  std::vector<std::uint64_t> capacities;
};
const std::array<Kind, 4> kKinds{{
    {"strict", Commit::kStrict, {100'032}},
    {"strict of two", Commit::kStrict, {100'032, 20'480}},
    {"fast", Commit::kFast, {100'032}},
    {"fast of two", Commit::kFast, {100'032, 20'480}},
}};

[[noreturn]] void bad(const std::string& what) {
  std::printf("bad: %s.\n", what.c_str());
  std::fflush(stdout);
  std::exit(1);
}
std::string text(const Error& error) {
  return "code " + std::to_string(static_cast<int>(error.code)) + ", a " + std::to_string(error.a);
}

// The flags of the mapping that starts at `data`, as the kernel lists them.
std::string mapping_flags(const std::byte* data) {
  std::array<char, 32> start;
  std::snprintf(start.data(), start.size(), "%lx-", reinterpret_cast<unsigned long>(data));
  std::ifstream maps("/proc/self/smaps");
  bool mine = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.starts_with(start.data())) mine = true;
    if (mine && line.starts_with("VmFlags:")) return line;
  }
  return {};
}

// That writes go straight to the device, and that libpmem sees it by itself.
void check_mapping(const MappedPm& memory) {
  const std::string flags = mapping_flags(memory.data());
  if (flags.find(" sf") == std::string::npos) bad("not mapped with MAP_SYNC: " + flags);
  if (memory.durability() != Durability::kFlush) bad("not taken for persistent memory");
}

Result<Pool> make(const Kind& kind, const std::filesystem::path& path) {
  std::vector<LogSpec> specs;
  for (const std::uint64_t capacity : kind.capacities) specs.push_back({.capacity = capacity});
  std::filesystem::remove(path);  // a pool that was never finished
  auto memory = MappedPm::create(path, 256 << 10, {});
  if (!memory) return std::unexpected(memory.error());
  check_mapping(*memory);
  return Pool::create(*std::move(memory), specs,
                      {.id = {{std::byte{0x51}}}, .commit = kind.commit});
}

Result<Pool> open_or_make(const Kind& kind, const std::filesystem::path& path) {
  auto memory = MappedPm::open(path, {});
  if (!memory) return make(kind, path);
  check_mapping(*memory);
  auto pool = Pool::open(*std::move(memory));
  if (!pool && pool.error().code == Errc::kNotALog) return make(kind, path);
  return pool;
}

struct Written {
  Pool pool;
  kill::Script script;
};

Written found(const Kind& kind, std::uint64_t seed, const std::filesystem::path& folder) {
  auto pool = open_or_make(kind, folder / kind.name);
  if (!pool) bad(std::string(kind.name) + ": " + text(pool.error()));
  Written written{*std::move(pool), kill::Script(seed, kind.capacities)};
  const std::string complaint = catch_up(written.script, written.pool);
  if (!complaint.empty()) bad(std::string(kind.name) + ": " + complaint);
  return written;
}

void report(const char* what, const std::vector<Written>& all) {
  std::string line = what;
  for (const Written& written : all) line += " " + std::to_string(written.script.done());
  std::printf("%s.\n", line.c_str());
  std::fflush(stdout);
}

void step(Written& written) {
  const kill::Step step = written.script.next();
  const auto done = carry_out(written.script, step, written.pool);
  if (!done) bad("step " + std::to_string(written.script.done()) + ": " + text(done.error()));
  written.script.apply(step);
}

int write_or_verify(bool write, const std::filesystem::path& folder) {
  std::vector<Written> all;
  for (std::size_t i = 0; i < kKinds.size(); ++i) all.push_back(found(kKinds[i], i, folder));
  report("found", all);
  while (write) {
    for (int i = 0; i < kStepsPerReport; ++i) {
      for (Written& written : all) step(written);
    }
    report("acknowledged", all);
  }
  return 0;
}

// --- memory errors --------------------------------------------------------------------------

void poison(const MappedPm& memory, std::uint64_t page) {
  if (::madvise(memory.data() + page * kPageBytes, kPageBytes, MADV_HWPOISON) != 0) {
    bad(std::string("no memory error can be injected: ") + std::strerror(errno));
  }
}

MappedPm guarded_memory(const std::filesystem::path& path) {
  auto memory = MappedPm::open(path, {.guard_sigbus = true});
  if (!memory) bad("the poisoned file: " + text(memory.error()));
  return *std::move(memory);
}

// A page of payload, then the first superblock, then the roots.
int poison_pages(const std::filesystem::path& folder) {
  const auto path = folder / "poisoned";
  auto created = MappedPm::create(path, 16 * kPageBytes, {});
  if (!created) bad("a file on tmpfs: " + text(created.error()));
  auto made = Log<MappedPm>::create(*std::move(created), {.id = {{std::byte{7}}}});
  const std::vector<std::byte> payload(4 * kPageBytes, std::byte{1});
  if (!made || !made->append(payload)) bad("a pool on tmpfs");
  {
    const auto closed = *std::move(made);
  }

  const std::uint64_t first = data_start(1) / kPageBytes;
  poison(guarded_memory(path), first + 1);
  auto log = Log<MappedPm>::open(guarded_memory(path));
  if (!log) bad("open after payload was poisoned: " + text(log.error()));
  std::vector<std::byte> page(kPageBytes);
  const auto unreadable = log->read(kPageBytes, page);
  if (unreadable || unreadable.error().code != Errc::kMedia) bad("poisoned payload was read");
  if (unreadable.error().a != (first + 1) * kPageBytes) bad("the error names another place");
  if (!log->read(0, page) || !log->read(2 * kPageBytes, page)) bad("the pages beside are lost");
  if (!log->append(payload)) bad("append beside poison");

  poison(log->pool().memory(), 0);
  {
    const auto closed = *std::move(log);
  }
  auto second = Log<MappedPm>::open(guarded_memory(path));
  if (!second) bad("open from the second superblock: " + text(second.error()));
  if (!second->pool().recovery().superblock_a_bad) bad("the bad superblock is not told");
  poison(second->pool().memory(), root_at(0) / kPageBytes);
  {
    const auto closed = *std::move(second);
  }
  const auto third = Log<MappedPm>::open(guarded_memory(path));
  if (third || third.error().code != Errc::kMedia) bad("open without roots");
  std::puts("poison is an error.");
  return 0;
}

}  // namespace
}  // namespace quintet::pm_log

int main(int count, char** arguments) {
  using namespace quintet::pm_log;
  const std::string mode = count == 3 ? arguments[1] : "";
  if (mode == "poison") return poison_pages(arguments[2]);
  if (mode == "write" || mode == "verify") return write_or_verify(mode == "write", arguments[2]);
  std::fputs("usage: vm_guest write|verify|poison FOLDER\n", stderr);
  return 2;
}
