// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "node_replication/test/cells.hpp"
#include "node_replication/test/chain.hpp"
#include "node_replication/test/witness_run.hpp"
#include "testing/catch.hpp"

// Several logs under real threads: what a scan sees of writes whose order is known, and what
// is left when sessions and replicas come and go.
namespace quintet::node_replication {
namespace {

// A row of counters for each writer, which counts in them in turn: so at any time the first ones of
// a row are equal, and the rest are one less.
struct Rows {
  static constexpr std::size_t kWriters = 8;
  static constexpr std::size_t kWidth = 7;  // no divisor in common with the logs
  struct WriteOp {
    std::size_t writer = 0;
    std::uint64_t step = 0;
  };
  static std::size_t key_of(const WriteOp& op) { return op.writer + op.step % kWidth; }

  Rows() = default;
  Rows(const Rows& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = other.counts[i].load();
  }
  std::uint64_t apply(const WriteOp& op) noexcept {
    auto& count = counts[op.writer * kWidth + op.step % kWidth];
    const std::uint64_t next = count.load(std::memory_order_relaxed) + 1;
    count.store(next, std::memory_order_relaxed);
    return next;
  }
  [[nodiscard]] std::uint64_t at(std::size_t writer, std::uint64_t step) const {
    return counts[writer * kWidth + step % kWidth].load(std::memory_order_relaxed);
  }
  // How many steps of each writer have been done; UINT64_MAX if they are not its first ones.
  [[nodiscard]] std::array<std::uint64_t, kWriters> steps() const {
    std::array<std::uint64_t, kWriters> all{};
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < kWidth; ++i) sum += at(writer, i);
      all[writer] = sum;
      for (std::size_t i = 0; i < kWidth; ++i) {
        if (at(writer, i) != (sum + kWidth - 1 - i) / kWidth) all[writer] = UINT64_MAX;
      }
    }
    return all;
  }

  std::array<std::atomic<std::uint64_t>, kWriters * kWidth> counts{};
};

struct Plan {
  std::size_t replicas;
  std::size_t logs;
  std::size_t log_lines;
  bool changes = false;  // sessions and replicas come and go
};

class Counting {
 public:
  Counting(const Plan& plan, std::uint64_t steps)
      : plan_(plan),
        steps_(steps),
        replicated_(
            make_concurrent<Rows, WitnessEnv>({.replicas = plan.replicas,
                                               .max_replicas = plan.replicas + 2,
                                               .max_sessions = Rows::kWriters + kScanners + 1,
                                               .log_lines = plan.log_lines},
                                              plan.logs)) {}

  // Empty, or what is wrong.
  std::string operator()() {
    {
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < Rows::kWriters; ++t)
        threads.emplace_back([this, t] { count(t); });
      for (std::size_t t = 0; t < kScanners; ++t) threads.emplace_back([this, t] { scan(t); });
      std::mt19937_64 random(steps_);
      watchdog_.watch([&] {
        for (int i = 0; i < 20 && plan_.changes; ++i) change(random);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      });
    }
    for (const std::string& wrong : wrong_) {
      if (!wrong.empty()) return wrong;
    }
    return not_converged();
  }
  [[nodiscard]] std::uint64_t scans() const { return scans_; }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  using Replicated = ConcurrentNodeReplicated<Rows, WitnessEnv>;
  static constexpr std::size_t kScanners = 2;
  static constexpr std::uint64_t kStepsPerScan = 16;  // of each writer: they meet

  Replicated::Session attach(std::mt19937_64& random) {
    if (plan_.changes) {
      auto elsewhere = replicated_->attach(static_cast<ReplicaId>(random() % (plan_.replicas + 2)));
      if (elsewhere) return *std::move(elsewhere);
    }
    return std::move(*replicated_->attach(static_cast<ReplicaId>(random() % plan_.replicas)));
  }

  void count(std::size_t writer) {
    std::mt19937_64 random(writer);
    auto session = attach(random);
    std::string& wrong = wrong_[writer];
    for (std::uint64_t step = 0; step < steps_; ++step) {
      if (plan_.changes && step % 64 == 63) {
        session.detach();
        session = attach(random);
      }
      const std::uint64_t count = step / Rows::kWidth + 1;
      if (session.write({writer, step}) != count) wrong = "a writer was answered wrongly";
      // Of another writer's row in this session's replica: in the order of that writer's steps.
      const std::size_t other = (writer + 1) % Rows::kWriters;
      const auto read = [&](std::uint64_t other_step) {
        return session.read(Rows::key_of({other, other_step}),
                            [&](const Rows& rows) { return rows.at(other, other_step); });
      };
      if (step % 4 == 0) {
        const std::uint64_t later = read(step + 1);
        if (read(step) + (step % Rows::kWidth == Rows::kWidth - 1 ? 1 : 0) < later) {
          wrong = "a read saw a step and a later read not the one before it";
        }
      }
      done_[writer].store(step + 1, std::memory_order_release);
      while (scans_.load(std::memory_order_relaxed) < step / kStepsPerScan) {
        std::this_thread::yield();
      }
      watchdog_.step(writer);
    }
    session.detach();
    left_.fetch_sub(1, std::memory_order_release);
    watchdog_.finish(writer);
  }

  void scan(std::size_t scanner) {
    std::mt19937_64 random(scanner + 100);
    auto session = attach(random);
    std::string& wrong = wrong_[Rows::kWriters + scanner];
    std::array<std::uint64_t, Rows::kWriters> least{};
    while (left_.load(std::memory_order_acquire) > 0) {
      for (std::size_t i = 0; i < least.size(); ++i) {
        least[i] = std::max(least[i], done_[i].load(std::memory_order_acquire));
      }
      const auto seen = session.scan([&wrong](const Rows& rows) {
        const auto first = rows.steps();
        std::this_thread::yield();
        const auto second = rows.steps();
        if (first != second) wrong = "somebody wrote during a scan";
        return second;
      });
      for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] == UINT64_MAX) wrong = "a scan saw a step and not the one before it";
        if (seen[i] < least[i]) wrong = "a scan saw less than was done, or than the one before";
        least[i] = seen[i];
      }
      scans_.fetch_add(1, std::memory_order_relaxed);
      watchdog_.step(Rows::kWriters + scanner);
      if (random() % 16 == 0) {
        session.detach();
        session = attach(random);
      }
      std::this_thread::yield();
    }
    session.detach();
    watchdog_.finish(Rows::kWriters + scanner);
  }

  void change(std::mt19937_64& random) {
    const auto copy = [](const Rows& rows, ReplicaId) { return Rows(rows); };
    const auto id = static_cast<ReplicaId>(plan_.replicas + random() % 2);
    if (random() % 4 == 0 ? replicated_->add_replica(copy).has_value()
                          : replicated_->remove_replica(id).has_value()) {
      ++changes_;
    }
    if (random() % 4 == 0) replicated_->sync();
  }

  std::string not_converged() {
    std::size_t replicas = 0;
    for (std::uint32_t id = 0; id < plan_.replicas + 2; ++id) {
      auto session = replicated_->attach(ReplicaId{id});
      if (!session) continue;
      ++replicas;
      for (const std::uint64_t done :
           session->scan([](const Rows& rows) { return rows.steps(); })) {
        if (done != steps_) return "replica " + std::to_string(id) + " has not all steps";
      }
    }
    return replicas == replicated_->replicas() ? "" : "not every replica takes sessions";
  }

  Plan plan_;
  std::uint64_t steps_;
  std::unique_ptr<Replicated> replicated_;
  Watchdog watchdog_{Rows::kWriters + kScanners};
  std::array<std::string, Rows::kWriters + kScanners> wrong_{};
  std::array<std::atomic<std::uint64_t>, Rows::kWriters> done_{};
  std::atomic<std::size_t> left_{Rows::kWriters};
  std::atomic<std::uint64_t> scans_{0};
  std::uint64_t changes_ = 0;
};

void count_all(const Plan& plan, std::uint64_t steps) {
  Counting counting(plan, steps);
  const std::string wrong = counting();
  INFO("replicas " << plan.replicas << ", logs " << plan.logs << ", lines " << plan.log_lines
                   << ": " << wrong);
  REQUIRE(wrong.empty());
  REQUIRE(counting.scans() >= steps / 16 - 1);
  if (plan.changes) REQUIRE(counting.changes() > 0);
  std::cout << counting.scans() << " scans, " << counting.changes() << " changes\n";
}

TEST_CASE("scans of several logs see no write without the ones before it") {
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t logs : {1U, 3U, 8U}) count_all({replicas, logs, 2}, 10'000);
  }
  count_all({2, 4, 1024}, 20'000);
}

TEST_CASE("sessions and replicas of several logs come and go while others write") {
  for (const std::size_t replicas : {1U, 2U}) {
    for (const std::size_t logs : {2U, 5U}) count_all({replicas, logs, 4, true}, 15'000);
  }
}

// Half-removed replicas: sessions end just when their replica is removed.
TEST_CASE("a replica of several logs is removed from all of them or from none") {
  const auto rows =
      make_concurrent<Rows, WitnessEnv>({.replicas = 1, .max_replicas = 2, .log_lines = 2}, 8);
  const auto copy = [](const Rows& original, ReplicaId) { return Rows(original); };
  constexpr int kRounds = 400;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> sessions{0};
  std::jthread visitor([&] {
    while (!over.load(std::memory_order_relaxed)) {
      if (rows->attach(ReplicaId{1})) sessions.fetch_add(1, std::memory_order_relaxed);
    }
  });
  int wrong = 0;
  for (int round = 0; round < kRounds && wrong == 0; ++round) {
    if (rows->add_replica(copy) != ReplicaId{1}) ++wrong;
    const auto before = sessions.load(std::memory_order_relaxed);
    while (sessions.load(std::memory_order_relaxed) == before) std::this_thread::yield();
    for (auto removed = rows->remove_replica(ReplicaId{1}); !removed && wrong == 0;
         removed = rows->remove_replica(ReplicaId{1})) {
      if (removed.error().code != Errc::kSessionsAttached) ++wrong;
    }
  }
  over = true;
  visitor.join();
  REQUIRE(wrong == 0);
  REQUIRE(rows->replicas() == 1);
}

}  // namespace
}  // namespace quintet::node_replication
