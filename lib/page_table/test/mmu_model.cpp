// SPDX-License-Identifier: MIT
// The specification's walker against memory management units that we did not write: QEMU's, and
// KVM's where it can be had. Tables here are made by hand; core_mmu_model.cpp brings ours.
#include <cstdio>

#include "page_table/test/mmu/broken_walkers.hpp"
#include "page_table/test/mmu/facts.hpp"
#include "page_table/test/mmu/forest.hpp"
#include "page_table/test/mmu/session.hpp"
#include "testing/catch.hpp"

namespace quintet::page_table::mmu {
namespace {

using Kind = spec::Access::Kind;
constexpr spec::Access kUserLoad{Kind::kRead, true}, kUserStore{Kind::kWrite, true};

Guest new_guest(unsigned harness_slot = 511) {
  auto guest = Guest::create(harness_slot);
  INFO((guest ? "" : guest.error()));
  REQUIRE(guest.has_value());
  return std::move(*guest);
}

Limits limits_of(Machine& machine) {
  const auto limits = machine.limits();
  INFO((limits ? "" : limits.error()));
  REQUIRE(limits.has_value());
  return *limits;
}

Inspection inspected(Machine& machine, Guest& guest, std::vector<Batch> batches) {
  auto seen = inspect(machine, guest, std::move(batches));
  INFO((seen ? "" : seen.error()));
  REQUIRE(seen.has_value());
  return std::move(*seen);
}

void check_facts(Machine& machine, const Limits& limits, int levels) {
  Guest guest = new_guest();
  const std::vector<Fact> known = facts(limits, levels);
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < known.size(); ++i) batches.push_back(build(guest, known[i], i));
  const Inspection seen = inspected(machine, guest, batches);
  REQUIRE(seen.answers.size() == known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    INFO(machine.name() << ": " << known[i].name << ": " << describe(batches[i].probes[0])
                        << " under " << describe(batches[i]));
    CHECK(seen.answers[i].vector == known[i].vector);
    CHECK(seen.answers[i].code == known[i].code);
  }
  INFO(machine.name() << ": " << seen.report());
  CHECK(seen.agrees());
}

void check_forest(Machine& machine, const Limits& limits, int levels, std::uint64_t seed) {
  Guest guest = new_guest(seed % 2 == 0 ? 511 : 0);
  const Forest forest = plant(guest, limits, levels, seed, 12000);
  CHECK(forest.dropped < 1200);
  const Inspection seen = inspected(machine, guest, forest.batches);
  INFO(machine.name() << ", " << levels << " levels, seed " << seed << ": " << seen.report());
  CHECK(seen.agrees());
  CHECK(seen.answered.faults > seen.answers.size() / 5);
  CHECK(seen.answered.faults < seen.answers.size() * 4 / 5);
  for (const BrokenWalker& broken : broken_walkers(limits, levels)) {
    INFO("survivor: " << broken.name);
    CHECK(refutes(seen.before, seen.batches, seen.answers, broken.walk));
  }
}

TEST_CASE("mmu: every known fact of x86-64 paging holds on a real MMU and in the specification") {
  const Panel panel;
  for (const auto& machine : panel.machines()) {
    const Limits limits = limits_of(*machine);
    for (int levels = 4; levels <= limits.levels; ++levels) check_facts(*machine, limits, levels);
  }
}

TEST_CASE("mmu: the specification agrees with a real MMU on random tables and broken ones do not") {
  const Panel panel;
  for (const auto& machine : panel.machines()) {
    const Limits limits = limits_of(*machine);
    check_forest(*machine, limits, 4, 20260101);
    if (limits.levels == 5) check_forest(*machine, limits, 5, 20260102);
  }
}

// Accessed on every entry of the walk, dirty on the leaf only and by a store only.
TEST_CASE("mmu: a load sets A at all levels and a store sets D on the leaf only") {
  constexpr std::uint64_t kA = 0x20, kD = 0x40;
  const Panel panel;
  for (const auto& machine : panel.machines()) {
    Limits limits = limits_of(*machine);
    limits.levels = 4;
    limits.smep = limits.smap = limits.ac = limits.pke = limits.pks = false;
    Guest guest = new_guest();
    const int largest = limits.gib_pages ? 3 : 2;
    std::vector<Batch> batches;
    for (int leaf = 1; leaf <= largest; ++leaf) {
      for (const spec::Access access : {kUserLoad, kUserStore}) {
        const Fact fact{"", leaf, {}, access, limits, -1, 0};
        batches.push_back(build(guest, fact, batches.size()));
      }
    }
    const Inspection seen = inspected(*machine, guest, batches);
    INFO(machine->name() << ": " << seen.report());
    CHECK(seen.agrees());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const int leaf = 1 + static_cast<int>(i / 2);
      const std::uint64_t va = batches[i].probes[0].va;
      std::uint64_t table = batches[i].root;
      for (int level = 4; level >= leaf; --level) {
        const std::uint64_t entry = guest.word(table + ((va >> (12 + 9 * (level - 1))) & 511) * 8);
        INFO(machine->name() << ", probe " << i << ", level " << level);
        CHECK((entry & kA) == kA);
        CHECK((entry & kD) == (level == leaf && i % 2 == 1 ? kD : 0));
        table = entry & 0xffffffffff000;
      }
    }
  }
}

TEST_CASE("mmu: a machine that hangs is stopped and reported") {
  const Panel panel;
  for (const auto& machine : panel.machines()) {
    Limits limits = limits_of(*machine);
    limits.levels = 4;
    limits.smep = limits.smap = limits.ac = limits.pke = limits.pks = false;
    Guest guest = new_guest();
    const Fact fact{"", 1, {}, {Kind::kFetch, true}, limits, -1, 0};
    const Batch batch = build(guest, fact, 0);
    const auto page = spec::translate([&](std::uint64_t pa) { return guest.word(pa); }, batch.root,
                                      batch.probes[0].va, batch.controls);
    REQUIRE(page.has_value());
    guest.word(page->pa) = 0xfeeb;  // jmp to itself
    machine->timeout = std::chrono::seconds(1);
    const auto answers = machine->run(guest, {&batch, 1});
    REQUIRE_FALSE(answers.has_value());
    INFO(answers.error());
    CHECK(answers.error().find("no end after 1 s") != std::string::npos);
  }
}

}  // namespace
}  // namespace quintet::page_table::mmu
