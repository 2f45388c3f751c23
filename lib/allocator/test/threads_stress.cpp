// SPDX-License-Identifier: MIT
#include <atomic>
#include <cstring>
#include <iostream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/mmap_memory.hpp"
#include "allocator/test/world/audit.hpp"
#include "base/sanitizers.hpp"
#include "testing/catch.hpp"

// Real threads on the core, also under ThreadSanitizer: producers, consumers, threads that come and
// go, and heaps. Contents are checked by whoever frees; at the end everything has come back.
namespace quintet::allocator {
namespace {

constexpr int kRounds = kSanitized ? 20 : 200;
constexpr std::size_t kSlots = 256;
constexpr unsigned kThreads = 4;

struct StressTraits : StandardTraits {
  static constexpr Shape kShape{.region_bytes = kGiB, .growth_bytes = 1 * kMiB};
};
struct HardenedTraits : StressTraits {
  static constexpr Hardening kHardening = Hardening::kParanoid;
};
template <class Traits>
using Stressed = Allocator<MmapMemory, StdAtomics, Traits>;

// What a block holds: its size in every eighth byte's place at both ends.
void mark(std::byte* block, std::size_t size) {
  std::memcpy(block, &size, sizeof size);
  std::memcpy(block + size - sizeof size, &size, sizeof size);
}
bool is_marked(const std::byte* block) {
  std::size_t front = 0, back = 0;
  std::memcpy(&front, block, sizeof front);
  if (front < sizeof front || front > 4 * kMiB) return false;
  std::memcpy(&back, block + front - sizeof back, sizeof back);
  return front == back;
}

template <class A>
class Stress {
 public:
  // Blocks are swapped through shared slots, so that most are freed by another thread.
  void swap_blocks(std::uint64_t seed, int operations) {
    typename A::H* const heap = allocator_->attach();
    std::mt19937_64 random(seed);
    for (int i = 0; i < operations; ++i) {
      std::size_t size = 16 + random() % 500;
      if (random() % 64 == 0) size = 16 + random() % 200'000;
      if (random() % 1024 == 0) size = 16 + random() % (3 * kMiB);
      std::byte* const block = allocator_->allocate(*heap, size);
      if (block == nullptr) {
        ++errors_;
        continue;
      }
      mark(block, size);
      put_away(*heap, slots_[random() % kSlots].exchange(block));
    }
    allocator_->detach(heap);
  }
  void empty() {
    typename A::H* heap = allocator_->attach();
    for (auto& slot : slots_) put_away(*heap, slot.exchange(nullptr));
    allocator_->detach(heap);
    allocator_->pool().collect();
    allocator_->collect(*(heap = allocator_->attach()), true);
    allocator_->detach(heap);
  }

  A& allocator() { return *allocator_; }
  [[nodiscard]] int errors() const { return errors_; }

 private:
  void put_away(typename A::H& heap, std::byte* block) {
    if (block == nullptr) return;
    if (!is_marked(block)) ++errors_;
    allocator_->free(heap, block);
  }

  std::unique_ptr<A> allocator_ = std::make_unique<A>();
  std::array<std::atomic<std::byte*>, kSlots> slots_{};
  std::atomic<int> errors_{0};
};

template <class A>
void check_all_came_back(Stress<A>& stress) {
  stress.empty();
  CHECK(stress.errors() == 0);
  const world::Audit<A> audit(stress.allocator());
  CHECK(audit.error().empty());
  INFO(audit.error());
  CHECK(audit.live().empty());
  std::uint64_t used = 0;
  for (auto& arena : stress.allocator().shared().arenas) used += arena.counts().used_units;
  CHECK(used == 0);
}

template <class A>
void swap_in_threads(Stress<A>& stress) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] { stress.swap_blocks(t + 1, kRounds * 500); });
  }
  for (auto& thread : threads) thread.join();
  check_all_came_back(stress);
}

TEST_CASE("blocks that threads swap stay whole and all come back") {
  Stress<Stressed<StressTraits>> stress;
  swap_in_threads(stress);
}

TEST_CASE("blocks that threads swap come back also if many are sampled") {
  Stress<Stressed<HardenedTraits>> stress;
  stress.allocator().sample_one_in(10);
  swap_in_threads(stress);
  CHECK(stress.allocator().shared().guard_pages.counts().sampled > 0);
  CHECK(stress.allocator().os().errors() == 0);
}

TEST_CASE("threads come and go and hardly more heaps are made than were alive at a time") {
  Stress<Stressed<StressTraits>> stress;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back(
          [&, t] { stress.swap_blocks(static_cast<std::uint64_t>(round) * 10 + t, 200); });
    }
    for (auto& thread : threads) thread.join();
  }
  // A thread that finds a heap being collected makes another.
  CHECK(stress.allocator().pool().made() <= 2 * kThreads);
  check_all_came_back(stress);
}

}  // namespace
}  // namespace quintet::allocator
