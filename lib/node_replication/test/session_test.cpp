// SPDX-License-Identifier: MIT
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/structures/counter.hpp"
#include "node_replication/structures/hash_map.hpp"
#include "node_replication/structures/ordered_map.hpp"
#include "node_replication/structures/stack.hpp"
#include "node_replication/test/chain.hpp"
#include "testing/catch.hpp"

// What one thread can see of sessions, replicas and operations.
namespace quintet::node_replication {
namespace {

static_assert(Replicable<Counter> && Replicable<HashMap<int, std::string>> &&
              Replicable<OrderedMap<std::string, int>> && Replicable<Stack<int>> &&
              Replicable<OwningChain>);

template <class D, class Env = StdEnv>
std::unique_ptr<NodeReplicated<D, Env>> make(const Options& options) {
  auto made = NodeReplicated<D, Env>::create(options, [](ReplicaId) { return D(); });
  REQUIRE(made.has_value());
  return std::move(*made);
}
constexpr auto kValue = [](const Counter& c) { return c.value(); };
constexpr auto kState = [](const auto& chain) { return chain.state; };

TEST_CASE("one replica without log answers like the structure alone") {
  const auto counter = make<Counter>({.replicas = 1, .log_lines = 2});
  auto session = *counter->attach();
  for (std::uint64_t i = 1; i <= 1000; ++i) REQUIRE(session.write({.add = 1}) == i);
  REQUIRE(session.read(kValue) == 1000);
  REQUIRE(session.replica() == ReplicaId{0});
}

TEST_CASE("read sees completed writes of other replicas") {
  const auto counter = make<Counter>({.replicas = 3, .log_lines = 2});
  auto writer = *counter->attach(ReplicaId{0});
  auto reader = *counter->attach(ReplicaId{1});
  for (std::uint64_t i = 1; i <= 500; ++i) {
    REQUIRE(writer.write({.add = 1}) == i);
    REQUIRE(reader.read(kValue) == i);
  }
  REQUIRE(reader.write({.add = 1}) == 501);
  REQUIRE(writer.read(kValue) == 501);
}

TEST_CASE("several sessions of one thread do not stand in each other's way") {
  const auto counter = make<Counter>({.replicas = 2, .max_sessions = 8, .log_lines = 2});
  std::vector<NodeReplicated<Counter>::SessionOf> sessions;
  for (std::uint32_t i = 0; i < 16; ++i) {
    sessions.push_back(std::move(*counter->attach(ReplicaId{i % 2})));
  }
  std::uint64_t value = 0;
  for (int round = 0; round < 50; ++round) {
    for (auto& session : sessions) {
      REQUIRE(session.write({.add = 1}) == ++value);
      REQUIRE(session.read(kValue) == value);
    }
  }
}

TEST_CASE("several sessions of one thread submit and take in any order") {
  for (const std::size_t replicas : {1U, 2U}) {
    const auto chain = make<OwningChain, WitnessEnv>({.replicas = replicas, .log_lines = 2});
    {
      std::vector<NodeReplicated<OwningChain, WitnessEnv>::SessionOf> sessions;
      for (std::uint32_t i = 0; i < 6; ++i) {
        sessions.push_back(std::move(*chain->attach(static_cast<ReplicaId>(i % replicas))));
      }
      for (std::uint64_t round = 0; round < 100; ++round) {
        for (auto& session : sessions) session.submit(OwningChain::make(round));
        for (std::size_t i = sessions.size(); i-- > 1;) static_cast<void>(sessions[i].take());
        while (!sessions[0].is_done()) {
        }
        const std::uint64_t answer = sessions[0].take();
        REQUIRE(sessions[0].last_version() > 6 * round);
        if (sessions[0].last_version() == 6 * (round + 1)) {
          REQUIRE(sessions[1].read(kState) == answer);
        }
      }
      sessions[2].submit(OwningChain::make(7));  // detached with it
    }
    REQUIRE(chain->attach()->read(kState) != 0);
  }
  REQUIRE(OwningChain::Owned::alive == 0);
}

// The same operations one by one and in batches.
template <class D>
void compare_batches(std::size_t replicas, std::size_t lines) {
  const auto singles = make<D, WitnessEnv>({.replicas = replicas, .log_lines = lines});
  const auto batches = make<D, WitnessEnv>({.replicas = replicas, .log_lines = lines});
  auto single = *singles->attach();
  auto batch = *batches->attach();
  std::uint64_t value = 0;
  for (const std::size_t count : {0U, 1U, 2U, 6U, 7U, 8U, 100U, 1000U}) {
    std::vector<typename D::WriteOp> ops;
    std::vector<std::uint64_t> expected;
    for (std::size_t i = 0; i < count; ++i) {
      ops.push_back(D::make(++value));
      expected.push_back(single.write(D::make(value)));
    }
    std::vector<std::uint64_t> responses(count);
    batch.write(ops, responses);
    REQUIRE(responses == expected);
    REQUIRE(batch.last_version() == single.last_version());
  }
  REQUIRE(batch.read(kState) == single.read(kState));
}

TEST_CASE("batch equals singles and responses are in order") {
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t lines : {2U, 8U, 4096U}) {
      compare_batches<ByteChain>(replicas, lines);
      compare_batches<WideChain<1>>(replicas, lines);
      compare_batches<WideChain<32>>(replicas, lines);
      compare_batches<OwningChain>(replicas, lines);
    }
  }
}

TEST_CASE("operations are destroyed when all replicas have applied them") {
  {
    const auto chain = make<OwningChain>({.replicas = 2, .log_lines = 4});
    auto session = *chain->attach();
    for (std::uint64_t i = 0; i < 1000; ++i) static_cast<void>(session.write(OwningChain::make(i)));
    REQUIRE(OwningChain::Owned::alive <= 4 * 6);  // what the log holds
    chain->sync();
    static_cast<void>(session.write(OwningChain::make(0)));
    chain->sync();
    static_cast<void>(session.write(OwningChain::make(0)));
    REQUIRE(OwningChain::Owned::alive <= 6);
    session.detach();
  }
  REQUIRE(OwningChain::Owned::alive == 0);
}

TEST_CASE("replicas converge and a new one begins where the others are") {
  const auto chain = make<WideChain<2>>({.replicas = 2, .log_lines = 4});
  auto session = *chain->attach();
  for (std::uint64_t i = 0; i < 100; ++i) {
    static_cast<void>(session.write(WideChain<2>::make(i)));
    if (i == 50) REQUIRE(chain->add_replica() == ReplicaId{2});
  }
  chain->sync();
  const std::uint64_t expected = session.read(kState);
  for (std::uint32_t id = 0; id < 3; ++id) {
    REQUIRE(chain->attach(ReplicaId{id})->read(kState) == expected);
  }
  REQUIRE(chain->remove_replica(ReplicaId{1}).has_value());
  REQUIRE(chain->remove_replica(ReplicaId{2}).has_value());
  REQUIRE(chain->replicas() == 1);
  for (std::uint64_t i = 0; i < 100; ++i) static_cast<void>(session.write(WideChain<2>::make(i)));
  REQUIRE(chain->add_replica().has_value());
  REQUIRE(chain->attach(ReplicaId{1})->read(kState) == session.read(kState));
  chain->check_invariants();
}

struct Silent {
  struct WriteOp {
    int value;
  };
  void apply(const WriteOp& op) { last = op.value; }
  int last = 0;
};

TEST_CASE("an apply that answers nothing works in all ways") {
  for (const std::size_t replicas : {1U, 2U}) {
    const auto silent = make<Silent>({.replicas = replicas, .log_lines = 2});
    auto session = *silent->attach();
    session.write({1});
    std::vector<Silent::WriteOp> ops{{2}, {3}};
    std::vector<NoResponse> responses(2);
    session.write(ops, responses);
    REQUIRE(session.read([](const Silent& s) { return s.last; }) == 3);
    session.submit({4});
    session.take();
    REQUIRE(session.read([](const Silent& s) -> const int& { return s.last; }) == 4);
    session.read([](const Silent&) {});
  }
}

TEST_CASE("an exception out of a read ends the reading") {
  const auto counter = make<Counter>({.replicas = 2, .log_lines = 2});
  auto session = *counter->attach();
  REQUIRE_THROWS_AS(session.read([](const Counter&) -> int { throw 1; }), int);
  for (int i = 0; i < 100; ++i) static_cast<void>(session.write({.add = 1}));
  auto other = *counter->attach(ReplicaId{0});
  static_cast<void>(other.write({.add = 1}));
  REQUIRE(session.read(kValue) == 101);
}

}  // namespace
}  // namespace quintet::node_replication
