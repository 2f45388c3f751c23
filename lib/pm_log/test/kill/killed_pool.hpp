// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/sanitizers.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/multi_log.hpp"
#include "pm_log/test/kill/script.hpp"

// A pool in a file whose writer is killed again and again: a child process carries a script out,
// and tells through shared memory how far it came, which is what the pool must hold then.
namespace quintet::pm_log::kill {

// A file in memory, where the machine has such a folder, that goes with its owner.
class TemporaryFile {
 public:
  TemporaryFile() {
    const std::filesystem::path memory = "/dev/shm";
    const auto folder =
        ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = folder / "quintet_pm_log_XXXXXX";
    const int file = ::mkstemp(name.data());
    QT_CHECK(file >= 0, "no file could be made in /dev/shm or TMPDIR");
    ::close(file);
    ::unlink(name.c_str());  // the pool makes it
    path_ = name;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What a child tells. It outlives the child.
struct Told {
  std::atomic<std::uint64_t> done{0};  // steps that were acknowledged
  std::atomic<bool> failed{false};     // an operation was refused
};
class SharedTold {
 public:
  SharedTold() {
    void* memory =
        ::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    QT_CHECK(memory != MAP_FAILED);
    told_ = new (memory) Told;
  }
  SharedTold(const SharedTold&) = delete;
  SharedTold& operator=(const SharedTold&) = delete;
  ~SharedTold() { ::munmap(told_, sizeof(Told)); }
  Told* operator->() const { return told_; }

 private:
  Told* told_;
};

struct Setup {
  Commit commit = Commit::kStrict;
  std::vector<std::uint64_t> capacities{};  // of the logs
  Durability durability = Durability::kMsync;
  bool early = false;  // seeded fault of the test: acknowledges a step before it is made
};

// Capacities of pools.
inline const std::vector<std::uint64_t> kOneLog{20'032};  // whole lines, but no whole pages
inline const std::vector<std::uint64_t> kTwoLogs{20'032, 8'192};

// QUINTET_SEED, else one by chance.
inline std::uint64_t chosen_seed() {
  const char* text = std::getenv("QUINTET_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
}

struct Outcome {
  std::uint64_t kills = 0;
  std::uint64_t acknowledged = 0;
  std::string complaint{};
};

template <Fault kFault>
class KilledPool {
 public:
  using Pool = MultiLog<MappedPm, kFault>;

  KilledPool(Setup setup, std::uint64_t seed)
      : setup_(std::move(setup)), script_(seed, setup_.capacities), random_(seed) {
    std::vector<LogSpec> specs;
    std::uint64_t bytes = data_start(setup_.capacities.size()) + kPageBytes;
    for (const std::uint64_t capacity : setup_.capacities) {
      specs.push_back({.capacity = capacity});
      bytes += align_up(capacity, kPageBytes);
    }
    auto memory = MappedPm::create(file_.path(), bytes, {});
    QT_CHECK(memory.has_value(), "the pool's file could not be made");
    const CreateOptions options{.id = {{std::byte{0x51}}}, .commit = setup_.commit};
    QT_CHECK(Pool::create(*std::move(memory), specs, options).has_value());
    if (setup_.durability == Durability::kFlush) map(bytes);
  }
  KilledPool(const KilledPool&) = delete;
  KilledPool& operator=(const KilledPool&) = delete;
  ~KilledPool() {
    if (!mapping_.empty()) ::munmap(mapping_.data(), mapping_.size());
  }

  // Until something is wrong.
  [[nodiscard]] Outcome run(std::uint64_t kills) {
    Outcome outcome;
    std::uint64_t idle = 0;  // lives without any step, one after the other
    while (outcome.kills < kills && outcome.complaint.empty()) {
      const std::uint64_t before = script_.done();
      told_->done.store(before);
      kill_one_writer();
      ++outcome.kills;
      outcome.complaint = verify();
      outcome.acknowledged += told_->done.load() - before;
      idle = told_->done.load() == before ? idle + 1 : 0;
      if (idle == 100) outcome.complaint = "the writer hangs";
    }
    return outcome;
  }

 private:
  void map(std::size_t bytes) {
    const int file = ::open(file_.path().c_str(), O_RDWR | O_CLOEXEC);
    QT_CHECK(file >= 0);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    QT_CHECK(memory != MAP_FAILED);
    mapping_ = {static_cast<std::byte*>(memory), bytes};
  }

  [[nodiscard]] Result<Pool> open() {
    if (!mapping_.empty()) return Pool::open(MappedPm::adopt(mapping_, Durability::kFlush));
    auto memory = MappedPm::open(file_.path(), {});
    if (!memory) return std::unexpected(memory.error());
    return Pool::open(*std::move(memory));
  }

  // The child never returns.
  [[noreturn]] void write_until_killed() {
    auto pool = open();
    bool ok = pool.has_value();
    while (ok) {
      const Step step = script_.next();
      if (setup_.early) told_->done.fetch_add(1);
      ok = carry_out(script_, step, *pool).has_value();
      if (!ok) break;
      script_.apply(step);
      told_->done.store(script_.done());
    }
    told_->failed.store(true);
    ::_exit(1);
  }

  // Kills it between opening the pool and some milliseconds later; short lives are as frequent as
  // long ones. Sanitizers take some milliseconds before a child does anything.
  void kill_one_writer() {
    const double longest = kSanitized ? 12.5 : 8.5;
    const double exponent = std::uniform_real_distribution<>(4.5, longest)(random_);
    const auto life =
        std::chrono::nanoseconds(static_cast<std::int64_t>(std::exp2(exponent) * 10'000));
    const pid_t child = ::fork();
    QT_CHECK(child >= 0);
    if (child == 0) write_until_killed();
    const auto end = std::chrono::steady_clock::now() + life;
    while (std::chrono::steady_clock::now() < end) ::usleep(10);
    ::kill(child, SIGKILL);
    int status = 0;
    QT_CHECK(::waitpid(child, &status, 0) == child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) told_->failed.store(true);
  }

  // What is wrong with what the child left; empty if nothing is.
  [[nodiscard]] std::string verify() {
    if (told_->failed.load()) return "the writer was refused something, or ended by itself";
    auto pool = open();
    if (!pool) {
      return "open refuses with code " + std::to_string(static_cast<int>(pool.error().code)) +
             " at " + std::to_string(pool.error().a);
    }
    const std::uint64_t done = told_->done.load();
    if (auto complaint = catch_up(script_, *pool); !complaint.empty()) {
      return complaint + "; acknowledged: " + std::to_string(done);
    }
    if (script_.done() == done || script_.done() == done + 1) return {};
    return "the pool holds step " + std::to_string(script_.done()) + ", and step " +
           std::to_string(done) + " was acknowledged";
  }

  Setup setup_;
  TemporaryFile file_;
  SharedTold told_;
  std::span<std::byte> mapping_;
  Script script_;
  std::mt19937_64 random_;
};

}  // namespace quintet::pm_log::kill
