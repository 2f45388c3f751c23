// SPDX-License-Identifier: MIT
#include "node_replication/placement.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "platform/node_memory.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::node_replication;
using quintet::platform::PinPolicy;
using quintet::platform::ProcessingUnit;
using quintet::platform::Topology;

using Counts = std::vector<std::size_t>;
using Nodes = std::vector<unsigned>;

// The machine of the paper's figure: 4 nodes of 24 cores of 2 threads, and the same with the
// kernel's numbers as they are on such machines.
constexpr const char* kFourNodes = "pack:4 [numa] l3:1 l2:24 core:1 pu:2";
constexpr const char* kFlat = "numa:4 core:24 pu:2";
constexpr const char* kInterleaved = "pack:4 [numa] l3:1 core:24 pu:2(indexes=pack:core)";

Topology machine(const std::string& description) {
  return Topology::synthetic(description).value();
}

Placement placed(const Topology& topology, Strategy strategy = Strategy::per_node()) {
  return Placement::create(topology, strategy).value();
}

Counts threads_of(const Placement& placement, PinPolicy policy, std::size_t threads) {
  return placement.assign(policy, threads).value().threads_of_replica;
}

Nodes nodes_of(const Placement& placement, std::uint32_t replica) {
  return placement.nodes_of(ReplicaId{replica});
}

std::size_t units_of(const Placement& placement, std::uint32_t replica) {
  return placement.units_of(ReplicaId{replica}).size();
}

// I1 of placement.hpp, and that replica_of() says the same as units_of().
bool shares_out(const Topology& topology, const Placement& placement) {
  std::vector<unsigned> given;
  for (std::uint32_t i = 0; i < placement.replicas(); ++i) {
    const auto units = placement.units_of(ReplicaId{i});
    if (units.empty()) return false;
    for (const ProcessingUnit& unit : units) {
      if (placement.replica_of(unit) != ReplicaId{i}) return false;
      given.push_back(unit.os_index);
    }
  }
  std::vector<unsigned> all;
  for (const ProcessingUnit& unit : topology.processing_units()) all.push_back(unit.os_index);
  std::ranges::sort(given);
  std::ranges::sort(all);
  return given == all;
}

TEST_CASE("a replica for each node has the units of its node") {
  for (const char* const description : {kFourNodes, kFlat, kInterleaved}) {
    INFO(description);
    const Topology topology = machine(description);
    const Placement placement = placed(topology);
    REQUIRE(placement.replicas() == 4);
    CHECK(shares_out(topology, placement));
    for (std::uint32_t i = 0; i < 4; ++i) {
      CHECK(nodes_of(placement, i) == Nodes{i});
      CHECK(units_of(placement, i) == 48);
    }
  }
}

TEST_CASE("fill takes one node after the other and then second threads") {
  for (const char* const description : {kFourNodes, kFlat, kInterleaved}) {
    INFO(description);
    const Placement placement = placed(machine(description));
    const auto fill = [&](std::size_t threads) {
      return threads_of(placement, PinPolicy::kFill, threads);
    };
    CHECK(fill(1) == Counts{1, 0, 0, 0});
    CHECK(fill(24) == Counts{24, 0, 0, 0});
    CHECK(fill(36) == Counts{24, 12, 0, 0});
    CHECK(fill(96) == Counts{24, 24, 24, 24});
    CHECK(fill(97) == Counts{25, 24, 24, 24});
    CHECK(fill(120) == Counts{48, 24, 24, 24});
    CHECK(fill(192) == Counts{48, 48, 48, 48});
    CHECK(fill(193) == Counts{49, 48, 48, 48});
    const auto units = placement.assign(PinPolicy::kFill, 97).value().units;
    CHECK(std::ranges::count(units, 0u, &ProcessingUnit::thread_of_core) == 96);
  }
}

TEST_CASE("scatter takes the nodes in turn and compact takes second threads first") {
  for (const char* const description : {kFourNodes, kFlat, kInterleaved}) {
    INFO(description);
    const Placement placement = placed(machine(description));
    CHECK(threads_of(placement, PinPolicy::kScatter, 2) == Counts{1, 1, 0, 0});
    CHECK(threads_of(placement, PinPolicy::kScatter, 6) == Counts{2, 2, 1, 1});
    CHECK(threads_of(placement, PinPolicy::kScatter, 96) == Counts{24, 24, 24, 24});
    CHECK(threads_of(placement, PinPolicy::kCompact, 48) == Counts{48, 0, 0, 0});
    CHECK(threads_of(placement, PinPolicy::kCompact, 50) == Counts{48, 2, 0, 0});
  }
}

TEST_CASE("as many replicas as the paper has for every number of threads") {
  for (const char* const description : {kFourNodes, kInterleaved}) {
    const Topology topology = machine(description);
    for (std::size_t threads = 1; threads <= 192; ++threads) {
      INFO(description << ", " << threads << " threads");
      const std::size_t expected = std::min<std::size_t>((threads + 23) / 24, 4);
      const auto all = placed(topology).assign(PinPolicy::kFill, threads).value();
      REQUIRE(all.replicas_used() == expected);
      const auto few = Placement::for_threads(topology, PinPolicy::kFill, threads).value();
      REQUIRE(few.replicas() == expected);
      REQUIRE(few.assign(PinPolicy::kFill, threads).value().replicas == all.replicas);
    }
  }
  const Topology topology = machine(kFourNodes);
  CHECK(Placement::for_threads(topology, PinPolicy::kScatter, 3)->replicas() == 3);
  CHECK(Placement::for_threads(topology, PinPolicy::kCompact, 48)->replicas() == 1);
  CHECK(Placement::for_threads(topology, PinPolicy::kFill, 0).error().code == EINVAL);
}

TEST_CASE("one replica for the system or each L3 cache") {
  const Topology topology = machine("pack:2 [numa] l3:4 core:2 pu:2");
  const Placement one = placed(topology, Strategy::whole_system());
  CHECK(one.replicas() == 1);
  CHECK(nodes_of(one, 0) == Nodes{0, 1});
  CHECK(shares_out(topology, one));
  const Placement caches = placed(topology, Strategy::per_l3());
  CHECK(caches.replicas() == 8);
  CHECK(units_of(caches, 5) == 4);
  CHECK(nodes_of(caches, 3) == Nodes{0});
  CHECK(nodes_of(caches, 4) == Nodes{1});
  CHECK(shares_out(topology, caches));
  CHECK(placed(machine(kFlat), Strategy::per_l3()).replicas() == 4);  // shows no L3
}

TEST_CASE("a given number of replicas has whole nodes or equal parts of them") {
  const Topology topology = machine(kInterleaved);
  const Placement two = placed(topology, Strategy::exactly(2));
  CHECK(nodes_of(two, 0) == Nodes{0, 1});
  CHECK(nodes_of(two, 1) == Nodes{2, 3});
  const Placement eight = placed(topology, Strategy::exactly(8));
  for (std::uint32_t i = 0; i < 8; ++i) {
    CHECK(nodes_of(eight, i) == Nodes{i / 2});
    CHECK(units_of(eight, i) == 24);
    CHECK(threads_of(eight, PinPolicy::kFill, 96)[i] == 12);  // so it has whole cores
  }
  for (std::size_t replicas = 1; replicas <= 192; ++replicas) {
    INFO(replicas << " replicas");
    const Placement placement = placed(topology, Strategy::exactly(replicas));
    REQUIRE(placement.replicas() == replicas);
    REQUIRE(shares_out(topology, placement));
  }
  CHECK(Placement::create(topology, Strategy::exactly(0)).error().code == EINVAL);
  CHECK(Placement::create(topology, Strategy::exactly(193)).error().code == EINVAL);
}

TEST_CASE("a machine without NUMA objects has one replica") {
  for (const char* const description : {"pack:2 core:4 pu:2", "core:4 pu:1", "pu:1"}) {
    INFO(description);
    const Topology topology = machine(description);
    const Placement placement = placed(topology);
    CHECK(placement.replicas() == 1);
    CHECK(nodes_of(placement, 0) == Nodes{0});
    CHECK(shares_out(topology, placement));
  }
  const Topology topology = machine("core:2 pu:1");
  CHECK(shares_out(topology, placed(topology, Strategy::exactly(2))));
}

TEST_CASE("a restricted cpuset has replicas only where it has units") {
  const Topology whole = machine(kFourNodes);
  const auto& all = whole.processing_units();
  std::vector<ProcessingUnit> few{all[60]};  // one unit of node 1, and eight of node 3
  few.insert(few.end(), all.begin() + 150, all.begin() + 158);
  const Topology topology = whole.restricted_to(few).value();
  const Placement placement = placed(topology);
  REQUIRE(placement.replicas() == 2);
  CHECK(nodes_of(placement, 0) == Nodes{0});  // counted anew
  CHECK(nodes_of(placement, 1) == Nodes{1});
  CHECK(units_of(placement, 0) == 1);
  CHECK(units_of(placement, 1) == 8);
  CHECK(shares_out(topology, placement));
  CHECK(threads_of(placement, PinPolicy::kFill, 5) == Counts{1, 4});
  CHECK(threads_of(placement, PinPolicy::kFill, 9) == Counts{1, 8});
  CHECK(placement.replica_of(all[150]) == ReplicaId{1});
  CHECK(placement.replica_of(all[0]) == ReplicaId{0});  // not of this cpuset
  for (std::size_t replicas = 1; replicas <= 9; ++replicas) {
    INFO(replicas << " replicas");
    const Placement parts = placed(topology, Strategy::exactly(replicas));
    CHECK(parts.replicas() == replicas);
    CHECK(shares_out(topology, parts));
  }
}

TEST_CASE("options name the memory of every replica and of the log") {
  const Placement placement = placed(machine(kFourNodes));
  Options options;
  options.max_sessions = 7;
  placement.apply_to(options);
  CHECK(options.replicas == 4);
  CHECK(options.max_sessions == 7);
  REQUIRE(options.replica_memory.size() == options.max_replicas);
  CHECK(options.replica_memory[6] == placement.memory(ReplicaId{2}));  // of one added later
  for (std::uint32_t i = 0; i < 4; ++i) {
    CHECK(options.replica_memory[i] == placement.memory(ReplicaId{i}));
    for (std::uint32_t j = 0; j < i; ++j) {
      CHECK(options.replica_memory[i] != options.replica_memory[j]);
    }
  }
  CHECK(options.log_memory == placement.log_memory());
  CHECK(placed(machine("numa:80 core:1 pu:1")).options().max_replicas == 80);
}

TEST_CASE("memory of replicas serves large and small blocks of any alignment") {
  const Placement placement = placed(machine(kFourNodes));  // bound nowhere, usable all the same
  std::pmr::vector<std::pmr::string> words(placement.memory(ReplicaId{2}));
  for (int i = 0; i < 10'000; ++i) words.emplace_back(100, 'x');
  CHECK(std::ranges::all_of(words, [](const auto& word) { return word.size() == 100; }));
  for (std::pmr::memory_resource* const memory :
       {placement.memory(ReplicaId{0}), placement.log_memory()}) {
    void* const block = memory->allocate(3 << 20, 4096);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 4096 == 0);
    std::memset(block, 1, 3 << 20);
    memory->deallocate(block, 3 << 20, 4096);
  }
  REQUIRE(placement.unbound());
  CHECK(placement.unbound()->code == ENOTSUP);
}

TEST_CASE("copies of a placement share its memory") {
  std::vector<Placement> kept;
  {
    const Placement placement = placed(machine(kFlat));
    kept.push_back(placement);
    CHECK(kept.back().memory(ReplicaId{1}) == placement.memory(ReplicaId{1}));
  }
  void* const block = kept.back().log_memory()->allocate(64);
  std::memset(block, 1, 64);
  kept.back().log_memory()->deallocate(block, 64);
}

// --- making replicas -------------------------------------------------------------------------

std::vector<unsigned> allowed_units() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<unsigned> units;
  for (unsigned i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &allowed)) units.push_back(i);
  }
  return units;
}

// This machine, in as many parts as it can have, up to two.
Placement here() {
  const Topology topology = Topology::discover().value();
  return placed(topology,
                Strategy::exactly(std::min<std::size_t>(2, topology.processing_units().size())));
}

TEST_CASE("a structure is made on a thread bound to the units of its replica") {
  const Placement placement = here();
  const auto before = allowed_units();
  auto make = placement.on_node([](ReplicaId) { return allowed_units(); });
  for (std::uint32_t i = 0; i < placement.replicas(); ++i) {
    std::vector<unsigned> expected;
    for (const auto& unit : placement.units_of(ReplicaId{i})) expected.push_back(unit.os_index);
    std::ranges::sort(expected);
    CHECK(make(ReplicaId{i}) == expected);
  }
  CHECK(allowed_units() == before);
}

TEST_CASE("making on a node passes on the replica and what is made or thrown") {
  const Placement placement = placed(machine(kFourNodes));
  const auto caller = std::this_thread::get_id();
  auto make = placement.on_node([caller](ReplicaId replica) {
    if (replica == ReplicaId{3}) throw std::runtime_error("no room on this node");
    if (std::this_thread::get_id() == caller) throw std::logic_error("on the caller's thread");
    return std::make_unique<std::uint32_t>(std::to_underlying(replica));
  });
  CHECK(*make(ReplicaId{0}) == 0);
  CHECK(*make(ReplicaId{2}) == 2);
  CHECK_THROWS_WITH(make(ReplicaId{3}), "no room on this node");
  CHECK(*make(ReplicaId{1}) == 1);  // and still works
}

TEST_CASE("a copy for a later replica takes the place of a first one") {
  const Placement placement = placed(machine(kFourNodes));
  CHECK(nodes_of(placement, 6) == Nodes{2});
  CHECK(placement.memory(ReplicaId{6}) == placement.memory(ReplicaId{2}));
  auto copy = placement.on_node([](const std::string& original, ReplicaId replica) {
    return original + " " + std::to_string(std::to_underlying(replica));
  });
  const std::string original = "copy for";
  CHECK(copy(original, ReplicaId{6}) == "copy for 6");
}

// --- this machine ----------------------------------------------------------------------------

TEST_CASE("a thread attaches to the replica of its unit") {
  const Topology topology = Topology::discover().value();
  const Placement placement = here();
  for (const ProcessingUnit& unit : topology.processing_units()) {
    ReplicaId nearest{77};
    bool bound = false;
    std::jthread([&] {
      bound = topology.bind_current_thread(unit).has_value();
      nearest = placement.replica_of_calling_thread();
    }).join();
    CHECK(bound);
    CHECK(nearest == placement.replica_of(unit));
  }
  const auto last = static_cast<ReplicaId>(placement.replicas() - 1);
  ReplicaId nearest{77};
  std::jthread([&] {
    if (placement.bind_current_thread(last)) nearest = placement.replica_of_calling_thread();
  }).join();
  CHECK(nearest == last);
  CHECK(placed(machine(kFourNodes)).replica_of_calling_thread() == ReplicaId{0});
}

TEST_CASE("what a replica allocates lies on its node") {
  const Topology topology = Topology::discover().value();
  const Placement placement = placed(topology);
  if (placement.unbound()) {
    WARN("memory cannot be bound here: " << placement.unbound()->message());
    return;
  }
  for (std::uint32_t i = 0; i < placement.replicas(); ++i) {
    const std::pmr::vector<std::byte> data(1 << 20, std::byte{1}, placement.memory(ReplicaId{i}));
    CHECK(quintet::platform::nodes_of(topology, data).value() == nodes_of(placement, i));
  }
}

}  // namespace
