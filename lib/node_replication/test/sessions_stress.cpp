// SPDX-License-Identifier: MIT
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/structures/counter.hpp"
#include "node_replication/test/witness_run.hpp"
#include "testing/catch.hpp"

// Sessions that do not do what others wait for: they sleep, look and do not wait, ask for more than
// there is, or leave.
namespace quintet::node_replication {
namespace {

using Counters = NodeReplicated<Counter>;
constexpr auto kValue = [](const Counter& c) { return c.value(); };

std::unique_ptr<Counters> make(const Options& options) {
  return std::move(*Counters::create(options, [](ReplicaId) { return Counter(); }));
}

// Runs body(thread) on so many threads, which start together and count their steps.
template <class Body>
void run_threads(Watchdog& watchdog, std::size_t threads, Body body) {
  std::atomic<std::size_t> here{0};
  std::vector<std::jthread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      here.fetch_add(1);
      while (here.load() < threads) std::this_thread::yield();
      body(t);
      watchdog.finish(t);
    });
  }
  watchdog.watch([] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
}

TEST_CASE("sessions that sleep stop nobody though the log is full") {
  constexpr std::size_t kWriters = 3;
  constexpr std::uint64_t kWrites = 100'000;
  for (const std::size_t replicas : {2U, 4U}) {
    for (const std::size_t lines : {2U, 16U}) {
      const auto counter = make({.replicas = replicas, .log_lines = lines});
      std::vector<Counters::SessionOf> sleepers;  // in all other replicas; some have work left
      for (std::uint32_t i = 0; i < 3 * (replicas - 1); ++i) {
        sleepers.push_back(std::move(*counter->attach(ReplicaId{1 + i / 3})));
        if (i % 3 == 0) static_cast<void>(sleepers.back().write({.add = 1}));
        if (i % 3 == 1) sleepers.back().submit({.add = 1});
      }
      Watchdog watchdog(kWriters);
      run_threads(watchdog, kWriters, [&](std::size_t t) {
        auto session = std::move(*counter->attach());
        std::uint64_t before = 0;
        for (std::uint64_t i = 0; i < kWrites; ++i) {
          const std::uint64_t now = session.write({.add = 1});
          QT_CHECK(now > before, "a writer goes back");
          before = now;
          watchdog.step(t);
        }
      });
      const std::uint64_t all = kWriters * kWrites + 2 * (replicas - 1);
      for (std::size_t i = 0; i < sleepers.size(); ++i) {
        if (i % 3 == 1) REQUIRE(sleepers[i].take() <= 2 * (replicas - 1));
        REQUIRE(sleepers[i].read(kValue) == all);
      }
    }
  }
}

TEST_CASE("who submits and only looks whether it is done will see it done") {
  constexpr std::size_t kThreads = 6;
  constexpr std::uint64_t kWrites = 50'000;
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    const auto counter = make({.replicas = replicas, .log_lines = 2});
    Watchdog watchdog(kThreads);
    run_threads(watchdog, kThreads, [&](std::size_t t) {
      auto session = std::move(*counter->attach(static_cast<ReplicaId>(t % replicas)));
      for (std::uint64_t i = 0; i < kWrites; ++i) {
        if (t < kThreads / 2) {
          static_cast<void>(session.write({.add = 1}));
        } else {
          session.submit({.add = 1});
          while (!session.is_done()) std::this_thread::yield();
          static_cast<void>(session.take());
        }
        watchdog.step(t);
      }
    });
    REQUIRE(counter->attach()->read(kValue) == kThreads * kWrites);
  }
}

TEST_CASE("what is seen to be done reads see everywhere") {
  constexpr std::size_t kThreads = 4;
  constexpr std::uint64_t kRounds = 2'000;
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    const auto counter = make({.replicas = replicas, .log_lines = 2});
    std::atomic<std::uint64_t> submitted{0};
    std::atomic<std::uint64_t> seen{0};
    std::atomic<bool> missing{false};
    Watchdog watchdog(kThreads);
    run_threads(watchdog, kThreads, [&](std::size_t t) {
      const auto home = static_cast<ReplicaId>(t % replicas);
      auto session = std::move(*counter->attach(home));
      auto reader = std::move(*counter->attach(home));
      const auto meet = [](std::atomic<std::uint64_t>& here, std::uint64_t round) {
        here.fetch_add(1);
        while (here.load() < round * kThreads) std::this_thread::yield();
      };
      for (std::uint64_t round = 1; round <= kRounds; ++round) {
        session.submit({.add = 1});
        while (!session.is_done()) std::this_thread::yield();
        meet(submitted, round);
        if (reader.read(kValue) != round * kThreads) missing.store(true);
        meet(seen, round);
        static_cast<void>(session.take());
        watchdog.step(t);
      }
    });
    REQUIRE(!missing);
  }
}

TEST_CASE("never more sessions than there may be and all places come back") {
  constexpr std::size_t kThreads = 12;
  constexpr std::size_t kMost = 3;
  constexpr std::size_t kReplicas = 2;
  constexpr std::uint64_t kVisits = 10'000;
  const auto counter = make({.replicas = kReplicas, .max_sessions = kMost, .log_lines = 4});
  std::atomic<std::size_t> inside[kReplicas]{};
  std::atomic<bool> wrong{false};
  std::atomic<std::uint64_t> refused{0};
  Watchdog watchdog(kThreads);
  run_threads(watchdog, kThreads, [&](std::size_t t) {
    const std::size_t home = t % kReplicas;
    for (std::uint64_t visits = 0; visits < kVisits;) {
      auto session = counter->attach(static_cast<ReplicaId>(home));
      if (!session) {
        if (session.error() != Error{Errc::kTooManySessions, kMost}) wrong = true;
        refused.fetch_add(1, std::memory_order_relaxed);
        std::this_thread::yield();
        continue;
      }
      if (inside[home].fetch_add(1) >= kMost) wrong = true;
      static_cast<void>(session->write({.add = 1}));
      if (visits % 8 == 0) std::this_thread::yield();
      if (visits % 3 == 0) {
        session->submit({.add = 1});  // finished by the end of the session
      } else {
        static_cast<void>(session->write({.add = 1}));
      }
      inside[home].fetch_sub(1);
      session->detach();
      watchdog.step(t);
      ++visits;
    }
  });
  REQUIRE(!wrong);
  REQUIRE(refused > 0);
  std::vector<Counters::SessionOf> sessions;
  for (std::size_t i = 0; i < kMost * kReplicas; ++i) {
    auto session = counter->attach(static_cast<ReplicaId>(i % kReplicas));
    REQUIRE(session.has_value());
    REQUIRE(session->read(kValue) == 2 * kThreads * kVisits);
    sessions.push_back(std::move(*session));
  }
}

}  // namespace
}  // namespace quintet::node_replication
