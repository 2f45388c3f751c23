// SPDX-License-Identifier: MIT
#include "platform/topology.hpp"

#include <sched.h>

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

TEST_CASE("binding to a unit that does not exist is an error") {
  const Topology topology = Topology::discover().value();
  CHECK_FALSE(topology.bind_current_thread({.os_index = 100000}));
  CHECK(two_nodes().bind_current_thread({.os_index = 0}).error().code == ENOTSUP);
}

}  // namespace
