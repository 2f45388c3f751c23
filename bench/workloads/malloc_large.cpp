// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <random>

#include "support.hpp"

// The row malloc-large: blocks of 5 to 25 MiB, zeroed when they are made, take turns in 20 slots.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kBlocks = 2000;
constexpr std::size_t kSlots = 20;
constexpr std::size_t kMinSize = 5U << 20U;
constexpr std::size_t kMaxSize = 25U << 20U;
constexpr std::size_t kStride = 4096;  // between bytes that are looked at

struct Slot {
  std::unique_ptr<char[]> block;
  std::size_t size = 0;
  std::uint64_t number = 0;
};

// Every 4096th byte has been zero, and has then become the block's number.
std::uint64_t look_at(const Slot& slot) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < slot.size; at += kStride) {
    sum += static_cast<unsigned char>(slot.block[at]);
  }
  verify(sum == (slot.size + kStride - 1) / kStride * (slot.number & 0xffU));
  return mix(slot.size) + sum;
}

Outcome work(const Flags& flags) {
  Outcome outcome;
  std::array<Slot, kSlots> slots;
  std::mt19937 random(42);
  std::uniform_int_distribution<std::size_t> slot_of(0, kSlots - 1);
  std::uniform_int_distribution<std::size_t> size_of(kMinSize, kMaxSize);
  outcome.operations = flags.scaled(kBlocks);
  for (std::uint64_t number = 1; number <= outcome.operations; ++number) {
    Slot& slot = slots.at(slot_of(random));
    if (slot.block != nullptr) outcome.checksum += look_at(slot);
    slot.size = size_of(random);
    slot.number = number;
    slot.block = std::make_unique<char[]>(slot.size);
    for (std::size_t at = 0; at < slot.size; at += kStride) {
      verify(slot.block[at] == 0);
      slot.block[at] = static_cast<char>(number);
    }
  }
  for (const Slot& slot : slots) {
    if (slot.block != nullptr) outcome.checksum += look_at(slot);
  }
  return outcome;
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"malloc_large", "zeroed blocks of 5 to 25 MiB in 20 slots.", Threads::kOne, work},
             argc, argv);
}
