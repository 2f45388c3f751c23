// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/spec/witness.hpp"
#include "node_replication/test/chain.hpp"
#include "testing/history.hpp"

// Real threads that do everything a session can do, recorded for the witness check, with a
// watchdog: a thread that gets nowhere for a minute ends the process.
namespace quintet::node_replication {

struct RunPlan {
  std::size_t replicas = 2;
  std::size_t idle_replicas = 0;  // of these, without any session
  std::size_t threads = 4;
  std::size_t log_lines = 4;
  std::size_t requests = 10'000;  // per thread
  unsigned writes = 50;           // percent
  std::size_t largest_batch = 1;
  bool submits = false;  // some writes are asynchronous
  bool churns = false;   // sessions end and begin, on any replica
  bool changes = false;  // replicas come and go meanwhile
  std::uint64_t seed = 1;
};

struct RunResult {
  std::vector<spec::WitnessedWrite<Chain>> writes;
  std::vector<spec::WitnessedRead<std::uint64_t>> reads;
  std::string wrong;  // empty, or what is
};

// Ends the process if a thread stands still. `done[i]` counts what thread i has done; UINT64_MAX
// says that it is through.
class Watchdog {
 public:
  static constexpr std::chrono::seconds kPatience{60};

  explicit Watchdog(std::size_t threads) : done_(threads) {}
  void step(std::size_t thread) { done_[thread].fetch_add(1, std::memory_order_relaxed); }
  void finish(std::size_t thread) { done_[thread].store(kThrough, std::memory_order_relaxed); }

  // Returns when all threads are through. `meanwhile()` is called again and again.
  template <class Meanwhile>
  void watch(Meanwhile meanwhile) {
    using Clock = std::chrono::steady_clock;
    std::vector<std::uint64_t> seen(done_.size());
    std::vector<Clock::time_point> since(done_.size(), Clock::now());
    for (bool all = false; !all;) {
      meanwhile();
      all = true;
      for (std::size_t i = 0; i < done_.size(); ++i) {
        const std::uint64_t now = done_[i].load(std::memory_order_relaxed);
        if (now != seen[i]) since[i] = Clock::now();
        seen[i] = now;
        all = all && now == kThrough;
        if (now != kThrough && Clock::now() - since[i] > kPatience) give_up(i, now);
      }
    }
  }

 private:
  static constexpr std::uint64_t kThrough = UINT64_MAX;

  [[noreturn]] static void give_up(std::size_t thread, std::uint64_t steps) {
    std::fprintf(stderr, "watchdog: thread %zu stands still after %llu requests\n", thread,
                 static_cast<unsigned long long>(steps));
    std::abort();
  }

  std::vector<std::atomic<std::uint64_t>> done_;
};

template <class D, Environment Env = WitnessEnv>
class WitnessRun {
 public:
  explicit WitnessRun(const RunPlan& plan) : plan_(plan), watchdog_(plan.threads) {}

  RunResult operator()() {
    auto made = Replicated::create({.replicas = plan_.replicas,
                                    .max_replicas = plan_.replicas + 2,
                                    .max_sessions = plan_.threads + 1,
                                    .log_lines = plan_.log_lines},
                                   [](ReplicaId) { return Structure(); });
    Replicated& replicated = **made;
    std::vector<RunResult> results(plan_.threads);
    {
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < plan_.threads; ++t) {
        threads.emplace_back([&, t] { work(replicated, t, results[t]); });
      }
      std::mt19937_64 random(plan_.seed);
      watchdog_.watch([&] {
        if (plan_.changes) change(replicated, random);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        replicated.check_invariants();
      });
    }
    RunResult all;
    for (RunResult& one : results) {
      all.writes.insert(all.writes.end(), one.writes.begin(), one.writes.end());
      all.reads.insert(all.reads.end(), one.reads.begin(), one.reads.end());
      if (all.wrong.empty()) all.wrong = one.wrong;
    }
    if (all.wrong.empty()) all.wrong = not_converged(replicated, all.writes.size());
    if (all.wrong.empty()) {
      all.wrong = spec::judge_witness<Chain>(all.writes, all.reads,
                                             [](const Chain& chain) { return chain.state; });
    }
    return all;
  }

 private:
  using Structure = spec::Witnessed<D>;
  using Replicated = NodeReplicated<Structure, Env>;
  using SessionOf = typename Replicated::SessionOf;
  using Op = typename D::WriteOp;

  struct Worker {
    std::uint32_t id;
    RunResult& result;
    std::mt19937_64 random;

    void check_version(const SessionOf& session, std::uint64_t expected) {
      if constexpr (Env::kWitness) {
        if (session.last_version() != expected && result.wrong.empty()) {
          result.wrong = "last_version() is " + std::to_string(session.last_version()) +
                         " and not " + std::to_string(expected);
        }
      }
    }
    void note(std::uint64_t began, std::uint64_t ended, std::uint64_t value,
              const typename Structure::Response& r) {
      result.writes.push_back({id, began, ended, meaning<D>(value), {r.index, r.answer}});
    }
  };

  ReplicaId home(std::size_t thread) const {
    return static_cast<ReplicaId>(thread % (plan_.replicas - plan_.idle_replicas));
  }

  void work(Replicated& replicated, std::size_t thread, RunResult& result) {
    Worker worker{static_cast<std::uint32_t>(thread), result,
                  std::mt19937_64(plan_.seed * 1000 + thread)};
    auto session = std::move(*replicated.attach(home(thread)));
    for (std::size_t i = 0; i < plan_.requests; ++i) {
      if (plan_.churns && worker.random() % 64 == 0) {
        session.detach();
        auto elsewhere =
            replicated.attach(static_cast<ReplicaId>(worker.random() % (plan_.replicas + 2)));
        session = elsewhere ? std::move(*elsewhere) : std::move(*replicated.attach(home(thread)));
      }
      if (worker.random() % 100 >= plan_.writes) {
        read(worker, session);
      } else if (plan_.largest_batch > 1 && worker.random() % 4 == 0) {
        write_batch(worker, session);
      } else if (plan_.submits && worker.random() % 4 == 0) {
        submit(worker, session);
      } else {
        write(worker, session);
      }
      watchdog_.step(thread);
    }
    session.detach();
    watchdog_.finish(thread);
  }

  void read(Worker& worker, SessionOf& session) {
    if (worker.random() % 16 == 0) session.sync();
    const std::uint64_t began = testing::history_now();
    const auto [version, state] =
        session.read([](const Structure& s) { return std::pair(s.version, s.data.state); });
    const std::uint64_t ended = testing::history_now();
    worker.check_version(session, version);
    worker.result.reads.push_back({worker.id, began, ended, version, state});
  }
  void write(Worker& worker, SessionOf& session) {
    const std::uint64_t value = worker.random();
    Op op = D::make(value);
    const std::uint64_t began = testing::history_now();
    const auto response = session.write(std::move(op));
    const std::uint64_t ended = testing::history_now();
    worker.check_version(session, response.index + 1);
    worker.note(began, ended, value, response);
  }
  void write_batch(Worker& worker, SessionOf& session) {
    const std::size_t count = 1 + worker.random() % plan_.largest_batch;
    std::vector<std::uint64_t> values;
    std::vector<Op> ops;
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(worker.random());
      ops.push_back(D::make(values.back()));
    }
    std::vector<typename Structure::Response> responses(count);
    const std::uint64_t began = testing::history_now();
    session.write(ops, responses);
    const std::uint64_t ended = testing::history_now();
    worker.check_version(session, responses.back().index + 1);
    for (std::size_t i = 0; i < count; ++i) worker.note(began, ended, values[i], responses[i]);
  }
  void submit(Worker& worker, SessionOf& session) {
    const std::uint64_t value = worker.random();
    const std::uint64_t began = testing::history_now();
    session.submit(D::make(value));
    for (std::uint64_t looks = worker.random() % 4; looks > 0; --looks) {
      if (session.is_done()) break;
      std::this_thread::yield();
    }
    if (worker.random() % 4 == 0) session = SessionOf(std::move(session));  // it may move meanwhile
    const auto response = session.take();
    const std::uint64_t ended = testing::history_now();
    worker.check_version(session, response.index + 1);
    worker.note(began, ended, value, response);
  }

  void change(Replicated& replicated, std::mt19937_64& random) {
    if (random() % 2 == 0) {
      static_cast<void>(
          replicated.add_replica([](const Structure& s, ReplicaId) { return Structure(s); }));
    } else {  // refused while somebody is there
      static_cast<void>(
          replicated.remove_replica(static_cast<ReplicaId>(plan_.replicas + random() % 2)));
    }
    if (random() % 4 == 0) replicated.sync();
  }

  std::string not_converged(Replicated& replicated, std::size_t writes) {
    replicated.sync();
    std::vector<std::uint64_t> states;
    for (std::uint32_t id = 0; id < plan_.replicas + 2; ++id) {
      auto session = replicated.attach(ReplicaId{id});
      if (!session) continue;
      const auto state = session->read([](const Structure& s) { return s; });
      if (state.version != writes) {
        return "replica " + std::to_string(id) + " has applied " + std::to_string(state.version) +
               " of " + std::to_string(writes) + " writes";
      }
      states.push_back(state.data.state);
      if (states.back() != states.front()) return "the replicas differ";
    }
    return states.size() >= plan_.replicas ? "" : "replicas are missing";
  }

  RunPlan plan_;
  Watchdog watchdog_;
};

}  // namespace quintet::node_replication
