// SPDX-License-Identifier: MIT
#include "node_replication/concurrent.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "node_replication/test/cells.hpp"
#include "node_replication/test/chain.hpp"
#include "node_replication/test/counting_memory.hpp"
#include "testing/catch.hpp"

// Several logs, as one thread sees them; and what two can see of a read.
namespace quintet::node_replication {
namespace {

using Replicated = ConcurrentNodeReplicated<Cells>;
constexpr auto kMake = [](ReplicaId) { return Cells(); };
constexpr auto kCopy = [](const Cells& cells, ReplicaId) { return Cells(cells); };

TEST_CASE("several logs answer like the structure alone from every replica") {
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t logs : {1U, 2U, 5U, 40U}) {
      const auto cells = make_concurrent<Cells>({.replicas = replicas, .log_lines = 2}, logs);
      REQUIRE(cells->logs() == logs);
      REQUIRE(cells->replicas() == replicas);
      std::vector<Replicated::Session> sessions;
      for (std::uint32_t i = 0; i < replicas; ++i) {
        sessions.push_back(std::move(*cells->attach(ReplicaId{i})));
        REQUIRE(sessions.back().replica() == ReplicaId{i});
      }
      Cells alone;
      std::mt19937_64 random(replicas * 100 + logs);
      for (int i = 0; i < 1000; ++i) {
        auto& session = sessions[random() % replicas];
        const std::size_t key = random() % Cells::kKeys;
        const Cells::WriteOp op{.key = key, .value = random()};
        const Cells::WriteOp all{.key = Cells::kKeys, .value = random()};
        if (i % 50 == 0) {
          REQUIRE(session.write_all(all) == alone.apply(all));
        } else {
          REQUIRE(session.write(op) == alone.apply(op));
        }
        auto& reader = sessions[random() % replicas];
        REQUIRE(reader.read(key, [key](const Cells& c) { return c.find(key); }) == alone.find(key));
        if (i % 10 == 0) REQUIRE(reader.scan(kCellsState) == alone.state());
      }
    }
  }
}

Error refusal(const Options& options, std::size_t logs = 2) {
  std::size_t made_copies = 0;
  const auto made = Replicated::create(options, logs, [&](ReplicaId) {
    ++made_copies;
    return Cells();
  });
  REQUIRE(!made.has_value());
  REQUIRE(made_copies == 0);
  return made.error();
}

TEST_CASE("several logs refuse the options that one log refuses") {
  REQUIRE(refusal({.replicas = 0}) == Error{Errc::kBadReplicas, 0});
  REQUIRE(refusal({.replicas = 3, .max_replicas = 2}) == Error{Errc::kBadReplicas, 3});
  REQUIRE(refusal({.max_replicas = 0}) == Error{Errc::kBadMaxReplicas, 0});
  REQUIRE(refusal({.replicas = 65, .max_replicas = 65}) == Error{Errc::kBadMaxReplicas, 65});
  REQUIRE(refusal({.max_sessions = 0}) == Error{Errc::kBadMaxSessions, 0});
  REQUIRE(refusal({.max_sessions = SIZE_MAX}) == Error{Errc::kBadMaxSessions, SIZE_MAX});
  REQUIRE(refusal({.log_lines = 1}) == Error{Errc::kBadLogLines, 1});
}

TEST_CASE("no logs at all are refused") { REQUIRE(refusal({}, 0) == Error{Errc::kBadLogs, 0}); }

TEST_CASE("batches over several logs answer like single writes") {
  std::mt19937_64 random(7);
  for (const std::size_t logs : {1U, 3U, 40U}) {
    const auto cells = make_concurrent<Cells>({.replicas = 2, .log_lines = 2}, logs);
    auto session = std::move(*cells->attach(ReplicaId{0}));
    auto elsewhere = std::move(*cells->attach(ReplicaId{1}));
    Cells alone;
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<Cells::WriteOp> ops;
      std::vector<ResponseObject<Cells>> expected;
      for (std::size_t i = 0; i < count; ++i) {
        ops.push_back({.key = random() % Cells::kKeys, .value = random()});
        expected.push_back(alone.apply(ops.back()));
      }
      std::vector<ResponseObject<Cells>> answers(count);
      session.write(ops, answers);
      REQUIRE(answers == expected);
      REQUIRE(elsewhere.scan(kCellsState) == alone.state());
    }
  }
}

struct Flags {
  struct WriteOp {
    std::size_t key;
  };
  static std::size_t key_of(const WriteOp& op) { return op.key; }
  bool apply(const WriteOp& op) noexcept { return on[op.key].exchange(true); }
  Flags() = default;
  Flags(Flags&&) noexcept {}  // moved while it is empty
  std::array<std::atomic<bool>, 8> on{};
};

TEST_CASE("batches over several logs answer truth values") {
  const auto flags = make_concurrent<Flags>({}, 3);
  auto session = std::move(*flags->attach());
  std::vector<Flags::WriteOp> ops{{1}, {2}, {1}, {5}};
  std::array<bool, 4> answers{};
  session.write(ops, answers);
  REQUIRE(answers == std::array{false, false, true, false});
}

TEST_CASE("what is submitted to one of several logs is there when it was taken") {
  const auto cells = make_concurrent<Cells>({.replicas = 2, .log_lines = 2}, 3);
  auto session = std::move(*cells->attach(ReplicaId{0}));
  auto elsewhere = std::move(*cells->attach(ReplicaId{1}));
  Cells alone;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Cells::WriteOp op{.key = i % Cells::kKeys, .value = i};
    const auto expected = alone.apply(op);
    session.submit(op);
    if (i % 2 == 0) {
      auto moved = std::move(session);  // a submission moves with its session
      session = std::move(moved);
    }
    REQUIRE(session.is_done());
    REQUIRE(session.take() == expected);
    const std::size_t key = op.key;
    REQUIRE(elsewhere.read(key, [key](const Cells& c) { return c.find(key); }) == alone.find(key));
    elsewhere.sync();
  }
  const Cells::WriteOp last{.key = 1, .value = 4711};
  alone.apply(last);
  session.submit(last);
  session.detach();
  REQUIRE(!session.is_attached());
  REQUIRE(elsewhere.scan(kCellsState) == alone.state());
}

TEST_CASE("scans and writes go on while the gate opens and closes") {
  const auto cells = make_concurrent<Cells, WitnessEnv>({.replicas = 1}, 2);
  auto session = std::move(*cells->attach());
  Cells alone;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Cells::WriteOp op{.key = i % Cells::kKeys, .value = i};
    REQUIRE(session.write(op) == alone.apply(op));
    if (i % 7 == 0) REQUIRE(session.scan(kCellsState) == alone.state());
  }
}

TEST_CASE("sessions of several logs are refused beyond the limit and of unknown replicas") {
  const auto cells =
      make_concurrent<Cells>({.replicas = 2, .max_replicas = 2, .max_sessions = 2}, 3);
  REQUIRE(cells->attach(ReplicaId{2}).error() == Error{Errc::kNoSuchReplica, 2});
  for (int round = 0; round < 10; ++round) {
    auto first = cells->attach(ReplicaId{1});
    auto second = cells->attach(ReplicaId{1});
    REQUIRE(cells->attach(ReplicaId{1}).error() == Error{Errc::kTooManySessions, 2});
    REQUIRE(cells->attach(ReplicaId{0}).has_value());
    first->detach();
    first->detach();  // again: nothing
    auto third = cells->attach(ReplicaId{1});
    REQUIRE(third.has_value());
    REQUIRE(cells->attach(ReplicaId{1}).error() == Error{Errc::kTooManySessions, 2});
    static_cast<void>(third->write({.key = 1, .value = 1}));
  }
}

TEST_CASE("sessions of several logs move and leave one place behind") {
  const auto cells = make_concurrent<Cells>({.replicas = 2, .max_sessions = 1}, 3);
  Cells alone;
  auto first = std::move(*cells->attach(ReplicaId{0}));
  auto second = std::move(*cells->attach(ReplicaId{1}));
  REQUIRE(first.write({.key = 5, .value = 1}) == alone.apply({.key = 5, .value = 1}));
  first = std::move(second);  // the place in replica 0 is given back
  REQUIRE(first.replica() == ReplicaId{1});
  REQUIRE(first.write({.key = 5, .value = 2}) == alone.apply({.key = 5, .value = 2}));
  auto third = std::move(*cells->attach(ReplicaId{0}));
  REQUIRE(!cells->attach(ReplicaId{1}).has_value());
  const Replicated::Session moved(std::move(third));
  REQUIRE(moved.replica() == ReplicaId{0});
  REQUIRE(!cells->attach(ReplicaId{0}).has_value());
  REQUIRE(first.scan(kCellsState) == alone.state());
}

TEST_CASE("replicas of several logs come and go and begin where the others are") {
  const auto cells = make_concurrent<Cells>({.replicas = 1, .max_replicas = 2}, 3);
  auto session = std::move(*cells->attach());
  REQUIRE(cells->remove_replica(ReplicaId{0}).error() == Error{Errc::kLastReplica, 0});
  for (std::uint64_t round = 0; round < 20; ++round) {
    for (std::size_t key = 0; key < Cells::kKeys; ++key) {
      static_cast<void>(session.write({.key = key, .value = round}));
    }
    REQUIRE(cells->add_replica(kCopy) == ReplicaId{1});
    REQUIRE(cells->replicas() == 2);
    REQUIRE(cells->add_replica(kCopy).error() == Error{Errc::kTooManyReplicas, 2});
    static_cast<void>(session.write({.key = 3, .value = round}));
    {
      auto other = std::move(*cells->attach(ReplicaId{1}));
      REQUIRE(other.scan(kCellsState) == session.scan(kCellsState));
      const auto answer = other.write({.key = 4, .value = round});
      REQUIRE(session.read(4, [](const Cells& c) { return c.find(4); }) == answer);
      REQUIRE(cells->remove_replica(ReplicaId{1}).error() == Error{Errc::kSessionsAttached, 1});
      REQUIRE(other.write_all({.key = Cells::kKeys, .value = 7}) != answer);
    }
    REQUIRE(cells->remove_replica(ReplicaId{1}).has_value());
    REQUIRE(cells->remove_replica(ReplicaId{1}).error() == Error{Errc::kNoSuchReplica, 1});
    REQUIRE(cells->attach(ReplicaId{1}).error() == Error{Errc::kNoSuchReplica, 1});
  }
}

TEST_CASE("an exception out of a read or a scan of several logs lets the others on") {
  const auto cells = make_concurrent<Cells>({.replicas = 2, .log_lines = 2}, 2);
  auto session = std::move(*cells->attach());
  auto other = std::move(*cells->attach());
  const auto refuse = [](const Cells&) -> int { throw std::runtime_error("no"); };
  for (int i = 0; i < 20; ++i) {
    REQUIRE_THROWS_AS(session.read(1, refuse), std::runtime_error);
    REQUIRE_THROWS_AS(session.scan(refuse), std::runtime_error);
    const auto answer = other.write({.key = 1, .value = 3});
    REQUIRE(session.read(1, [](const Cells& c) { return c.find(1); }) == answer);
    REQUIRE(other.scan([](const Cells& c) { return c.find(1); }) == answer);
  }
}

TEST_CASE("a copy for several logs that throws changes nothing") {
  const auto cells = make_concurrent<Cells>({.replicas = 1, .log_lines = 2}, 3);
  auto session = std::move(*cells->attach());
  const auto refuse = [](const Cells&, ReplicaId) -> Cells { throw std::runtime_error("no"); };
  REQUIRE_THROWS_AS(cells->add_replica(refuse), std::runtime_error);
  REQUIRE(cells->replicas() == 1);
  for (std::size_t i = 0; i < 100; ++i) static_cast<void>(session.write({.key = i % 12}));
  REQUIRE(cells->add_replica(kCopy) == ReplicaId{1});
  REQUIRE(cells->attach(ReplicaId{1})->scan(kCellsState) == session.scan(kCellsState));
}

TEST_CASE("memory that runs out at any allocation of a replica of several logs changes nothing") {
  for (std::size_t fails_at = 0;; ++fails_at) {
    REQUIRE(fails_at < 100);
    CountingMemory memory;
    bool thrown = false;
    {
      const auto cells = make_concurrent<Cells>({.replicas = 1,
                                                 .max_sessions = 2,
                                                 .log_lines = 2,
                                                 .replica_memory = {nullptr, &memory},
                                                 .log_memory = &memory},
                                                3);
      auto session = std::move(*cells->attach());
      memory.fails_at = fails_at;
      try {
        static_cast<void>(cells->add_replica(kCopy));
      } catch (const std::bad_alloc&) {
        thrown = true;
        REQUIRE(cells->replicas() == 1);
        REQUIRE(!cells->attach(ReplicaId{1}).has_value());
        for (std::size_t i = 0; i < 100; ++i) static_cast<void>(session.write({.key = i % 12}));
        cells->sync();
        REQUIRE(cells->add_replica(kCopy) == ReplicaId{1});
      }
      for (std::size_t i = 0; i < 100; ++i) static_cast<void>(session.write({.key = i % 12}));
      REQUIRE(cells->attach(ReplicaId{1})->scan(kCellsState) == session.scan(kCellsState));
      REQUIRE(cells->remove_replica(ReplicaId{1}).has_value());
    }
    REQUIRE(memory.outstanding == 0);
    if (!thrown) {
      REQUIRE(fails_at >= 6);  // of each log, a replica and its slots
      break;
    }
  }
}

TEST_CASE("memory that runs out at any allocation of several logs leaves nothing behind") {
  for (std::size_t fails_at = 0;; ++fails_at) {
    REQUIRE(fails_at < 100);
    CountingMemory memory;
    memory.fails_at = fails_at;
    const Options options{.replicas = 2,
                          .max_sessions = 2,
                          .log_lines = 2,
                          .replica_memory = {&memory, &memory},
                          .log_memory = &memory};
    bool thrown = false;
    try {
      static_cast<void>(Replicated::create(options, 2, kMake));
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    REQUIRE(memory.outstanding == 0);
    if (!thrown) break;
  }
}

// Shows what it does before it has done it, until `reader_is_back` or long after.
struct Slow {
  struct WriteOp {
    std::size_t key = 0;
  };
  static std::size_t key_of(const WriteOp& op) { return op.key; }
  static inline std::atomic<bool> shown{false};
  static inline std::atomic<bool> reader_is_back{false};

  Slow() = default;
  Slow(const Slow& other) : value(other.value.load()) {}
  void apply(const WriteOp&) noexcept {
    value.store(1);
    shown.store(true);
    for (int i = 0; i < 20'000 && !reader_is_back.load(); ++i) std::this_thread::yield();
  }
  std::atomic<int> value{0};
};

// Reads in the replica where `write(session of replica 0)` shows itself first, then in the other.
template <class Write>
void read_twice_while(Write write, ReplicaId first_shown, ReplicaId other) {
  Slow::shown = false;
  Slow::reader_is_back = false;
  const auto slow = make_concurrent<Slow>({.replicas = 2}, 2);
  auto near = std::move(*slow->attach(first_shown));
  auto far = std::move(*slow->attach(other));
  const auto value = [](const Slow& s) { return s.value.load(); };
  std::jthread writer([&] {
    auto session = std::move(*slow->attach(ReplicaId{0}));
    write(session);
  });
  while (!Slow::shown.load()) std::this_thread::yield();
  const int first = near.read(1, value);
  const int second = far.read(1, value);
  Slow::reader_is_back = true;
  writer.join();
  REQUIRE(second >= first);
}

TEST_CASE("what a read of several logs has seen later reads see in other replicas") {
  using Session = ConcurrentNodeReplicated<Slow>::Session;
  read_twice_while([](Session& s) { s.write({.key = 1}); }, ReplicaId{0}, ReplicaId{1});
  read_twice_while([](Session& s) { s.write_all({.key = 1}); }, ReplicaId{1}, ReplicaId{0});
}

struct Pile {
  struct WriteOp {
    std::unique_ptr<std::size_t> element;
  };
  static std::size_t key_of(const WriteOp& op) { return *op.element; }
  void apply(const WriteOp& op) noexcept { sums[*op.element % 4] += *op.element; }
  std::array<std::size_t, 4> sums{};
};

TEST_CASE("several logs take operations that can only be moved and answer nothing") {
  const auto pile = make_concurrent<Pile>({.replicas = 2, .log_lines = 2}, 4);
  auto session = std::move(*pile->attach());
  auto other = std::move(*pile->attach(ReplicaId{1}));
  for (std::size_t i = 0; i < 100; ++i) session.write({std::make_unique<std::size_t>(i)});
  other.write_all({std::make_unique<std::size_t>(3)});
  const auto& sums = session.scan([](const Pile& p) -> const auto& { return p.sums; });
  REQUIRE(sums == std::array<std::size_t, 4>{1200, 1225, 1250, 1278});
  REQUIRE(other.scan([](const Pile& p) { return p.sums; }) == sums);
  other.scan([](const Pile&) {});
  other.read(0, [](const Pile&) {});
}

}  // namespace
}  // namespace quintet::node_replication
