// SPDX-License-Identifier: MIT
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proof/explore/test/programs.hpp"

// Lists changed by compare-exchange: Treiber's stack with its ABA problem, and the list of blocks
// that other threads free, taken as a whole by its owner.
namespace quintet::proof::explore {
namespace {

constexpr FailureKind kHolds = FailureKind::kNone;
constexpr FailureKind kRaces = FailureKind::kDataRace;
constexpr FailureKind kBreaks = FailureKind::kCheck;

enum class Treiber { kAba, kTagged, kHazard, kHazardRelaxed };

// Nodes are numbers from 1; the head holds a number and, above it, a tag.
class Stack {
 public:
  static constexpr std::uint32_t kNodes = 2;
  static constexpr std::uint32_t kTag = 1 << 8;

  explicit Stack(Treiber variant) : variant_(variant) {
    ExploredAtomics::name(head_, "head");
    ExploredAtomics::name(hazard_, "hazard");
    for (std::uint32_t i = 0; i <= kNodes; ++i) ExploredAtomics::name(next_[i], "next", i);
    for (std::uint32_t node = kNodes; node > 0; --node) push(node);
  }

  void push(std::uint32_t node) {
    std::uint32_t head = head_.load(relaxed);
    do {
      next_.at(node).store(node_of(head), relaxed);
    } while (!head_.compare_exchange_weak(head, after(head, node), release, relaxed));
  }

  // The first node, or 0. `protects`: the thread announces what it is about to take.
  std::uint32_t pop(bool protects) {
    std::uint32_t head = head_.load(acquire);
    while (node_of(head) != 0) {
      const std::uint32_t node = node_of(head);
      if (protects && hazards()) {
        hazard_.store(node, hazard_order());
        const std::uint32_t again = head_.load(hazards_strong() ? seq_cst : acquire);
        if (again != head) {
          head = again;
          continue;
        }
      }
      const std::uint32_t next = next_.at(node).load(relaxed);
      if (head_.compare_exchange_strong(head, after(head, next), pop_order(), acquire)) return node;
    }
    return 0;
  }
  // Whether a node that was taken may go into the stack again.
  [[nodiscard]] bool reusable(std::uint32_t node) const {
    return !hazards() || hazard_.load(hazards_strong() ? seq_cst : acquire) != node;
  }

 private:
  static std::uint32_t node_of(std::uint32_t head) { return head % kTag; }
  [[nodiscard]] std::uint32_t after(std::uint32_t head, std::uint32_t node) const {
    return variant_ == Treiber::kTagged ? (head - node_of(head) + kTag) | node : node;
  }
  [[nodiscard]] bool hazards() const { return variant_ >= Treiber::kHazard; }
  [[nodiscard]] bool hazards_strong() const { return variant_ == Treiber::kHazard; }
  [[nodiscard]] std::memory_order hazard_order() const {
    return hazards_strong() ? seq_cst : release;
  }
  [[nodiscard]] std::memory_order pop_order() const { return hazards_strong() ? seq_cst : acq_rel; }

  Treiber variant_;
  Atomic<std::uint32_t> head_{0};
  Atomic<std::uint32_t> hazard_{0};
  std::array<Atomic<std::uint32_t>, kNodes + 1> next_;
};

// One thread takes a node while another takes both and puts the first back.
Program treiber(Treiber variant) {
  return [variant](Run& run) {
    Stack stack(variant);
    std::vector<std::uint32_t> held;
    run.spawn("slow", [&] {
      if (const auto node = stack.pop(true); node != 0) held.push_back(node);
    });
    run.spawn("fast", [&] {
      const std::uint32_t first = stack.pop(false);
      const std::uint32_t second = stack.pop(false);
      if (second != 0) held.push_back(second);
      if (first != 0 && stack.reusable(first)) {
        stack.push(first);
      } else if (first != 0) {
        held.push_back(first);
      }
    });
    run.join();
    std::array<int, Stack::kNodes + 1> seen{};
    for (const std::uint32_t node : held) ++seen.at(node);
    for (int i = 0; i < 4; ++i) {
      if (const auto node = stack.pop(false); node != 0) ++seen.at(node);
    }
    run.check(seen[1] == 1 && seen[2] == 1, "each node is in one place");
  };
}

TEST_CASE("classic: the Treiber stack suffers from ABA unless tagged or guarded") {
  expect_both(kBreaks, "Treiber stack", "ABA", treiber(Treiber::kAba));
  expect_both(kHolds, "Treiber stack", "tagged head", treiber(Treiber::kTagged));
  expect_both(kHolds, "Treiber stack", "hazard pointer", treiber(Treiber::kHazard));
  expect_weak(kBreaks, "Treiber stack", "hazard pointer, acq_rel",
              treiber(Treiber::kHazardRelaxed));
}

enum class Freed { kCorrect, kStoreForExchange, kTwoStepTake, kRelaxedPush, kRelaxedTake };

// Blocks freed by others: pushed one by one, taken all at once by the owner.
class FreedBlocks {
 public:
  explicit FreedBlocks(Freed variant) : variant_(variant) {
    ExploredAtomics::name(head_, "head");
    for (std::size_t i = 0; i < next_.size(); ++i) ExploredAtomics::name(next_[i], "next", i);
  }
  void push(int block) {
    int head = head_.load(relaxed);
    if (variant_ == Freed::kStoreForExchange) {
      next_.at(static_cast<std::size_t>(block)).store(head);
      head_.store(block, release);
      return;
    }
    const auto order = variant_ == Freed::kRelaxedPush ? relaxed : release;
    do {
      next_.at(static_cast<std::size_t>(block)).store(head);
    } while (!head_.compare_exchange_weak(head, block, order, relaxed));
  }
  // Appends what was freed to `blocks`.
  void take(std::vector<int>& blocks) {
    int block = 0;
    if (variant_ == Freed::kTwoStepTake) {
      block = head_.load(acquire);
      head_.store(0, relaxed);
    } else {
      block = head_.exchange(0, variant_ == Freed::kRelaxedTake ? relaxed : acquire);
    }
    for (; block != 0; block = next_.at(static_cast<std::size_t>(block)).load()) {
      blocks.push_back(block);
    }
  }

 private:
  Freed variant_;
  Atomic<int> head_{0};
  std::array<Plain<int>, 5> next_;
};

Program freed_blocks(int pushers, int each, Freed variant) {
  return [=](Run& run) {
    FreedBlocks list(variant);
    std::vector<int> taken;
    for (int p = 0; p < pushers; ++p) {
      run.spawn("pusher" + std::to_string(p), [&list, p, each] {
        for (int i = 1; i <= each; ++i) list.push(p * each + i);
      });
    }
    run.spawn("owner", [&] {
      list.take(taken);
      list.take(taken);
    });
    run.join();
    list.take(taken);
    std::array<int, 5> seen{};
    for (const int block : taken) ++seen.at(static_cast<std::size_t>(block));
    for (std::size_t block = 1; block <= static_cast<std::size_t>(pushers * each); ++block) {
      run.check(seen.at(block) == 1, "each block is taken once");
    }
  };
}

TEST_CASE("classic: a list of freed blocks loses none") {
  expect_both(kHolds, "freed blocks 2x2", kCorrect, freed_blocks(2, 2, Freed::kCorrect));
  expect_both(kHolds, "freed blocks 3x1", kCorrect, freed_blocks(3, 1, Freed::kCorrect));
  const auto mutant = [](Freed variant) { return freed_blocks(2, 1, variant); };
  expect_both(kRaces, "freed blocks 2x1", "store for compare_exchange",
              mutant(Freed::kStoreForExchange));
  expect_both(kBreaks, "freed blocks 2x1", "take in two steps", mutant(Freed::kTwoStepTake));
  expect_both(kRaces, "freed blocks 2x1", "relaxed push", mutant(Freed::kRelaxedPush));
  expect_both(kRaces, "freed blocks 2x1", "relaxed take", mutant(Freed::kRelaxedTake));
}

}  // namespace
}  // namespace quintet::proof::explore
