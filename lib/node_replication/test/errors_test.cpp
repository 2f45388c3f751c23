// SPDX-License-Identifier: MIT
#include <cstdint>
#include <new>
#include <stdexcept>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/structures/counter.hpp"
#include "node_replication/test/counting_memory.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

// What is refused, with which code and number, and that it changes nothing.
namespace quintet::node_replication {
namespace {

using Replicated = NodeReplicated<Counter>;
constexpr auto kMake = [](ReplicaId) { return Counter(); };

Error refusal(const Options& options) {
  const auto made = Replicated::create(options, kMake);
  REQUIRE(!made.has_value());
  return made.error();
}

TEST_CASE("options out of range are refused by name and number") {
  REQUIRE(refusal({.replicas = 0}) == Error{Errc::kBadReplicas, 0});
  REQUIRE(refusal({.replicas = 3, .max_replicas = 2}) == Error{Errc::kBadReplicas, 3});
  REQUIRE(refusal({.max_replicas = 0}) == Error{Errc::kBadMaxReplicas, 0});
  REQUIRE(refusal({.max_replicas = 65}) == Error{Errc::kBadMaxReplicas, 65});
  REQUIRE(refusal({.max_sessions = 0}) == Error{Errc::kBadMaxSessions, 0});
  REQUIRE(refusal({.max_sessions = 65'537}) == Error{Errc::kBadMaxSessions, 65'537});
  REQUIRE(refusal({.log_lines = 1}) == Error{Errc::kBadLogLines, 1});
  const std::size_t huge = (std::size_t{1} << 32) + 1;
  REQUIRE(refusal({.log_lines = huge}) == Error{Errc::kBadLogLines, huge});
}

TEST_CASE("sessions beyond the limit and of unknown replicas are refused") {
  auto made = Replicated::create({.replicas = 2, .max_sessions = 2}, kMake);
  auto& counter = **made;
  REQUIRE(counter.attach(ReplicaId{2}).error() == Error{Errc::kNoSuchReplica, 2});
  REQUIRE(counter.attach(ReplicaId{4'000'000'000}).error().code == Errc::kNoSuchReplica);
  auto first = counter.attach(ReplicaId{1});
  auto second = counter.attach(ReplicaId{1});
  REQUIRE(counter.attach(ReplicaId{1}).error() == Error{Errc::kTooManySessions, 2});
  REQUIRE(counter.attach(ReplicaId{0}).has_value());  // and detached again
  first->detach();
  REQUIRE(!first->is_attached());
  auto third = counter.attach(ReplicaId{1});
  REQUIRE(third.has_value());
  REQUIRE(third->write({.add = 1}) == 1);
}

TEST_CASE("replicas beyond the limit and the removal of what is in use are refused") {
  auto made = Replicated::create({.replicas = 1, .max_replicas = 2}, kMake);
  auto& counter = **made;
  REQUIRE(counter.remove_replica(ReplicaId{0}).error() == Error{Errc::kLastReplica, 0});
  REQUIRE(counter.add_replica() == ReplicaId{1});
  REQUIRE(counter.add_replica().error() == Error{Errc::kTooManyReplicas, 2});
  REQUIRE(counter.remove_replica(ReplicaId{5}).error() == Error{Errc::kNoSuchReplica, 5});
  {
    auto session = counter.attach(ReplicaId{1});
    REQUIRE(counter.remove_replica(ReplicaId{1}).error() == Error{Errc::kSessionsAttached, 1});
    REQUIRE(session->write({.add = 2}) == 2);  // it goes on
    REQUIRE(counter.attach(ReplicaId{1}).has_value());
  }
  REQUIRE(counter.remove_replica(ReplicaId{1}).has_value());
  REQUIRE(counter.attach(ReplicaId{1}).error() == Error{Errc::kNoSuchReplica, 1});
  REQUIRE(counter.replicas() == 1);
  REQUIRE(counter.add_replica() == ReplicaId{1});  // the id comes again
  REQUIRE(counter.attach(ReplicaId{1})->read([](const Counter& c) { return c.value(); }) == 2);
}

struct Tracked {
  struct WriteOp {};
  static inline int alive = 0;
  Tracked() { ++alive; }
  Tracked(Tracked&&) noexcept { ++alive; }
  Tracked(const Tracked&) { ++alive; }
  ~Tracked() { --alive; }
  void apply(const WriteOp&) {}
};

TEST_CASE("a throwing make leaves nothing behind") {
  CountingMemory memory;
  const Options options{.replicas = 3,
                        .max_sessions = 4,
                        .replica_memory = {&memory, &memory, &memory},
                        .log_memory = &memory};
  for (std::uint32_t bad = 0; bad < 3; ++bad) {
    const auto make = [bad](ReplicaId id) {
      if (id == ReplicaId{bad}) throw std::runtime_error("no");
      return Tracked();
    };
    REQUIRE_THROWS_AS(NodeReplicated<Tracked>::create(options, make), std::runtime_error);
    REQUIRE(memory.outstanding == 0);
    REQUIRE(Tracked::alive == 0);
  }
}

TEST_CASE("memory that runs out at any allocation of a creation leaves nothing behind") {
  for (std::size_t fails_at = 0;; ++fails_at) {
    CountingMemory memory;
    memory.fails_at = fails_at;
    const Options options{.replicas = 2,
                          .max_sessions = 4,
                          .replica_memory = {&memory, &memory},
                          .log_memory = &memory};
    bool thrown = false;
    try {
      auto made = NodeReplicated<Tracked>::create(options, [](ReplicaId) { return Tracked(); });
      REQUIRE(made.has_value());
      REQUIRE(memory.outstanding > 0);
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    REQUIRE(memory.outstanding == 0);
    REQUIRE(Tracked::alive == 0);
    if (!thrown) {
      REQUIRE(fails_at >= 3);  // two replicas and a log
      break;
    }
  }
}

TEST_CASE("a copy that throws changes nothing") {
  auto made = NodeReplicated<Tracked>::create({.replicas = 1}, [](ReplicaId) { return Tracked(); });
  auto& replicated = **made;
  auto session = replicated.attach();
  const auto refuse = [](const Tracked&, ReplicaId) -> Tracked { throw std::runtime_error("no"); };
  REQUIRE_THROWS_AS(replicated.add_replica(refuse), std::runtime_error);
  REQUIRE(replicated.replicas() == 1);
  session->write({});
  REQUIRE(replicated.add_replica() == ReplicaId{1});
  REQUIRE(replicated.replicas() == 2);
  REQUIRE(Tracked::alive == 2);
  session->detach();
  made->reset();
  REQUIRE(Tracked::alive == 0);
}

[[noreturn]] void give_up() { throw std::runtime_error("apply must not throw"); }

struct Throwing {
  struct WriteOp {};
  void apply(const WriteOp&) noexcept { give_up(); }
};

TEST_CASE("an apply that is noexcept and throws ends the process") {
#if defined(__SANITIZE_THREAD__)
  WARN("children of a process under ThreadSanitizer are not tried");
#else
  const auto outcome = testing::run_child([] {
    auto made = NodeReplicated<Throwing>::create({}, [](ReplicaId) { return Throwing(); });
    (*made)->attach()->write({});
  });
  REQUIRE(outcome.signal == SIGABRT);
#endif
}

TEST_CASE("an object that ends before its sessions ends the process") {
#if !defined(__SANITIZE_THREAD__)
  const auto outcome = testing::run_child([] {
    auto made = Replicated::create({}, kMake);
    auto session = (*made)->attach();
    made->reset();
  });
  REQUIRE(outcome.signal == SIGABRT);
  REQUIRE(outcome.error_output.find("sessions end before") != std::string::npos);
#endif
}

}  // namespace
}  // namespace quintet::node_replication
