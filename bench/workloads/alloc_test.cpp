// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "support.hpp"

// The row alloc-test: each step takes a slot, four of five times one of a fifth of them and so on
// within that fifth, and frees the block there or allocates one. Half of the blocks have at most 8
// bytes, a quarter up to 16, an eighth up to 32, and the last class ends at 1024. Steps and slots
// are divided among the threads.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kSteps = 100'000'000;
constexpr std::uint64_t kSlots = 1U << 18U;
constexpr unsigned kQuantiles = 4096;
constexpr unsigned kMinShift = 3;
constexpr unsigned kMaxShift = 10;

// Which slots lie between two neighbouring quantiles of Pareto's distribution of 80 to 20.
class Pareto {
 public:
  explicit Pareto(std::uint64_t slots) {
    const double exponent = std::log(0.2) / std::log(0.8);
    const auto bound = [&](unsigned quantile) {
      const double place = std::pow(static_cast<double>(quantile) / kQuantiles, exponent);
      return static_cast<std::uint32_t>(place * static_cast<double>(slots - 1));
    };
    for (unsigned i = 0; i < kQuantiles; ++i) {
      parts_.push_back({.first = bound(i), .count = bound(i + 1) - bound(i) + 1});
    }
  }
  [[nodiscard]] std::size_t slot(std::uint64_t word) const {
    const Part& part = parts_[word % kQuantiles];
    return part.first + ((word >> 32U) * part.count >> 32U);
  }

 private:
  struct Part {
    std::uint32_t first;
    std::uint32_t count;
  };
  std::vector<Part> parts_;
};

std::size_t any_size(std::uint64_t word) {
  const auto zeros = static_cast<unsigned>(__builtin_ctzll(word | (1U << (kMaxShift - kMinShift))));
  if (zeros == 0) return 1 + (word >> 32U) % 8;
  const std::size_t below = std::size_t{1} << (kMinShift + zeros - 1);
  return below + 1 + (word >> 32U) % below;
}

struct Slot {
  unsigned char* block = nullptr;
  std::size_t size = 0;
};

std::uint64_t release(Slot& slot) {
  const std::uint64_t first = slot.block[0];
  verify(slot.block[slot.size - 1] == first);
  std::free(slot.block);
  slot.block = nullptr;
  return first + slot.size;
}

Outcome one_thread(std::uint64_t member, std::uint64_t steps, std::uint64_t slot_count) {
  Outcome outcome;
  Random random(member);
  const Pareto pareto(slot_count);
  std::vector<Slot> slots(slot_count);
  for (std::uint64_t step = 0; step < steps; ++step) {
    Slot& slot = slots[pareto.slot(random.next())];
    if (slot.block != nullptr) {
      outcome.checksum += release(slot);
      continue;
    }
    slot.size = any_size(random.next());
    slot.block = checked(static_cast<unsigned char*>(std::malloc(slot.size)));
    std::memset(slot.block, static_cast<int>(step & 0xffU), slot.size);
    ++outcome.operations;
  }
  for (Slot& slot : slots) {
    if (slot.block != nullptr) outcome.checksum += release(slot);
  }
  return outcome;
}

Outcome work(const Flags& flags) {
  const std::uint64_t steps = flags.scaled(kSteps);
  Tally tally;
  run_team(flags.threads, [&](std::uint64_t member) {
    tally.add(member,
              one_thread(member, share(steps, member, flags.threads), kSlots / flags.threads));
  });
  return tally.total();
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"alloc_test", "random slots, most of the time few of them, and mostly small blocks.",
              Threads::kMany, work},
             argc, argv);
}
