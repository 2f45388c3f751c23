// SPDX-License-Identifier: MIT
#include "platform/topology.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "testing/catch.hpp"

namespace {

using namespace quintet::platform;

using Numbers = std::vector<unsigned>;

// Two nodes of two cores of two threads: units 0 1 | 2 3 in node 0, 4 5 | 6 7 in node 1.
Topology two_nodes() { return Topology::synthetic("pack:2 [numa] core:2 pu:2").value(); }

Numbers placed(const Topology& topology, PinPolicy policy, std::size_t threads) {
  Numbers numbers;
  const auto units = topology.placement(policy, threads).value();
  for (const auto& unit : units) numbers.push_back(unit.os_index);
  return numbers;
}

TEST_CASE("a synthetic machine has the described shape") {
  const Topology topology = two_nodes();
  CHECK(topology.processing_units().size() == 8);
  CHECK(topology.cores() == 4);
  CHECK(topology.numa_nodes() == 2);
  const auto& last = topology.processing_units().back();
  CHECK(last.core == 3);
  CHECK(last.numa_node == 1);
  CHECK(last.thread_of_core == 1);
}

TEST_CASE("compact fills cores then nodes") {
  CHECK(placed(two_nodes(), PinPolicy::kCompact, 5) == Numbers{0, 1, 2, 3, 4});
}

TEST_CASE("scatter alternates nodes then cores and shares cores last") {
  CHECK(placed(two_nodes(), PinPolicy::kScatter, 8) == Numbers{0, 4, 2, 6, 1, 5, 3, 7});
}

TEST_CASE("one per core never shares a core") {
  CHECK(placed(two_nodes(), PinPolicy::kOnePerCore, 4) == Numbers{0, 2, 4, 6});
  CHECK(two_nodes().placement(PinPolicy::kOnePerCore, 5).error().code == EINVAL);
}

// The machine of the paper's figure: 4 nodes of 24 cores of 2 threads.
constexpr const char* kFourNodes = "pack:4 [numa] l3:1 l2:24 core:1 pu:2";

TEST_CASE("fill takes first threads node by node and then second threads") {
  CHECK(placed(two_nodes(), PinPolicy::kFill, 9) == Numbers{0, 2, 4, 6, 1, 3, 5, 7, 0});
  const Topology machine = Topology::synthetic(kFourNodes).value();
  const auto units = machine.placement(PinPolicy::kFill, 192).value();
  for (unsigned i = 0; i < 192; ++i) {
    INFO("thread " << i);
    CHECK(units[i].core == i % 96);
    CHECK(units[i].numa_node == i % 96 / 24);
    CHECK(units[i].thread_of_core == i / 96);
  }
}

TEST_CASE("policies go by place and not by the kernel's numbers") {
  // As the kernel numbers a machine of 4 packages: 0 and 96 share a core, and so do 4 and 100.
  const Topology machine =
      Topology::synthetic("pack:4 [numa] l3:1 core:24 pu:2(indexes=pack:core)").value();
  CHECK(placed(machine, PinPolicy::kCompact, 4) == Numbers{0, 96, 4, 100});
  CHECK(placed(machine, PinPolicy::kScatter, 5) == Numbers{0, 1, 2, 3, 4});
  CHECK(placed(machine, PinPolicy::kFill, 4) == Numbers{0, 4, 8, 12});
  CHECK(placed(machine, PinPolicy::kFill, 25).back() == 1);
  CHECK(placed(machine, PinPolicy::kFill, 97).back() == 96);
}

TEST_CASE("units know their L3 cache or else their node") {
  const Topology shared = Topology::synthetic("pack:1 [numa] l3:2 core:2 pu:1").value();
  Numbers caches;
  for (const auto& unit : shared.processing_units()) caches.push_back(unit.l3_cache);
  CHECK(caches == Numbers{0, 0, 1, 1});
  CHECK(two_nodes().processing_units().back().l3_cache == 1);
}

TEST_CASE("a machine without NUMA objects is one node") {
  const Topology machine = Topology::synthetic("pack:2 core:4 pu:1").value();
  CHECK(machine.numa_nodes() == 1);
  CHECK(std::ranges::all_of(machine.processing_units(),
                            [](const ProcessingUnit& unit) { return unit.numa_node == 0; }));
}

TEST_CASE("a restricted machine has only the named units") {
  const Topology machine = two_nodes();
  const auto& all = machine.processing_units();
  const Topology part = machine.restricted_to(std::vector{all[1], all[4], all[5]}).value();
  CHECK(placed(part, PinPolicy::kCompact, 3) == Numbers{1, 4, 5});
  CHECK(placed(part, PinPolicy::kFill, 3) == Numbers{1, 4, 5});
  CHECK(part.cores() == 2);
  CHECK(part.processing_units()[1].numa_node == 1);
  CHECK(part.processing_units()[2].thread_of_core == 1);
  CHECK(machine.processing_units().size() == 8);
  CHECK(machine.restricted_to({}).error().code == EINVAL);
  CHECK(part.restricted_to(std::vector{all[2]}).error().code == EINVAL);
}

TEST_CASE("more threads than units start over") {
  CHECK(placed(two_nodes(), PinPolicy::kCompact, 10) == Numbers{0, 1, 2, 3, 4, 5, 6, 7, 0, 1});
}

TEST_CASE("no threads and no sense are errors") {
  CHECK(two_nodes().placement(PinPolicy::kCompact, 0).error().code == EINVAL);
  CHECK(Topology::synthetic("two cores please").error().code == EINVAL);
}

// Narrows the process to its first allowed unit for as long as it lives.
class NarrowCpuset {
 public:
  NarrowCpuset() {
    REQUIRE(::sched_getaffinity(0, sizeof before_, &before_) == 0);
    while (!CPU_ISSET(unit_, &before_)) ++unit_;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(unit_, &one);
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  }
  ~NarrowCpuset() { ::sched_setaffinity(0, sizeof before_, &before_); }
  [[nodiscard]] unsigned unit() const { return static_cast<unsigned>(unit_); }

 private:
  cpu_set_t before_{};
  int unit_ = 0;
};

TEST_CASE("only units of the cpuset are seen") {
  const NarrowCpuset narrow;
  const Topology topology = Topology::discover().value();
  REQUIRE(topology.processing_units().size() == 1);
  CHECK(topology.processing_units()[0].os_index == narrow.unit());
}

TEST_CASE("a bound thread runs on its unit") {
  const Topology topology = Topology::discover().value();
  for (const auto& unit : topology.processing_units()) {
    bool bound = false;
    int landed_on = -1;
    std::jthread([&] {
      bound = topology.bind_current_thread(unit).has_value();
      landed_on = ::sched_getcpu();
    }).join();
    CHECK(bound);
    CHECK(landed_on == static_cast<int>(unit.os_index));
  }
}

TEST_CASE("a thread knows its unit") {
  const Topology topology = Topology::discover().value();
  CHECK(topology.is_this_system());
  for (const auto& unit : topology.processing_units()) {
    std::optional<ProcessingUnit> seen;
    std::jthread([&] {
      if (topology.bind_current_thread(unit)) seen = topology.current_unit();
    }).join();
    REQUIRE(seen);
    CHECK(seen->os_index == unit.os_index);
    CHECK(seen->core == unit.core);
  }
  CHECK_FALSE(two_nodes().is_this_system());
  CHECK_FALSE(two_nodes().current_unit());
}

// What a thread on `unit` of this machine sees in `seen_by`.
std::optional<ProcessingUnit> seen_on(const ProcessingUnit& unit, const Topology& all,
                                      const Topology& seen_by) {
  std::optional<ProcessingUnit> seen;
  bool bound = false;
  std::jthread([&] {
    bound = all.bind_current_thread(unit).has_value();
    seen = seen_by.current_unit();
  }).join();
  CHECK(bound);
  return seen;
}

TEST_CASE("a thread on a unit outside the topology has none") {
  const Topology all = Topology::discover().value();
  const std::span units = all.processing_units();
  if (units.size() < 2) return;
  CHECK_FALSE(seen_on(units.back(), all, all.restricted_to(units.first(1)).value()));
  CHECK_FALSE(seen_on(units.front(), all, all.restricted_to(units.last(1)).value()));
}

TEST_CASE("a thread bound to several units runs on one of them") {
  const Topology topology = Topology::discover().value();
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::jthread([&] {
    if (!topology.bind_current_thread(topology.processing_units())) return;
    ::sched_getaffinity(0, sizeof allowed, &allowed);
  }).join();
  for (const auto& unit : topology.processing_units()) CHECK(CPU_ISSET(unit.os_index, &allowed));
  CHECK(topology.bind_current_thread(std::span<const ProcessingUnit>()).error().code == EINVAL);
}

TEST_CASE("binding to a unit that does not exist is an error") {
  const Topology topology = Topology::discover().value();
  CHECK_FALSE(topology.bind_current_thread({.os_index = 100000}));
  CHECK(two_nodes().bind_current_thread({.os_index = 0}).error().code == ENOTSUP);
}

}  // namespace
