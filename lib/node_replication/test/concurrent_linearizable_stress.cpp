// SPDX-License-Identifier: MIT
#include <atomic>
#include <cstdint>
#include <iostream>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "node_replication/test/cells.hpp"
#include "node_replication/test/chain.hpp"
#include "testing/catch.hpp"
#include "testing/linearizability.hpp"

// Black-box linearizability of several logs with scans, as linearizable_stress.cpp of one log.
namespace quintet::node_replication {
namespace {

struct CellsCase {
  static constexpr std::size_t kUsed = 3;  // keys
  using Answer = std::uint64_t;
  struct State {
    Cells::State cells{};
  };
  struct Operation {
    enum class Kind : std::uint8_t { kRead, kWrite, kScan, kWriteAll } kind;
    std::size_t key;
    std::uint64_t value;
  };

  static Operation make(std::mt19937_64& random) {
    const std::uint64_t dice = random() % 16;
    const auto kind = dice < 7    ? Operation::Kind::kRead
                      : dice < 13 ? Operation::Kind::kWrite
                      : dice < 15 ? Operation::Kind::kScan
                                  : Operation::Kind::kWriteAll;
    return {kind, random() % kUsed, random() % 100};
  }
  static std::uint64_t digest(const Cells::State& cells) {
    std::uint64_t hash = 0;
    for (const std::uint64_t cell : cells) hash = testing::internal::mix(hash ^ cell);
    return hash;
  }
  static Answer carry_out(ConcurrentNodeReplicated<Cells, WitnessEnv>::Session& session,
                          const Operation& op) {
    switch (op.kind) {
      case Operation::Kind::kRead:
        return session.read(op.key, [&op](const Cells& cells) { return cells.find(op.key); });
      case Operation::Kind::kWrite:
        return session.write({.key = op.key, .value = op.value});
      case Operation::Kind::kScan:
        return session.scan([](const Cells& cells) { return digest(cells.state()); });
      case Operation::Kind::kWriteAll:
        return session.write_all({.key = Cells::kKeys, .value = op.value});
    }
    return 0;
  }
  State initial() const { return {}; }
  bool step(State& state, const Operation& op, const Answer* answer) const {
    Cells cells(state.cells);
    Answer expected = cells.find(op.key);
    if (op.kind == Operation::Kind::kScan) expected = digest(state.cells);
    if (op.kind == Operation::Kind::kWrite) expected = cells.apply({op.key, op.value});
    if (op.kind == Operation::Kind::kWriteAll) expected = cells.apply({Cells::kKeys, op.value});
    state.cells = cells.state();
    return answer == nullptr || *answer == expected;
  }
  std::uint64_t hash(const State& state) const { return digest(state.cells); }
  bool is_read(const Operation& op) const {
    return op.kind == Operation::Kind::kRead || op.kind == Operation::Kind::kScan;
  }
};

using CellsHistory = testing::History<CellsCase::Operation, CellsCase::Answer>;

CellsHistory record_window(std::size_t replicas, std::size_t logs, std::uint32_t threads,
                           std::uint64_t seed) {
  constexpr std::size_t kCallsEach = 8;
  const auto cells = make_concurrent<Cells, WitnessEnv>(
      {.replicas = replicas, .max_replicas = 4, .max_sessions = threads, .log_lines = 2}, logs);
  std::vector<CellsHistory> lists(threads);
  std::atomic<std::uint32_t> arrived{0};
  {
    std::vector<std::jthread> workers;
    for (std::uint32_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        std::mt19937_64 random(seed * 100 + t);
        auto session = std::move(*cells->attach(static_cast<ReplicaId>(t % replicas)));
        arrived.fetch_add(1, std::memory_order_relaxed);
        while (arrived.load(std::memory_order_relaxed) < threads) std::this_thread::yield();
        for (std::size_t i = 0; i < kCallsEach; ++i) {
          const auto op = CellsCase::make(random);
          testing::record_call(lists[t], t, op, [&] { return CellsCase::carry_out(session, op); });
        }
      });
    }
  }
  return testing::join_histories(std::move(lists));
}

TEST_CASE("wing gong several logs") {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t logs : {1U, 2U, 3U}) {
      for (const std::uint32_t threads : {2U, 4U}) {
        for (std::uint64_t window = 0; window < 150; ++window) {
          const auto history = record_window(replicas, logs, threads, seed + window);
          const auto judgement = testing::judge_linearizability(CellsCase(), history);
          INFO("replicas " << replicas << ", logs " << logs << "\n" << judgement.explanation);
          REQUIRE(judgement.outcome == testing::Linearizable::kYes);
        }
      }
    }
  }
}

}  // namespace
}  // namespace quintet::node_replication
