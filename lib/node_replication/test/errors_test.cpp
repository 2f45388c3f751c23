// SPDX-License-Identifier: MIT
#include <climits>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/sanitizers.hpp"
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

TEST_CASE("every error says what was refused and what to do instead") {
  for (unsigned code = 0; code <= unsigned(Errc::kBadLogs); ++code) {
    const std::string text = to_string(Error{static_cast<Errc>(code), 4711});
    INFO(text);
    REQUIRE(text.find("4711") != std::string::npos);
    REQUIRE(text.find("unknown") == std::string::npos);
  }
  REQUIRE(to_string(Error{Errc::kBadLogLines, 1}) == "log_lines is 1: use 2 to 2^32");
  REQUIRE(to_string(Error{static_cast<Errc>(99)}) == "unknown error 99");
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

// Throws at a chosen construction, be it by default, a copy or a move.
struct Fussy {
  struct WriteOp {
    std::uint64_t add = 1;
  };
  static inline int alive = 0;
  static inline int constructions_left = INT_MAX;

  Fussy() { construct(); }
  Fussy(Fussy&& other) : value(other.value) { construct(); }
  Fussy(const Fussy& other) : value(other.value) { construct(); }
  ~Fussy() { --alive; }
  std::uint64_t apply(const WriteOp& op) noexcept { return value += op.add; }
  std::uint64_t value = 0;

 private:
  static void construct() {
    if (constructions_left-- == 0) throw std::runtime_error("no");
    ++alive;
  }
};

// Calls what may throw; whether it did.
template <class Exception, class Body>
bool throws(Body body) {
  try {
    body();
  } catch (const Exception&) {
    return true;
  }
  return false;
}

TEST_CASE("a constructor that throws at any time of a creation leaves nothing behind") {
  bool thrown = true;
  int bad = 0;
  for (; thrown; ++bad) {
    CountingMemory memory;
    const Options options{.replicas = 3,
                          .max_sessions = 4,
                          .replica_memory = {&memory, &memory, &memory},
                          .log_memory = &memory};
    Fussy::constructions_left = bad;
    thrown = throws<std::runtime_error>([&] {
      static_cast<void>(NodeReplicated<Fussy>::create(options, [](ReplicaId) { return Fussy(); }));
    });
    REQUIRE(memory.outstanding == 0);
    REQUIRE(Fussy::alive == 0);
  }
  REQUIRE(bad > 6);  // of each replica, one by make() and one into its place
  Fussy::constructions_left = INT_MAX;
}

// Adds a replica to `replicas` while something throws, and sees that all goes on.
template <class Exception>
bool add_though(NodeReplicated<Fussy>& fussy, std::size_t replicas) {
  auto session = std::move(*fussy.attach());
  const std::uint64_t before = session.read([](const Fussy& f) { return f.value; });
  const bool thrown = throws<Exception>([&] { static_cast<void>(fussy.add_replica()); });
  Fussy::constructions_left = INT_MAX;
  const std::size_t expected = replicas + (thrown ? 0 : 1);
  REQUIRE(fussy.replicas() == expected);
  REQUIRE(static_cast<std::size_t>(Fussy::alive) == expected);
  REQUIRE(fussy.attach(static_cast<ReplicaId>(replicas)).has_value() == !thrown);
  for (std::uint64_t i = 1; i <= 30; ++i) REQUIRE(session.write({}) == before + i);
  if (thrown) REQUIRE(fussy.add_replica() == static_cast<ReplicaId>(replicas));
  REQUIRE(session.write({}) == before + 31);
  for (std::uint32_t id = 0; id <= replicas; ++id) {
    auto reader = std::move(*fussy.attach(ReplicaId{id}));
    REQUIRE(reader.read([](const Fussy& f) { return f.value; }) == before + 31);
    REQUIRE(reader.write({.add = 0}) == before + 31);
  }
  return thrown;
}

TEST_CASE("a constructor that throws at any time of an addition changes nothing") {
  for (const std::size_t replicas : {1U, 2U}) {
    bool thrown = true;
    for (int bad = 0; thrown; ++bad) {
      auto made = NodeReplicated<Fussy>::create({.replicas = replicas, .log_lines = 2},
                                                [](ReplicaId) { return Fussy(); });
      Fussy::constructions_left = bad;
      thrown = add_though<std::runtime_error>(**made, replicas);
      REQUIRE((thrown || bad >= 2));  // a copy, and one into its place
    }
  }
  REQUIRE(Fussy::alive == 0);
}

TEST_CASE("memory that runs out at any allocation of an addition changes nothing") {
  for (const std::size_t replicas : {1U, 2U}) {
    bool thrown = true;
    for (std::size_t fails_at = 0; thrown; ++fails_at) {
      CountingMemory memory;
      {
        auto made = NodeReplicated<Fussy>::create({.replicas = replicas,
                                                   .max_sessions = 4,
                                                   .log_lines = 2,
                                                   .replica_memory = {&memory, &memory, &memory},
                                                   .log_memory = &memory},
                                                  [](ReplicaId) { return Fussy(); });
        memory.fails_at = memory.allocations + fails_at;
        thrown = add_though<std::bad_alloc>(**made, replicas);
        REQUIRE((thrown || fails_at >= 2));  // a replica and its slots, and perhaps the log
      }
      REQUIRE(memory.outstanding == 0);
    }
  }
  REQUIRE(Fussy::alive == 0);
}

TEST_CASE("sessions and requests take nothing from the memory of replicas and log") {
  CountingMemory memory;
  auto made = Replicated::create({.replicas = 2,
                                  .max_sessions = 4,
                                  .log_lines = 2,
                                  .replica_memory = {&memory, &memory},
                                  .log_memory = &memory},
                                 kMake);
  memory.fails_at = memory.allocations;
  for (std::uint32_t i = 0; i < 20; ++i) {
    auto session = std::move(*(*made)->attach(ReplicaId{i % 2}));
    std::vector<Counter::WriteOp> ops(20);
    std::vector<std::uint64_t> responses(20);
    session.write(ops, responses);
    session.submit({.add = 1});
    REQUIRE(session.take() == 21 * (i + 1));
  }
  REQUIRE(memory.allocations == memory.fails_at);
}

// An operation whose moves throw as soon as so many have been made.
template <std::size_t kBytes>
struct Hesitant {
  static inline int moves_left = INT_MAX;
  struct WriteOp {
    WriteOp() = default;
    WriteOp(WriteOp&&) {
      if (moves_left-- == 0) throw std::runtime_error("no");
    }
    std::byte bytes[kBytes]{};
  };
  std::uint64_t apply(const WriteOp&) noexcept { return ++count; }
  std::uint64_t count = 0;
};

template <std::size_t kBytes>
void refuse_and_go_on() {
  using H = Hesitant<kBytes>;
  auto made = NodeReplicated<H>::create({.replicas = 2}, [](ReplicaId) { return H(); });
  auto session = std::move(*(*made)->attach());
  H::moves_left = 0;
  REQUIRE(throws<std::runtime_error>([&] { session.submit(typename H::WriteOp()); }));
  H::moves_left = INT_MAX;
  REQUIRE(session.write(typename H::WriteOp()) == 1);
  session.submit(typename H::WriteOp());
  REQUIRE(session.take() == 2);
}

TEST_CASE("an operation that cannot be made ready is not asked for") {
  refuse_and_go_on<8>();    // in the slot
  refuse_and_go_on<100>();  // on the heap
}

TEST_CASE("an operation that cannot be moved into the log ends the process") {
#if QT_TSAN
  WARN("children of a process under ThreadSanitizer are not tried");
#else
  const auto outcome = testing::run_child([] {
    using H = Hesitant<8>;
    auto made = NodeReplicated<H>::create({.replicas = 2}, [](ReplicaId) { return H(); });
    auto session = std::move(*(*made)->attach());
    H::moves_left = 0;
    try {
      session.write(H::WriteOp());
    } catch (const std::runtime_error&) {  // it must not get here
    }
  });
  REQUIRE(outcome.signal == SIGABRT);
#endif
}

[[noreturn]] void give_up() { throw std::runtime_error("apply must not throw"); }

struct Throwing {
  struct WriteOp {};
  void apply(const WriteOp&) { give_up(); }
};

TEST_CASE("an apply that throws ends the process") {
#if QT_TSAN
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
#if !QT_TSAN
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
