// SPDX-License-Identifier: MIT
#include <atomic>
#include <string>

#include "node_replication_cases/lock_impl.hpp"
#include "node_replication_cases/original_impl.hpp"
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// How long it takes until one thread sees what another one wrote: two threads in turn raise a
// counter, each when it sees that it is its turn. One operation is one turn. `lockfree` is the
// same with one atomic word. The originals stand still for a while whenever a thread asks
// just after a combiner has looked, which happens here all the time (`max_us`).
namespace quintet::bench::node_replication_cases {
namespace {

struct AtomicWord {
  using WriteOp = node_replication::Counter::WriteOp;
  AtomicWord() = default;
  AtomicWord(AtomicWord&& other) noexcept : count(other.count.load()) {}
  std::uint64_t apply(const WriteOp& op) { return count.fetch_add(op.add); }
  alignas(128) std::atomic<std::uint64_t> count = 0;
};

std::uint64_t value_of(const node_replication::Counter& data) { return data.value(); }
std::uint64_t value_of(const AtomicWord& data) {
  return data.count.load(std::memory_order_acquire);
}

// One member's turns until the time is over or the other one has left; recorded 32 at a time.
template <class Data, class Thread>
void take_turns(Thread& thread, std::size_t member, Window& window, std::atomic<bool>& stop) {
  const Ticks ticks = Ticks::get();
  const std::uint64_t end = window.arrive() + window.duration();
  std::uint64_t before = ticks.now();
  for (std::uint64_t turn = member; before < end; turn += 2) {
    baselines::BackOff back_off;
    while (thread.read([](const Data& data) { return value_of(data); }) != turn) {
      if (stop.load(std::memory_order_relaxed)) return;
      back_off.wait();
    }
    consume(thread.write({1}));
    if (turn / 2 % kBatch == kBatch - 1) {
      const std::uint64_t now = ticks.now();
      window.record(member).add(now - before);
      before = now;
    }
  }
}

template <class Impl, class Data>
Outcome hand_over(std::size_t replicas) {
  const Mix mix{100, replicas, 2};
  Impl impl(mix, [](std::size_t) { return Data{}; });
  Window window(mix.threads);
  std::atomic<bool> stop = false;
  const auto ran = run_members(mix, [&](std::size_t member) {
    auto thread = impl.thread(member);
    take_turns<Data>(thread, member, window, stop);
    stop = true;
    window.record(member).ended = Ticks::get().now();
  });
  if (!ran) return std::unexpected(ran.error());
  Outcome outcome = window.outcome();
  if (!outcome) return outcome;
  const double ns = 1e3 / outcome->counters.at("mops");  // one turn, not one for each of the two
  return std::move(*outcome).with("ns_per_op", ns);
}

template <class Impl, class Data = node_replication::Counter>
void register_handoff(const std::string& implementation, std::size_t replicas) {
  register_case(
      "node_replication/handoff/" + implementation + "/replicas:" + std::to_string(replicas),
      [=] { return hand_over<Impl, Data>(replicas); });
}

}  // namespace

void register_handoff_cases() {
  if (team_sizes().back() < 2) return;
  using Data = node_replication::Counter;
  for (const std::size_t replicas : {1U, 2U}) {
    register_handoff<Quintet<Data>>("quintet", replicas);
    register_handoff<Upstream<Data>>("upstream", replicas);
    register_handoff<VerifiedNode<Data>>("verified", replicas);
  }
  register_handoff<UnderMutex<Data>>("std_mutex", 1);
  register_handoff<UnderSharedMutex<Data>>("std_shared_mutex", 1);
  register_handoff<UnderSlots<Data>>("slots_rwlock", 1);
  register_handoff<UnderCombiner<Data>>("flat_combining", 1);
  register_handoff<Unlocked<AtomicWord>, AtomicWord>("lockfree", 1);
}

}  // namespace quintet::bench::node_replication_cases
