// SPDX-License-Identifier: MIT
// What runs inside the virtual machine of four NUMA nodes: places a replica on each, and asks the
// kernel where memory and threads really are. Prints lines, and exits with 1 after `bad: WHAT`.
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/placement.hpp"
#include "platform/node_memory.hpp"
#include "platform/thread_team.hpp"

namespace quintet::node_replication {
namespace {

using platform::PinPolicy;
using platform::Topology;

constexpr std::uint32_t kNodes = 4;
constexpr unsigned kUnitsPerNode = 2;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kBytes = 1 << 20;    // so much that malloc maps it afresh
constexpr std::uint64_t kWrites = 10'000;  // of each thread

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::printf("bad: %s\n", what.c_str());
  std::fflush(stdout);
  std::exit(1);
}

void say(const char* what) {
  std::printf("%s.\n", what);
  std::fflush(stdout);
}

std::string on(std::uint32_t node) { return " of node " + std::to_string(node); }

// Whether all pages of `memory`, all of them touched, lie on `node`.
bool lies_on(const Topology& topology, std::span<const std::byte> memory, unsigned node) {
  return platform::nodes_of(topology, memory).value() == std::vector{node};
}

template <class T>
std::span<const std::byte> bytes_of(const T& object) {
  return std::as_bytes(std::span(&object, 1));
}

// A counter with memory in three places: itself, the heap, and a resource.
struct Counter {
  struct WriteOp {
    std::uint64_t add;
  };
  std::uint64_t apply(const WriteOp& op) noexcept { return sum += op.add; }

  std::uint64_t sum = 0;
  std::vector<std::byte> heap;
  std::pmr::vector<std::byte> bound;
};

Topology discovered() {
  Topology topology = Topology::discover().value();
  require(topology.numa_nodes() == kNodes, "not four nodes");
  std::array<unsigned, kNodes> units{};
  for (const auto& unit : topology.processing_units()) ++units.at(unit.numa_node);
  require(std::ranges::all_of(units, [](unsigned n) { return n == kUnitsPerNode; }),
          "nodes without their processing units");
  return topology;
}

// Touched by a thread of the next node, so that it is there unless it is bound.
void check_memory(const Topology& topology, const Placement& placement) {
  for (std::uint32_t node = 0; node < kNodes; ++node) {
    std::pmr::memory_resource& memory = *placement.memory(ReplicaId{node});
    for (const std::size_t bytes : {kPage, 4 * kBytes}) {
      void* const block = memory.allocate(bytes, kPage);
      std::jthread([&] {
        require(placement.bind_current_thread(ReplicaId{(node + 1) % kNodes}).has_value(), "bind");
        std::memset(block, 1, bytes);
      }).join();
      require(lies_on(topology, {static_cast<std::byte*>(block), bytes}, node),
              "a block elsewhere, not" + on(node));
      memory.deallocate(block, bytes, kPage);
    }
  }
}

void check_log_memory(const Topology& topology, const Placement& placement) {
  void* const block = placement.log_memory()->allocate(kBytes, kPage);
  std::memset(block, 1, kBytes);
  std::array<std::size_t, kNodes> pages{};
  for (std::size_t at = 0; at < kBytes; at += kPage) {
    const auto nodes =
        platform::nodes_of(topology, {static_cast<std::byte*>(block) + at, kPage}).value();
    require(nodes.size() == 1, "a page of the log that is nowhere");
    ++pages.at(nodes.front());
  }
  for (const std::size_t count : pages) {
    require(count == kBytes / kPage / kNodes, "the log is not shared out among the nodes");
  }
  placement.log_memory()->deallocate(block, kBytes, kPage);
}

void check_threads(const Topology& topology, const Placement& placement) {
  for (const auto& unit : topology.processing_units()) {
    std::jthread([&] {
      require(topology.bind_current_thread(unit).has_value(), "bind a thread");
      unsigned cpu = 0;
      unsigned node = 0;  // by the kernel
      require(::getcpu(&cpu, &node) == 0 && node == unit.numa_node, "a thread on another node");
      require(placement.replica_of_calling_thread() == ReplicaId{node}, "another node's replica");
    }).join();
  }
}

void check_structure(const Topology& topology, NodeReplicated<Counter>& counters) {
  for (std::uint32_t node = 0; node < kNodes; ++node) {
    auto session = counters.attach(ReplicaId{node}).value();
    session.read([&](const Counter& counter) {
      require(lies_on(topology, bytes_of(counter), node), "the structure is not" + on(node));
      require(lies_on(topology, counter.heap, node), "its heap is not" + on(node));
      require(lies_on(topology, counter.bound, node), "its bound memory is not" + on(node));
    });
  }
}

// All threads write at once, each to the replica of its node; then all replicas agree.
void check_sum(const Topology& topology, const Placement& placement,
               NodeReplicated<Counter>& counters) {
  const auto team =
      platform::ThreadTeam::create(topology, kNodes * kUnitsPerNode, PinPolicy::kFill).value();
  std::array<std::uint64_t, kNodes * kUnitsPerNode> replica_of_member{};
  const auto run = team.run_once([&](std::size_t member) {
    auto session = counters.attach(placement.replica_of_calling_thread()).value();
    replica_of_member.at(member) = std::to_underlying(session.replica());
    for (std::uint64_t i = 0; i < kWrites; ++i) session.write({.add = member + 1});
    return kWrites;
  });
  require(run.has_value(), "the team did not run");
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < team.size(); ++i) {
    expected += (i + 1) * kWrites;
    require(replica_of_member.at(i) == team.units()[i].numa_node, "a member's replica is far");
  }
  counters.sync();
  for (std::uint32_t node = 0; node < kNodes; ++node) {
    auto session = counters.attach(ReplicaId{node}).value();
    const std::uint64_t sum = session.read([](const Counter& counter) { return counter.sum; });
    require(sum == expected, "the sum is " + std::to_string(sum) + on(node));
  }
  std::printf("the sum is %llu on all replicas.\n", static_cast<unsigned long long>(expected));
}

// As a batch scheduler would start us: on some of the units. Narrows the process for good.
void check_cpuset(const Topology& topology, const Placement& whole) {
  const auto units = whole.units_of(ReplicaId{2});
  require(topology.bind_current_thread(units).has_value(), "narrow the cpuset");
  const Topology narrow = Topology::discover().value();
  const Placement placement = Placement::create(narrow).value();
  require(placement.replicas() == 1, "replicas on nodes that the cpuset leaves out");
  const std::pmr::vector<std::byte> data(kBytes, std::byte{1}, placement.memory(ReplicaId{0}));
  require(lies_on(topology, data, 2), "the memory of the cpuset's node is elsewhere");
}

int run() {
  const Topology topology = discovered();
  const Placement placement = Placement::create(topology).value();
  require(placement.replicas() == kNodes, "not a replica for each node");
  const auto unbound = placement.unbound();
  require(!unbound, unbound ? unbound->message() : "");
  check_memory(topology, placement);
  say("blocks lie on the nodes of their replicas");
  check_log_memory(topology, placement);
  say("the log lies on all nodes");
  check_threads(topology, placement);
  say("threads find the replicas of their nodes");

  Options options{.log_lines = 256};  // so that it wraps
  placement.apply_to(options);
  auto counters =
      NodeReplicated<Counter>::create(options, placement.on_node([&](ReplicaId replica) {
        return Counter{.heap = std::vector(kBytes, std::byte{1}),
                       .bound = {kBytes, std::byte{1}, placement.memory(replica)}};
      })).value();
  check_structure(topology, *counters);
  say("structures lie on the nodes of their replicas");
  check_sum(topology, placement, *counters);
  check_cpuset(topology, placement);
  say("a narrow cpuset has one replica, on its node");
  say("all is in its place");
  return 0;
}

}  // namespace
}  // namespace quintet::node_replication

int main() { return quintet::node_replication::run(); }
