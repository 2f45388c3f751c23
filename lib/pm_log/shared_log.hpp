// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/atomics.hpp"
#include "base/patient_atomics.hpp"
#include "pm_log/error.hpp"
#include "pm_log/multi_log.hpp"
#include "pm_log/record_log.hpp"

// A pool that several threads append to. Long appends are copied side by side; and who appends
// while others do shares one commit with them (group commit), so that the fences of a commit are
// paid once a group.
//
// A producer announces itself (arriving), takes the lock, reserves its place and copies: short
// appends at once; long ones, if there are others, after it gave the lock back (copying). Whoever
// then finds nobody arriving and nobody copying commits for all. The others wait for their group's
// number.
//
// Invariants, all under the lock:
//   I1  who is counted in arriving_ will take the lock and look whether to commit
//   I2  a commit happens only while copying_ is 0, and whoever leaves it to others has fenced what
//       it streamed: a fence waits for the stores of its own thread only
//   I3  appends since the last commit belong to group committed_ + 1
// So whoever waits has somebody behind it who commits, or waits in turn for one who came later.
//
//                  append  advance_head  read  info        (any thread, any time)
// Linearization: an append at its group's commit; the others under the lock.
namespace quintet::pm_log {

// Memory whose stream() and fence() may be called from several threads at a time, and whose fence()
// then waits for the calling thread's stores only, says so by a member
// `bool streams_in_parallel() const`. All other memory is used under the lock, and one fence is for
// all.
template <class M>
[[nodiscard]] bool streams_in_parallel(const M& memory) {
  if constexpr (requires { memory.streams_in_parallel(); }) return memory.streams_in_parallel();
  return false;
}

template <PersistentMemory M, Atomics A = PatientAtomics, Fault kFault = Fault::kNone>
class SharedLog {
 public:
  using Pool = MultiLog<M, kFault>;

  // Appends of at least so many bytes are copied without the lock.
  static constexpr std::size_t kCopyOutside = 2048;

  // The pool is used by nobody else while this lives. With nothing appended since its last commit.
  explicit SharedLog(Pool& pool, std::size_t copy_outside = kCopyOutside)
      : pool_(&pool), copy_outside_(copy_outside) {
    A::name(lock_, "lock");
    A::name(arriving_, "arriving");
    A::name(copying_, "copying");
    A::name(committed_, "committed");
    A::name(failed_, "failed");
  }
  SharedLog(const SharedLog&) = delete;
  SharedLog& operator=(const SharedLog&) = delete;

  // Appends, and returns when it is durable. The position of the first byte.
  // Errors: as MultiLog::tentative_append, and kIo.
  [[nodiscard]] Result<Position> append(LogIndex log, std::span<const std::byte> bytes) {
    arrive();
    if (bytes.size() >= copy_outside_ && !is_alone() && may_copy_outside()) {
      return append_outside(log, bytes);
    }
    return leave(pool_->tentative_append(log, bytes), next_group());
  }

  // The same for a record (record_log.hpp). Errors: also kNotRecords.
  [[nodiscard]] Result<Position> append_record(LogIndex log, std::span<const std::byte> payload) {
    arrive();
    auto records = RecordLog<M, kFault>::of(*pool_, log);
    if (!records) return leave(std::unexpected(records.error()), next_group());
    return leave(records->tentative_append(payload), next_group());
  }

  // As the pool's. Errors: the same.
  [[nodiscard]] Result<void> advance_head(LogIndex log, Position position) {
    const Locked locked(*this);
    return pool_->advance_head(log, position);
  }
  [[nodiscard]] Result<void> read(LogIndex log, Position position,
                                  std::span<std::byte> bytes) const {
    const Locked locked(*this);
    return std::as_const(*pool_).read(log, position, bytes);
  }
  [[nodiscard]] Result<Info> info(LogIndex log) const {
    const Locked locked(*this);
    return pool_->info(log);
  }

 private:
  class Locked {
   public:
    explicit Locked(const SharedLog& shared) : shared_(shared) { shared_.lock(); }
    ~Locked() { shared_.unlock(); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

   private:
    const SharedLog& shared_;
  };

  void lock() const {
    // Pairs with unlock(): what was done under the lock is seen.
    while (lock_.exchange(1, std::memory_order_acquire) != 0) {
      A::await(lock_, std::memory_order_relaxed, [](int held) { return held == 0; });
    }
  }
  void unlock() const { lock_.store(0, std::memory_order_release); }

  [[nodiscard]] bool may_copy_outside() const {
    return pool_->protocol() == Commit::kStrict && streams_in_parallel(pool_->memory());
  }

  // Takes the lock for an append. The count needs no order: all that follows from it is decided
  // under the lock (I1).
  void arrive() {
    arriving_.fetch_add(1, std::memory_order_relaxed);
    lock();
    arriving_.fetch_sub(1, std::memory_order_relaxed);
  }

  // Nobody waits for the lock, and nobody copies: then a copy outside of it only costs a fence.
  [[nodiscard]] bool is_alone() const {
    return arriving_.load(std::memory_order_relaxed) == 0 && copying_.load() == 0;
  }
  // The group of what is appended now (I3).
  [[nodiscard]] std::uint64_t next_group() const {
    return committed_.load(std::memory_order_relaxed) + 1;
  }

  // Requires: arrived.
  Result<Position> append_outside(LogIndex log, std::span<const std::byte> bytes) {
    const auto append = pool_->tentative_append_split(log, bytes);
    const std::uint64_t group = next_group();
    if (!append) return leave(std::unexpected(append.error()), group);
    copying_.store(copying_.load() + 1);
    unlock();
    for (const auto& lines : append->lines) {
      if (!lines.bytes.empty()) pool_->memory().stream(lines.at, lines.bytes);
    }
    // leave() would do it, but under the lock.
    const bool fenced = pool_->memory().fence();
    lock();
    copying_.store(copying_.load() - 1);
    if (!fenced) failed_.store(1);
    return leave(append->position, group);
  }

  // Gives the lock back and returns when the group is durable; commits it if there is nobody who
  // will. An append that was refused has nothing to wait for, but may be who others waited for.
  Result<Position> leave(Result<Position> position, std::uint64_t group) {
    const bool others = kFault == Fault::kCopiesNotAwaited
                            ? arriving_.load(std::memory_order_relaxed) != 0
                            : !is_alone();
    const bool refused = kFault == Fault::kArrivalsForgotten && !position;
    if (!others && !refused) commit(group);
    if (others && !fence_mine()) failed_.store(1);
    unlock();
    if (!position || kFault == Fault::kGroupNotAwaited) return position;
    // Pairs with the store in commit().
    const std::uint64_t committed = A::await(committed_, std::memory_order_acquire,
                                             [group](std::uint64_t done) { return done >= group; });
    if (committed == kFailed) return std::unexpected(Error{.code = Errc::kIo});
    return position;
  }

  // I2.
  bool fence_mine() {
    if (kFault == Fault::kLeftToOthersFence || !streams_in_parallel(pool_->memory())) return true;
    return pool_->memory().fence();
  }

  void commit(std::uint64_t group) {
    // Somebody else committed the group in the meantime, or a commit has failed.
    if (committed_.load(std::memory_order_relaxed) >= group) return;
    const bool done = failed_.load() == 0 && pool_->commit().has_value();
    committed_.store(done ? group : kFailed, std::memory_order_release);
  }

  static constexpr std::uint64_t kFailed = UINT64_MAX;  // no group comes after it

  Pool* pool_;
  std::size_t copy_outside_;
  mutable typename A::template atomic<int> lock_{0};
  typename A::template atomic<int> arriving_{0};             // before the lock
  typename A::template plain<int> copying_{0};               // behind it
  typename A::template plain<int> failed_{0};                // a copier's fence
  typename A::template atomic<std::uint64_t> committed_{0};  // number of the last group
};

}  // namespace quintet::pm_log
