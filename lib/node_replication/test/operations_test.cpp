// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node_replication/log.hpp"
#include "node_replication/node_replicated.hpp"
#include "node_replication/test/chain.hpp"
#include "testing/catch.hpp"

// Operations and responses of all shapes: they arrive as they were and end once.
namespace quintet::node_replication {
namespace {

// Its bytes follow from the first one; it is not to be found where it was not aligned.
template <std::size_t kBytes, std::size_t kAlign, bool kCounted>
struct Shape {
  static inline std::int64_t alive = 0;

  struct alignas(kAlign) Plain {
    std::array<std::uint8_t, kBytes> bytes{};
  };
  struct alignas(kAlign) Counted {
    Counted() { ++alive; }
    Counted(Counted&& other) noexcept : bytes(std::exchange(other.bytes, {})) { ++alive; }
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      bytes.fill(0xEE);
      --alive;
    }
    std::array<std::uint8_t, kBytes> bytes{};
  };
  using WriteOp = std::conditional_t<kCounted, Counted, Plain>;

  static WriteOp make(std::uint64_t value) {
    WriteOp op;
    for (std::size_t i = 0; i < kBytes; ++i) op.bytes[i] = static_cast<std::uint8_t>(value + i * 7);
    return op;
  }
  // The first byte, and 256 if something is wrong with the others.
  std::uint64_t apply(const WriteOp& op) noexcept {
    const std::uint64_t first = op.bytes[0];
    bool intact = reinterpret_cast<std::uintptr_t>(&op) % kAlign == 0;
    for (std::size_t i = 0; i < kBytes; ++i) {
      intact = intact && op.bytes[i] == static_cast<std::uint8_t>(first + i * 7);
    }
    log.push_back(static_cast<std::uint8_t>(first));
    return intact ? first : 256;
  }

  std::vector<std::uint8_t> log;
};

// Alone, in a batch and asynchronously, from two replicas in turn.
template <class S, class Session>
std::uint64_t write_all_ways(Session& session, std::uint64_t from) {
  std::uint64_t value = from;
  const auto expected = [&] { return value++ & 0xFF; };
  REQUIRE(session.write(S::make(value)) == (value & 0xFF));
  ++value;
  for (const std::size_t count : {1U, 5U, 20U}) {
    std::vector<typename S::WriteOp> ops;
    ops.reserve(count);
    for (std::size_t i = 0; i < count; ++i) ops.push_back(S::make(value + i));
    std::vector<std::uint64_t> responses(count);
    session.write(ops, responses);
    for (const std::uint64_t response : responses) REQUIRE(response == expected());
  }
  session.submit(S::make(value));
  REQUIRE(session.is_done());
  REQUIRE(session.take() == expected());
  session.submit(S::make(value));
  REQUIRE(session.take() == expected());
  return value;
}

template <std::size_t kBytes, std::size_t kAlign, bool kCounted>
void deliver() {
  using S = Shape<kBytes, kAlign, kCounted>;
  static_assert(sizeof(typename S::WriteOp) == kBytes && alignof(typename S::WriteOp) == kAlign);
  INFO(kBytes << " bytes aligned to " << kAlign);
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t lines : {2U, 8U}) {
      auto made = NodeReplicated<S>::create({.replicas = replicas, .log_lines = lines},
                                            [](ReplicaId) { return S(); });
      auto& shapes = **made;
      auto near = std::move(*shapes.attach());
      auto far = std::move(*shapes.attach(static_cast<ReplicaId>(replicas - 1)));
      std::uint64_t value = 0;
      for (int round = 0; round < 10; ++round) {
        value = write_all_ways<S>(near, value);
        value = write_all_ways<S>(far, value);
      }
      std::vector<std::uint8_t> expected(value);
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = std::uint8_t(i);
      const auto log = [](const S& s) -> const auto& { return s.log; };
      REQUIRE(near.read(log) == expected);
      REQUIRE(far.read(log) == expected);
      near.detach();
      far.detach();
    }
    REQUIRE(S::alive == 0);
  }
}

TEST_CASE("operations of any size and alignment arrive intact") {
  deliver<1, 1, false>();
  deliver<8, 8, false>();
  deliver<48, 8, false>();
  deliver<49, 1, false>();
  deliver<64, 64, false>();
  deliver<200, 8, false>();
  deliver<128, 128, false>();
  deliver<256, 128, false>();
}

TEST_CASE("operations of any size and alignment that can only be moved end exactly once") {
  deliver<1, 1, true>();
  deliver<8, 8, true>();
  deliver<48, 8, true>();
  deliver<49, 1, true>();
  deliver<64, 64, true>();
  deliver<200, 8, true>();
  deliver<128, 128, true>();
  deliver<256, 128, true>();
}

// One replica is behind by `behind` operations when a batch of each size comes.
template <class D>
void batches_of_all_sizes(std::size_t replicas, std::size_t lines, std::size_t behind) {
  auto made = NodeReplicated<D>::create({.replicas = replicas, .log_lines = lines},
                                        [](ReplicaId) { return D(); });
  auto session = std::move(*(*made)->attach());
  auto other = std::move(*(*made)->attach(static_cast<ReplicaId>(replicas - 1)));
  Chain alone;
  std::uint64_t value = 0;
  constexpr std::size_t kPerLine = Log<typename D::WriteOp, StdEnv>::kOpsPerLine;
  for (std::size_t count = 0; count <= 3 * kPerLine; ++count) {
    for (std::size_t i = 0; i < behind; ++i) {
      const auto expected = alone.apply(meaning<D>(++value));
      REQUIRE(other.write(D::make(value)) == expected);
    }
    std::vector<typename D::WriteOp> ops;
    std::vector<std::uint64_t> expected;
    for (std::size_t i = 0; i < count; ++i) {
      ops.push_back(D::make(++value));
      expected.push_back(alone.apply(meaning<D>(value)));
    }
    std::vector<std::uint64_t> responses(count);
    session.write(ops, responses);
    REQUIRE(responses == expected);
  }
  const auto state = [](const D& chain) { return chain.state; };
  REQUIRE(other.read(state) == alone.state);
  REQUIRE(session.read(state) == alone.state);
}

template <class D>
void batches_everywhere() {
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t lines : {2U, 4U, 64U}) {
      for (const std::size_t behind : {0U, 1U, 3U}) {
        batches_of_all_sizes<D>(replicas, lines, behind);
      }
    }
  }
}

TEST_CASE("batches of all sizes around the edges of lines are in order") {
  batches_everywhere<ByteChain>();      // 48 to a line
  batches_everywhere<WideChain<1>>();   // 6
  batches_everywhere<WideChain<2>>();   // 3
  batches_everywhere<WideChain<3>>();   // 2
  batches_everywhere<WideChain<4>>();   // 1
  batches_everywhere<WideChain<25>>();  // a line is longer than a cache line
  batches_everywhere<OwningChain>();
  REQUIRE(OwningChain::Owned::alive == 0);
}

// Answers what can only be moved, and what does not fit into a slot.
template <class Answer>
struct Answering {
  struct WriteOp {
    std::uint64_t value = 0;
  };
  static Answer answer(std::uint64_t value);
  Answer apply(const WriteOp& op) noexcept { return answer(sum += op.value); }
  std::uint64_t sum = 0;
};
template <>
std::unique_ptr<std::uint64_t> Answering<std::unique_ptr<std::uint64_t>>::answer(std::uint64_t v) {
  return std::make_unique<std::uint64_t>(v);
}
template <>
std::array<std::string, 3> Answering<std::array<std::string, 3>>::answer(std::uint64_t v) {
  return {std::string(50, 'a'), std::to_string(v), std::string(v % 40, 'b')};
}

template <class Answer, class Same>
void answer_all_ways(Same same) {
  using A = Answering<Answer>;
  for (const std::size_t replicas : {1U, 2U}) {
    auto made = NodeReplicated<A>::create({.replicas = replicas, .log_lines = 2},
                                          [](ReplicaId) { return A(); });
    auto session = std::move(*(*made)->attach());
    auto other = std::move(*(*made)->attach(static_cast<ReplicaId>(replicas - 1)));
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 100; ++i) {
      REQUIRE(same(session.write({i}), A::answer(sum += i)));
      session.submit({i});
      REQUIRE(same(other.write({i}), A::answer(sum + 2 * i)));
      REQUIRE(same(session.take(), A::answer(sum += i)));
      sum += i;
      std::vector<typename A::WriteOp> ops(i % 20, {i});
      std::vector<Answer> answers(ops.size());
      session.write(ops, answers);
      for (const Answer& answer : answers) REQUIRE(same(answer, A::answer(sum += i)));
    }
    session.submit({1});  // its answer is never taken
  }
}

TEST_CASE("responses that can only be moved or are large come back in all ways") {
  answer_all_ways<std::unique_ptr<std::uint64_t>>(
      [](const auto& a, const auto& b) { return *a == *b; });
  answer_all_ways<std::array<std::string, 3>>([](const auto& a, const auto& b) { return a == b; });
}

TEST_CASE("a read returns references values and nothing") {
  using A = Answering<std::unique_ptr<std::uint64_t>>;
  auto made = NodeReplicated<A>::create({.replicas = 2}, [](ReplicaId) { return A(); });
  auto session = std::move(*(*made)->attach(ReplicaId{1}));
  static_cast<void>(session.write({7}));
  const auto reference = [](const A& a) -> const std::uint64_t& { return a.sum; };
  const auto moved = [](const A& a) { return std::make_unique<std::uint64_t>(a.sum); };
  static_assert(std::is_same_v<decltype(session.read(reference)), const std::uint64_t&>);
  static_assert(std::is_void_v<decltype(session.read([](const A&) {}))>);
  const std::uint64_t& sum = session.read(reference);
  REQUIRE(sum == 7);
  REQUIRE(&sum == &session.read(reference));
  REQUIRE(*session.read(moved) == 7);
  REQUIRE(session.read(&A::sum) == 7);  // whatever can be invoked
  std::uint64_t seen = 0;
  session.read([&seen](const A& a) { seen = a.sum; });
  REQUIRE(seen == 7);
}

TEST_CASE("a session that ends or is replaced finishes what it has submitted") {
  for (const std::size_t replicas : {1U, 2U}) {
    auto made = NodeReplicated<OwningChain>::create(
        {.replicas = replicas, .max_sessions = 2, .log_lines = 2},
        [](ReplicaId) { return OwningChain(); });
    auto& chain = **made;
    Chain alone;
    for (std::uint64_t i = 0; i < 20; ++i) {
      auto session = std::move(*chain.attach());
      session.submit(OwningChain::make(i));
      alone.apply({i});
      if (i % 3 == 0) session.detach();
      if (i % 3 == 1) session = std::move(*chain.attach());
      if (i % 3 == 2) {
        auto heir = std::move(session);
        REQUIRE(!session.is_attached());
        REQUIRE(heir.take() == alone.state);
      }
    }
    REQUIRE(chain.attach(static_cast<ReplicaId>(replicas - 1))->read([](const OwningChain& c) {
      return c.state;
    }) == alone.state);
  }
  REQUIRE(OwningChain::Owned::alive == 0);
}

}  // namespace
}  // namespace quintet::node_replication
