// SPDX-License-Identifier: MIT
// Our page tables in front of memory management units that we did not write: after thousands of
// random operations, every probed address must mean to QEMU and KVM what the operations said.
#include <algorithm>
#include <memory>

#include "page_table/test/mmu/session.hpp"
#include "page_table/test/mmu/subject.hpp"
#include "testing/catch.hpp"

namespace quintet::page_table::mmu {
namespace {

constexpr unsigned kHarnessSlot = 300;
constexpr int kProbes = 1800;

using Subjects = std::vector<std::unique_ptr<Subject>>;

constexpr Policy policy(int levels, Counter counter = Counter::kParentEntry, bool walk_cache = true,
                        Fault fault = Fault::kNone) {
  return {.counter = counter, .walk_cache = walk_cache, .levels = levels, .fault = fault};
}

template <int kLevels>
Subjects healthy(GuestMemory& memory, const Limits& limits) {
  Subjects all;
  std::uint64_t seed = 7 * kLevels;
  const auto add = [&]<Policy kPolicy>() {
    all.push_back(std::make_unique<CoreSubject<kPolicy>>(memory, limits, seed++));
  };
  add.template operator()<policy(kLevels)>();
  add.template operator()<policy(kLevels)>();
  add.template operator()<policy(kLevels)>();
  add.template operator()<policy(kLevels, Counter::kParentEntry, false)>();
  add.template operator()<policy(kLevels, Counter::kNone)>();
  add.template operator()<policy(kLevels, Counter::kNone, false)>();
  return all;
}

Batch batch_of(Subject& subject, const Limits& limits, std::size_t number) {
  spec::Controls controls = limits;
  controls.levels = subject.levels();
  controls.smep = limits.smep && number % 4 == 1;
  controls.smap = limits.smap && number % 4 == 2;
  controls.ac = false;
  controls.wp = number % 3 != 2;
  controls.pke = limits.pke && number % 2 == 0;
  controls.pks = false;
  controls.pkru = controls.pke ? 0x9c24d8e4 : 0;
  return {subject.root(), controls, subject.probes(kProbes, kHarnessSlot)};
}

// What the operations on the table under each root say.
Walk meaning_of(const Subjects& subjects) {
  return [&subjects](const Read& read, std::uint64_t root, const Probe& probe,
                     const spec::Controls& controls) {
    const auto subject = std::find_if(subjects.begin(), subjects.end(),
                                      [&](const auto& s) { return s->root() == root; });
    return meaning_walk((*subject)->meaning())(read, root, probe, controls);
  };
}

Inspection ask(Machine& machine, Guest& guest, const Subjects& subjects, const Limits& limits) {
  std::vector<Batch> batches;
  for (const auto& subject : subjects) {
    batches.push_back(batch_of(*subject, limits, batches.size()));
  }
  auto seen = inspect(machine, guest, std::move(batches));
  INFO((seen ? "" : seen.error()));
  REQUIRE(seen.has_value());
  return std::move(*seen);
}

// Pages that a probe has loaded are accessed, and those it has stored to are dirty, in the eyes of
// our table as well.
std::size_t unnoticed_accesses(const Inspection& seen, const Subjects& subjects) {
  std::size_t unnoticed = 0;
  const Walk walk = meaning_of(subjects);
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    for (const Probe& probe : seen.batches[i].probes) {
      const Batch& batch = seen.batches[i];
      if (!walk(nullptr, batch.root, probe, batch.controls)) continue;
      const auto [accessed, dirty] = subjects[i]->accessed_dirty(probe.va);
      const bool stored = probe.access.kind == spec::Access::Kind::kWrite;
      unnoticed += accessed && (dirty || !stored) ? 0 : 1;
    }
  }
  return unnoticed;
}

template <int kLevels>
void check_core(Machine& machine, const Limits& limits) {
  auto guest = Guest::create(kHarnessSlot);
  REQUIRE(guest.has_value());
  GuestMemory memory(*guest);
  const Subjects subjects = healthy<kLevels>(memory, limits);
  for (const int operations : {60, 400, 200}) {
    for (const auto& subject : subjects) subject->advance(operations);
    const Inspection seen = ask(machine, *guest, subjects, limits);
    INFO(machine.name() << ", " << kLevels << " levels, against the tables: " << seen.report());
    CHECK(seen.agrees());
    const Verdict meaning =
        compare_answers(seen.before, seen.batches, seen.answers, meaning_of(subjects));
    for (const std::string& example : meaning.examples) UNSCOPED_INFO(example);
    CHECK(meaning.disagreements == 0);
    CHECK(meaning.faults > seen.answers.size() / 10);
    CHECK(meaning.faults < seen.answers.size() * 9 / 10);
    CHECK(unnoticed_accesses(seen, subjects) == 0);
    for (const auto& subject : subjects) {
      CHECK(subject->surprises() == 0);
      CHECK(subject->sound());
    }
  }
}

template <Fault kFault>
std::size_t refutations_in(Machine& machine, Limits limits, std::uint64_t seed) {
  auto guest = Guest::create(kHarnessSlot);
  REQUIRE(guest.has_value());
  GuestMemory memory(*guest);
  Subjects subjects;
  constexpr Policy kPolicy = policy(4, Counter::kParentEntry, true, kFault);
  subjects.push_back(std::make_unique<CoreSubject<kPolicy>>(memory, limits, seed));
  subjects.back()->advance(400);
  limits.pke = false;
  const Inspection seen = ask(machine, *guest, subjects, limits);
  return compare_answers(seen.before, seen.batches, seen.answers, meaning_of(subjects))
      .disagreements;
}

// How many probes of tables with a seeded fault the machine answers against their operations;
// several sequences of operations, until one shows it.
template <Fault kFault>
std::size_t refutations(Machine& machine, const Limits& limits) {
  std::size_t refuted = 0;
  for (std::uint64_t seed = 1; seed <= 6 && refuted == 0; ++seed) {
    refuted = refutations_in<kFault>(machine, limits, seed);
  }
  return refuted;
}

TEST_CASE("mmu: tables built by random operations mean to a real MMU what the operations said") {
  const Panel panel;
  for (const auto& machine : panel.machines()) {
    const auto limits = machine->limits();
    INFO((limits ? "" : limits.error()));
    REQUIRE(limits.has_value());
    check_core<4>(*machine, *limits);
    if (limits->levels == 5) check_core<5>(*machine, *limits);
  }
}

TEST_CASE("mmu: a real MMU refutes seeded faults of the page table") {
  const Panel panel;
  if (panel.machines().empty()) return;
  Machine& machine = *panel.machines().front();
  const auto limits = machine.limits();
  INFO((limits ? "" : limits.error()));
  REQUIRE(limits.has_value());
  CHECK(refutations<Fault::kNone>(machine, *limits) == 0);
  CHECK(refutations<Fault::kReservedBitInLargeLeaf>(machine, *limits) > 0);
  CHECK(refutations<Fault::kPromoteOverPartlyMapped>(machine, *limits) > 0);
  CHECK(refutations<Fault::kSplitDropsNoExecute>(machine, *limits) > 0);
  CHECK(refutations<Fault::kRangeIgnoresLastPage>(machine, *limits) > 0);
  CHECK(refutations<Fault::kMergeIgnoresFlags>(machine, *limits) > 0);
}

}  // namespace
}  // namespace quintet::page_table::mmu
