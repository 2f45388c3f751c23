// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "node_replication_cases/structures.hpp"
#include "node_replication_cases/ticks.hpp"
#include "support/case.hpp"
#include "support/team_run.hpp"

// The paper's driver (that of IronSync): every thread runs operations at random addresses as fast
// as it can, reads and writes in a fixed proportion, and looks at the clock every 32 operations.
//
// An implementation is made of a Mix and of a maker of the copies; a thread gets its end of it, a
// `Thread` with
//   write(op)          one write; returns what apply() returned, or nothing if it comes later
//   read(f)            f(const Data&)
//   finish(all_done)   called when the thread has had enough: hands in what was kept back, and
//                      keeps others going until all_done() if they depend on it
namespace quintet::bench::node_replication_cases {

inline constexpr std::size_t kBatch = 32;

enum class Pinning : std::uint8_t {
  kPinned,  // a hardware thread each
  kFree,    // the scheduler decides: for more threads than there are
};

struct Mix {
  unsigned writes = 0;  // percent
  std::size_t replicas = 1;
  std::size_t threads = 1;
  Pinning pinning = Pinning::kPinned;

  // Threads fill one replica after the other, as they fill the nodes.
  [[nodiscard]] std::size_t replica_of(std::size_t member) const {
    return member * replicas / threads;
  }
};

// xorshift64.
class Random {
 public:
  explicit Random(std::size_t member) : state_(0xDEAD'BEEF'DEAD'BEEF ^ member) {}
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }

 private:
  std::uint64_t state_;
};

// Which operation is next: the kind that has had less than its share.
class Strides {
 public:
  explicit Strides(unsigned writes)
      : write_stride_(stride(writes)), read_stride_(stride(100 - writes)) {
    if (writes == 0) write_time_ = UINT64_MAX;
    if (writes == 100) read_time_ = UINT64_MAX;
  }
  bool next_is_write() {
    if (write_time_ < read_time_) {
      write_time_ += write_stride_;
      return true;
    }
    read_time_ += read_stride_;
    return false;
  }

 private:
  static std::uint64_t stride(unsigned percent) { return percent == 0 ? 0 : 1'000'000 / percent; }

  std::uint64_t write_stride_;
  std::uint64_t read_stride_;
  std::uint64_t write_time_ = 0;
  std::uint64_t read_time_ = 0;
};

// What one thread of a run did: how long each 32 operations took, the latest ones if there are very
// many, and the longest of all.
class alignas(128) Record {
 public:
  void reserve(std::size_t samples) { ticks_.assign(samples, 0); }
  void add(std::uint64_t ticks) {
    ticks_[count_++ % ticks_.size()] = ticks;
    if (ticks > longest_) longest_ = ticks;
  }
  [[nodiscard]] std::uint64_t operations() const { return count_ * kBatch; }
  [[nodiscard]] std::uint64_t longest() const { return longest_; }
  void append_to(std::vector<std::uint64_t>& all) const;

  std::uint64_t ended = 0;

 private:
  std::vector<std::uint64_t> ticks_;
  std::size_t count_ = 0;
  std::uint64_t longest_ = 0;
};

// The time that a run lasts, from the moment that its first thread is there, and what its threads
// recorded.
class Window {
 public:
  explicit Window(std::size_t threads);

  // When the run began.
  std::uint64_t arrive();
  [[nodiscard]] std::uint64_t duration() const { return duration_; }
  void leave() { done_.fetch_add(1, std::memory_order_release); }
  // acquire: with leave(), though only the number matters.
  [[nodiscard]] bool all_left() const {
    return done_.load(std::memory_order_acquire) == records_.size();
  }
  [[nodiscard]] Record& record(std::size_t member) { return records_[member]; }

  // Counters mops, ns_per_op (of one thread), fairness, and p50_us, p99_us and max_us of 32
  // operations.
  [[nodiscard]] Outcome outcome() const;

 private:
  std::vector<Record> records_;
  std::uint64_t duration_;
  alignas(128) std::atomic<std::uint64_t> began_ = 0;
  alignas(128) std::atomic<std::size_t> done_ = 0;
};

using Body = std::function<void(std::size_t)>;

// Runs body(member) on a team as the mix wants it. Error: there is no such team.
[[nodiscard]] std::expected<void, NoSample> run_members(const Mix& mix, const Body& body);
// Where the memory of a replica should be made: on a hardware thread of its first member.
[[nodiscard]] Near near_replica(const Mix& mix, std::size_t replica);

template <class T>
void consume(const T& value) {
  asm volatile("" : : "r"(value));
}

template <class Thread, class Subject>
void run_batch(Thread& thread, const Subject& subject, Random& random, Strides& strides) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    const std::uint64_t bits = random.next();
    if (strides.next_is_write()) {
      if constexpr (std::is_void_v<decltype(thread.write(subject.write_op(bits)))>) {
        thread.write(subject.write_op(bits));
      } else {
        consume(thread.write(subject.write_op(bits)));
      }
    } else {
      consume(thread.read([&](const auto& data) { return subject.read(data, bits); }));
    }
  }
}

template <class Impl, class Subject>
void run_member(Impl& impl, const Subject& shared, const Mix& mix, Window& window,
                std::size_t member) {
  const Subject subject = shared;
  Record& record = window.record(member);
  Random random(member);
  Strides strides(mix.writes);
  const Ticks ticks = Ticks::get();
  auto thread = impl.thread(member);
  const std::uint64_t end = window.arrive() + window.duration();
  std::uint64_t before = ticks.now();
  // Once at least: one that the scheduler brings when the time is over takes part, too. An original
  // whose replica has no thread that writes holds up the others for ever.
  do {
    run_batch(thread, subject, random, strides);
    const std::uint64_t now = ticks.now();
    record.add(now - before);
    before = now;
  } while (before < end);
  record.ended = before;
  window.leave();
  thread.finish([&] { return window.all_left(); });
}

template <class Impl, class Subject>
Outcome run_mix(const Mix& mix) {
  const Subject subject;
  Impl impl(mix,
            [&](std::size_t replica) { return subject.make(replica, near_replica(mix, replica)); });
  Window window(mix.threads);
  const auto ran =
      run_members(mix, [&](std::size_t member) { run_member(impl, subject, mix, window, member); });
  if (!ran) return std::unexpected(ran.error());
  return window.outcome();
}

// Calls add(writes, replicas, threads, name) for every mix of an implementation. What knows no
// replicas has one.
template <class Add>
void for_each_mix(const std::string& implementation, const std::string& structure, bool replicated,
                  Add add) {
  if (exact() && structure != VSpaceSubject::kName) return;
  for (const unsigned writes : {0U, 10U, 100U}) {
    for (const std::size_t threads : thread_counts()) {
      const auto counts = replicated ? replica_counts(threads) : std::vector<std::size_t>{1};
      for (const std::size_t replicas : counts) {
        add(Mix{writes, replicas, threads},
            "node_replication/mix/" + implementation + "/structure:" + structure +
                "/writes:" + std::to_string(writes) + "/replicas:" + std::to_string(replicas) +
                "/threads:" + std::to_string(threads));
      }
    }
  }
}

template <class Impl, class Subject>
void register_mixes(const std::string& implementation, bool replicated) {
  for_each_mix(implementation, Subject::kName, replicated,
               [](const Mix& mix, const std::string& name) {
                 register_case(name, [mix] { return run_mix<Impl, Subject>(mix); });
               });
}

// The same for every subject.
template <template <class> class Impl>
void register_all_mixes(const std::string& implementation, bool replicated) {
  register_mixes<Impl<VSpaceSubject::Data>, VSpaceSubject>(implementation, replicated);
  register_mixes<Impl<HashMapSubject::Data>, HashMapSubject>(implementation, replicated);
  register_mixes<Impl<CounterSubject::Data>, CounterSubject>(implementation, replicated);
}

// For a rival that this build lacks.
inline void register_missing_mixes(const std::string& implementation, const std::string& structure,
                                   const std::string& package) {
  for_each_mix(implementation, structure, false, [&](const Mix&, const std::string& name) {
    register_case(name, [package] { return skip(package); });
  });
}

}  // namespace quintet::bench::node_replication_cases
