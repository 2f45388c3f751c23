// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "node_replication_cases/original_impl.hpp"
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// Two replicas, and no thread on one of them: when the log has gone round once, its lines are those
// that the idle replica has not applied. Ours is taken along; the originals wait for it for ever,
// and are stopped after --idle_limit_ms: then `hung` is 1, and ns_per_op is the time until then for
// each operation that was done. `laps` is how often the log went round.
namespace quintet::bench::node_replication_cases {
namespace {

constexpr std::uint64_t kLogEntries = std::uint64_t{1} << 14;  // ours by default, and allowed there
constexpr Mix kMix{.writes = 100, .replicas = 2, .threads = 1};

// Says "enough" when the time is over, unless it is destroyed before.
class TimeLimit {
 public:
  explicit TimeLimit(std::atomic<bool>& enough)
      : thread_([this, &enough](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          const auto limit = std::chrono::milliseconds(idle_limit_ms());
          if (!changed_.wait_for(lock, stop, limit, [] { return false; })) {
            enough = !stop.stop_requested();
          }
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

template <class Thread>
Outcome write_all(Thread thread) {
  const platform::Stopwatch watch;
  std::uint64_t done = 0;
  double hung = 0;
  try {
    for (; done < appends(); ++done) consume(thread.write({1}));
  } catch (const baselines::GaveUp&) {
    hung = 1;
  }
  if (done == 0) return fail("not even one write was done");
  return Sample::per_op(watch.seconds(), done)
      .with("hung", hung)
      .with("kops_done", static_cast<double>(done) * 1e-3)
      .with("laps", static_cast<double>(done) / static_cast<double>(kLogEntries));
}

auto make_counter() {
  return [](std::size_t) { return node_replication::Counter(); };
}

Outcome idle_quintet() {
  Quintet<node_replication::Counter> impl(kMix, make_counter());
  return write_all(impl.thread(0));
}

template <class Impl>
Outcome idle_original() {
  std::atomic<bool> enough = false;
  Impl impl(kMix, make_counter(), kLogEntries, &enough);
  const TimeLimit limit(enough);
  return write_all(impl.thread(0));
}

}  // namespace

void register_idle_cases() {
  register_case("node_replication/idle_replica/quintet", idle_quintet);
  register_case("node_replication/idle_replica/upstream",
                idle_original<Upstream<node_replication::Counter>>);
  register_case("node_replication/idle_replica/verified",
                idle_original<VerifiedNode<node_replication::Counter>>);
}

}  // namespace quintet::bench::node_replication_cases
