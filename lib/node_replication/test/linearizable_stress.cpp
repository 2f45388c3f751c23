// SPDX-License-Identifier: MIT
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/structures/counter.hpp"
#include "node_replication/structures/hash_map.hpp"
#include "node_replication/structures/stack.hpp"
#include "testing/catch.hpp"
#include "testing/linearizability.hpp"

// Black-box linearizability (Wing and Gong) of ready-made structures: nothing is used but when
// calls began and ended and what they answered. Windows are short, start from a new object, and are
// many.
namespace quintet::node_replication {
namespace {

// A model and how its operations are carried out, for each structure. `reads` are operations that
// are not a WriteOp.
struct CounterCase {
  using Structure = Counter;
  using State = std::uint64_t;
  struct Operation {
    std::uint64_t add;  // 0: read
  };
  using Answer = std::uint64_t;

  static Operation make(std::mt19937_64& random) { return {random() % 3}; }
  template <class S>
  static Answer carry_out(S& session, const Operation& op) {
    if (op.add != 0) return session.write({.add = op.add});
    return session.read([](const Counter& c) { return c.value(); });
  }
  State initial() const { return 0; }
  bool step(State& state, const Operation& op, const Answer* answer) const {
    state += op.add;
    return answer == nullptr || *answer == state;
  }
  std::uint64_t hash(const State& state) const { return state; }
  bool is_read(const Operation& op) const { return op.add == 0; }
  std::string text(const Operation& op, const Answer* answer) const {
    return "add " + std::to_string(op.add) + " -> " +
           (answer == nullptr ? "?" : std::to_string(*answer));
  }
};

struct MapCase {
  using Structure = HashMap<std::uint64_t, std::uint64_t>;
  using Answer = std::optional<std::uint64_t>;
  using State = Answer;  // of one key
  struct Operation {
    enum class Kind : std::uint8_t { kFind, kPut, kErase } kind;
    std::uint64_t key;
    std::uint64_t value;
  };

  static Operation make(std::mt19937_64& random) {
    return {static_cast<typename Operation::Kind>(random() % 3), random() % 3, random() % 100};
  }
  template <class S>
  static Answer carry_out(S& session, const Operation& op) {
    if (op.kind == Operation::Kind::kPut) return session.write(Structure::put(op.key, op.value));
    if (op.kind == Operation::Kind::kErase) return session.write(Structure::erase(op.key));
    return session.read([&op](const Structure& map) -> Answer {
      const std::uint64_t* found = map.find(op.key);
      return found == nullptr ? Answer() : Answer(*found);
    });
  }
  State initial() const { return std::nullopt; }
  bool step(State& state, const Operation& op, const Answer* answer) const {
    const State before = state;
    if (op.kind == Operation::Kind::kPut) state = op.value;
    if (op.kind == Operation::Kind::kErase) state.reset();
    return answer == nullptr || *answer == before;
  }
  std::uint64_t hash(const State& state) const { return state ? *state : UINT64_MAX; }
  std::uint64_t key(const Operation& op) const { return op.key; }
  bool is_read(const Operation& op) const { return op.kind == Operation::Kind::kFind; }
};

struct StackCase {
  using Structure = Stack<std::uint64_t>;
  using Answer = std::optional<std::uint64_t>;
  using State = std::vector<std::uint64_t>;
  struct Operation {
    enum class Kind : std::uint8_t { kTop, kPush, kPop } kind;
    std::uint64_t value;
  };

  static Operation make(std::mt19937_64& random) {
    return {static_cast<typename Operation::Kind>(random() % 3), random() % 1000};
  }
  template <class S>
  static Answer carry_out(S& session, const Operation& op) {
    if (op.kind == Operation::Kind::kPush) return session.write(Structure::push(op.value));
    if (op.kind == Operation::Kind::kPop) return session.write(Structure::pop());
    return session.read([](const Structure& stack) -> Answer {
      return stack.top() == nullptr ? Answer() : Answer(*stack.top());
    });
  }
  State initial() const { return {}; }
  bool step(State& state, const Operation& op, const Answer* answer) const {
    Answer expected;
    if (op.kind == Operation::Kind::kPush) {
      state.push_back(op.value);
    } else if (!state.empty()) {
      expected = state.back();
      if (op.kind == Operation::Kind::kPop) state.pop_back();
    }
    return answer == nullptr || *answer == expected;
  }
  std::uint64_t hash(const State& state) const {
    std::uint64_t hash = state.size();
    for (const std::uint64_t element : state) hash = testing::internal::mix(hash ^ element);
    return hash;
  }
  bool is_read(const Operation& op) const { return op.kind == Operation::Kind::kTop; }
};

template <class Case>
using HistoryOf = testing::History<typename Case::Operation, typename Case::Answer>;

struct Configuration {
  std::size_t replicas;
  std::uint32_t threads;
  std::size_t log_lines;
};

// Threads that meet before each window, so that its calls overlap; each window has an object.
template <class Case>
std::vector<HistoryOf<Case>> record_windows(Configuration c, std::size_t windows,
                                            std::uint64_t seed) {
  constexpr std::size_t kCallsEach = 6;
  using Replicated = NodeReplicated<typename Case::Structure>;
  std::vector<std::unique_ptr<Replicated>> objects;
  for (std::size_t w = 0; w < windows; ++w) {
    auto made = Replicated::create(
        {.replicas = c.replicas, .max_sessions = c.threads, .log_lines = c.log_lines},
        [](ReplicaId) { return typename Case::Structure(); });
    objects.push_back(std::move(*made));
  }
  std::vector<std::vector<HistoryOf<Case>>> lists(windows, std::vector<HistoryOf<Case>>(c.threads));
  std::atomic<std::size_t> arrived{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < c.threads; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937_64 random(seed * 100 + t);
        for (std::size_t w = 0; w < windows; ++w) {
          auto session = std::move(*objects[w]->attach(static_cast<ReplicaId>(t % c.replicas)));
          arrived.fetch_add(1, std::memory_order_relaxed);
          while (arrived.load(std::memory_order_relaxed) < (w + 1) * c.threads) {
            std::this_thread::yield();
          }
          for (std::size_t i = 0; i < kCallsEach; ++i) {
            const auto op = Case::make(random);
            testing::record_call(lists[w][t], t, op, [&] { return Case::carry_out(session, op); });
          }
        }
      });
    }
  }
  std::vector<HistoryOf<Case>> histories;
  for (auto& list : lists) histories.push_back(testing::join_histories(std::move(list)));
  return histories;
}

template <class Case>
void judge_windows() {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::size_t judged = 0;
  std::size_t overlapping = 0;  // calls
  for (const Configuration c :
       {Configuration{1, 2, 2}, Configuration{2, 2, 2}, Configuration{2, 4, 4},
        Configuration{3, 3, 1024}, Configuration{1, 4, 2}}) {
    for (const auto& history : record_windows<Case>(c, 2500, seed)) {
      const auto judgement = testing::judge_linearizability(Case(), history);
      INFO("replicas " << c.replicas << ", threads " << c.threads << "\n" << judgement.explanation);
      REQUIRE(judgement.outcome == testing::Linearizable::kYes);
      ++judged;
      for (const auto& call : history) {
        for (const auto& other : history) {
          if (other.caller != call.caller && other.began <= call.answered &&
              other.answered >= call.began) {
            ++overlapping;
            break;
          }
        }
      }
    }
  }
  std::cout << "judged " << judged << " windows, " << overlapping << " calls overlapped another\n";
}

TEST_CASE("wing gong counter") { judge_windows<CounterCase>(); }
TEST_CASE("wing gong map") { judge_windows<MapCase>(); }
TEST_CASE("wing gong stack") { judge_windows<StackCase>(); }

}  // namespace
}  // namespace quintet::node_replication
