// SPDX-License-Identifier: MIT
#include <functional>
#include <map>

#include "page_table/test/property/property.hpp"
#include "testing/catch.hpp"

// T01: for each operation that takes frames, each configuration and several states of the table:
// the allocation fails at every k in turn, once or from then on, and memory stays bit-identical.
namespace quintet::page_table::world {
namespace {

using spec::kLarge;
using spec::kMedium;
using spec::kSmall;
constexpr std::uint64_t kEdge = 0x0000'0080'0000'0000;  // 512 GiB: every level changes here

Op operation(Do what, std::uint64_t va, std::uint64_t size, std::uint64_t bytes = 0) {
  Op op;
  op.what = what;
  op.va = va;
  op.pa = 0x40'0000'0000 + (va & (kLarge - 1));
  op.size = size;
  op.bytes = bytes;
  op.flags = 0x6;
  return op;
}

std::vector<Op> operations() {
  std::vector<Op> all = {
      operation(Do::kMap, 3 * kEdge + 7 * kSmall, kSmall),
      operation(Do::kMap, 3 * kEdge + kMedium, kMedium),
      operation(Do::kMap, 3 * kEdge + kLarge, kLarge),
      operation(Do::kMapRange, 2 * kEdge - kSmall, kSmall, 2 * kSmall),
      operation(Do::kMapRange, 4 * kEdge - 2 * kMedium - kSmall, kSmall, 4 * kMedium),
      operation(Do::kMapRange, 4 * kEdge - kMedium - kSmall, kMedium, 3 * kMedium + 3 * kSmall),
      operation(Do::kMapRange, 4 * kEdge - kLarge - kMedium - kSmall, kLarge, 2 * kLarge),
      operation(Do::kSplit, 5 * kEdge + 9 * kSmall, kSmall),
      operation(Do::kSplit, 5 * kEdge + kLarge + 9 * kSmall, kSmall),
  };
  Op batch = operation(Do::kMapBatch, 0, kSmall);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t va = 6 * kEdge + i % 3 * kEdge + i % 5 * kLarge + i % 7 * kMedium;
    batch.batch.push_back({va + i * kSmall, {0x1000 * i, kSmall, 0x6}});
  }
  all.push_back(batch);
  return all;
}

// A table in some state: pages of each size to split, then random operations, some of which leave
// tables retired where invalidation is deferred.
struct Scene {
  std::unique_ptr<Subject> table;
  spec::AddressSpace model;
};
Scene scene(const Configuration& configuration, std::uint64_t seed) {
  Scene scene{configuration.make(160), spec::AddressSpace(machine_of(configuration.traits))};
  const auto play = [&](const Op& op) {
    if (carry_out(*scene.table, op).error) return;
    REQUIRE(carry_out(scene.model, op).reasons == 0);
  };
  play(operation(Do::kMap, 5 * kEdge, kMedium));
  play(operation(Do::kMap, 5 * kEdge + kLarge,
                 configuration.traits.features.gib_pages ? kLarge : kMedium));
  if (seed == 0) return scene;
  Script script = random_script(seed, 12);
  for (Draw& draw : script.draws) {  // those whose outcome is the same with and without reclaiming
    draw.what = draw.what % 13;
    play(decode(draw, script, scene.model, configuration.traits));
  }
  return scene;
}

std::vector<PlacedPage> pages_of(const spec::AddressSpace& model) {
  std::vector<PlacedPage> pages;
  for (const auto& [va, page] : model.pages()) pages.push_back({va, page});
  return pages;
}

Tables tables_of(Subject& table) {
  return Tables::read(table.memory(), table.root().value, table.traits().policy.levels);
}

// Every free frame can be had, and is zero.
void check_free_frames(TracedMemory& memory) {
  std::vector<PhysAddr> taken;
  const std::size_t expected = memory.free_frames();
  for (PhysAddr frame = memory.allocate(); !frame.is_null(); frame = memory.allocate()) {
    taken.push_back(frame);
  }
  REQUIRE(taken.size() == expected);
  for (const PhysAddr frame : taken) memory.release(frame, FrameContent::kZero);
  static_cast<void>(memory.take_refusals());
  REQUIRE(memory.misuse("P") == "");
}

// Returns false when the k-th allocation was never asked for.
bool fail_at(const Configuration& configuration, const Op& op, std::uint64_t seed, std::size_t k) {
  Scene start = scene(configuration, seed);
  Subject& table = *start.table;
  TracedMemory& memory = table.memory();
  const auto image = tables_of(table).image(memory);
  static_cast<void>(memory.take_refusals());
  memory.refuse_allocation(k);
  const Answer answer = carry_out(table, op);
  const bool asked = !memory.refusing() || memory.take_refusals() > 0;
  memory.refuse_allocation(0);
  if (answer.error == Error::kOutOfFrames) {
    REQUIRE(tables_of(table).image(memory) == image);
    if (configuration.traits.deferred) table.flush();
    REQUIRE(memory.frames_in_use().size() == tables_of(table).frames.size());
    check_free_frames(memory);
    const Answer again = carry_out(table, op);
    REQUIRE_FALSE(again.error.has_value());
    static_cast<void>(carry_out(start.model, op));
    REQUIRE(tables_of(table).pages == pages_of(start.model));
    REQUIRE(table.violation() == "");
    return true;
  }
  // Refused for another reason, or a table retired earlier has filled the gap.
  REQUIRE(disagreement(answer, carry_out(start.model, op)) == "");
  REQUIRE(tables_of(table).pages == pages_of(start.model));
  REQUIRE(memory.misuse("P") == "");
  return asked;
}

// The same with a memory that is used up for good after `frames` frames.
bool exhausted_at(const Configuration& configuration, const Op& op, std::size_t frames) {
  const auto table = configuration.make(frames);
  const Answer answer = carry_out(*table, op);
  if (answer.error != Error::kOutOfFrames) {
    REQUIRE_FALSE(answer.error.has_value());
    return false;
  }
  if (configuration.traits.deferred) table->flush();
  REQUIRE(table->memory().frames_in_use().size() == 1);
  REQUIRE(tables_of(*table).frames.size() == 1);
  check_free_frames(table->memory());
  return true;
}

}  // namespace

TEST_CASE("T01 a failure at any allocation leaves memory bit-identical") {
  std::size_t failures = 0;
  for (const Configuration& configuration : configurations()) {
    for (const Op& op : operations()) {
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        INFO(configuration.traits.name << ", " << op << ", state " << seed);
        std::size_t k = 1;
        while (fail_at(configuration, op, seed, k)) {
          ++k;
          ++failures;
          REQUIRE(k < 64);
        }
      }
    }
  }
  REQUIRE(failures > 1000);
}

TEST_CASE("T01 an exhausted memory leaves an empty table empty") {
  for (const Configuration& configuration : configurations()) {
    for (const Op& op : operations()) {
      if (op.what == Do::kSplit) continue;
      if (op.size == kLarge && !configuration.traits.features.gib_pages) continue;
      INFO(configuration.traits.name << ", " << op);
      std::size_t frames = 1;
      while (exhausted_at(configuration, op, frames)) REQUIRE(++frames < 64);
      REQUIRE(frames > 1);
    }
  }
}

}  // namespace quintet::page_table::world
