// SPDX-License-Identifier: MIT
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "page_table/test/explored_table.hpp"
#include "testing/catch.hpp"

// T04 in all its interleavings: an MMU that walks beside the owner sees the old or the new page,
// never a third thing.
//
// The real core runs over memory whose entries are explored atomics. Each scenario has few
// operations, and says which answers its walks may get, in the order of time: a walk never sees
// less than what had been announced before it, nor less than the walk before.
namespace quintet::page_table {
namespace {

using proof::explore::FailureKind;
using proof::explore::Model;
using proof::explore::Program;
using proof::explore::Report;

template <class Table>
Program program_of(Scenario<Table> scenario, WorldFault world) {
  return [=](proof::explore::Run& run) {
    ExploredMemory memory(scenario.walks.size(), world);
    ExploredAtomics::atomic<int> changed(0);
    ExploredAtomics::name(changed, "changed");
    Kept<Table> table(memory);
    const PhysAddr root = (*table).root();
    scenario.before(*table);
    run.spawn("owner", [&] {
      scenario.change(*table);
      changed.store(1, std::memory_order_release);
    });
    for (std::size_t i = 0; i < scenario.walks.size(); ++i) {
      run.spawn("walker" + std::to_string(i),
                [&, i] { walk_beside(run, memory, root, scenario.walks[i], i, changed); });
    }
    run.join();
    table.destroy();
    run.check(memory.in_use() == 0, "every frame is given back");
  };
}

Report explored(const std::string& name, const std::string& variant, Model model,
                const Program& program) {
  const Report report = explore(program, {.model = model});
  std::cout << "| " << name << " | " << variant << " | " << to_string(model) << " | "
            << to_string(report.failure.kind) << " | " << report.executions << " | "
            << report.pruned << " | " << report.steps << " |" << std::endl;
  return report;
}
void holds(const std::string& name, const std::string& variant, const Program& program) {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    const Report report = explored(name, variant, model, program);
    INFO(report);
    CHECK(report.exhaustive());
  }
}
// Refuted with a trace that its token replays; the first one is shown.
void refuted(const std::string& name, const std::string& variant, Model model,
             const Program& program) {
  const Report report = explored(name, variant, model, program);
  INFO(report);
  CHECK(report.failure.kind == FailureKind::kCheck);
  CHECK(replay(program, report.token).trace == report.trace);
  static bool shown = false;
  if (!std::exchange(shown, true)) std::cout << report;
}

// ---- the scenarios ------------------------------------------------------------------------------

void nothing(auto&) {}
void map_first(auto& t) { map(t, kFirst, kOld); }
void map_both(auto& t) {
  map(t, kFirst, kOld);
  map(t, kNeighbour, kOther);
}
void map_large(auto& t) { map(t, kFirst, kOld, PageSize::k2M); }
void unmap_first(auto& t) { must(t.unmap(kFirst).has_value()); }
// Frames may be used again after the flush that belongs to the unmap, not before.
void reuse(auto& t) {
  map(t, kElsewhere, kOther);
  t.flush();
}

// What the first page's walks may find when it is unmapped.
Walk gone(int times = 1) { return {kFirst, {"page 1", "absent"}, times, false, 1}; }

template <class Table>
std::vector<Scenario<Table>> growing() {
  const auto map_range = [](Table& t) {
    const VirtAddr last_of_first(kNextTable.value - 0x1000);
    must(t.map_range(last_of_first, kNew, 0x2000, PageFlags()).has_value());
  };
  const auto protect = [](Table& t) {
    must(t.protect(kFirst, PageFlags().writable()).has_value());
  };
  const auto remap = [](Table& t) {
    unmap_first(t);
    map(t, kFirst, kNew);
  };
  const Walk old_or_writable{kFirst, {"page 1", "writable 1"}, 2, false, 1};
  const Walk old_or_new{kFirst, {"page 1", "absent", "page 2"}, 1, false, 2};
  const Walk second_new{kNeighbour, {"absent", "page 2"}, 1, false, 1};
  return {
      {"map, new tables",
       nothing<Table>,
       [](Table& t) { map(t, kFirst, kNew); },
       {{kFirst, {"absent at level 4", "page 2"}, 2, true, 1}}},
      {"map, second entry",
       map_first<Table>,
       [](Table& t) { map(t, kNeighbour, kNew); },
       {second_new, {kFirst, {"page 1"}}}},
      {"map_range over two tables",
       nothing<Table>,
       map_range,
       {{kNextTable, {"absent", "page 2"}, 2, false, 1}}},
      {"protect", map_both<Table>, protect, {old_or_writable, {kNeighbour, {"page 3"}}}},
      {"remap", map_first<Table>, remap, {old_or_new}},
  };
}

template <class Table>
std::vector<Scenario<Table>> shrinking() {
  const auto unmap_and_reuse = [](Table& t) {
    unmap_first(t);
    reuse(t);
  };
  const auto flush_between = [](Table& t) {
    unmap_first(t);
    t.flush();
    reuse(t);
    map(t, kNeighbour, kNew);
  };
  const auto detach = [](Table& t) {
    must(t.unmap_range(kFirst, 0x20'0000).has_value());
    reuse(t);
  };
  const Walk elsewhere{kElsewhere, {"absent", "page 3"}, 1, false, 1};
  return {
      {"unmap, tables reclaimed", map_first<Table>, unmap_first<Table>, {gone(2)}},
      {"unmap, neighbour stays",
       map_both<Table>,
       unmap_first<Table>,
       {{kNeighbour, {"page 3"}}, gone()}},
      {"unmap, tables reused", map_first<Table>, unmap_and_reuse, {gone()}},
      {"unmap, flush, tables reused", map_first<Table>, flush_between, {gone(), elsewhere}},
      {"unmap a large page, tables reused", map_large<Table>, unmap_and_reuse, {gone()}},
      {"unmap_range, table detached and reused", map_both<Table>, detach, {gone()}},
  };
}

template <class Table>
std::vector<Scenario<Table>> reshaping() {
  const auto split = [](Table& t) { must(t.split(kFirst).has_value()); };
  const auto and_back = [split](Table& t) {
    split(t);
    must(t.merge(kFirst, PageSize::k2M).has_value());
    reuse(t);
  };
  return {
      {"split", map_large<Table>, split, {{kFirst, {"page 1"}, 2}}},
      {"split, merge, table reused", map_large<Table>, and_back, {{kFirst, {"page 1"}}}},
  };
}

template <class Table>
std::vector<Scenario<Table>> scenarios() {
  std::vector<Scenario<Table>> all = growing<Table>();
  for (const auto& more : {shrinking<Table>(), reshaping<Table>()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

template <class Table>
Program named(const std::string& name, WorldFault world = WorldFault::kNone) {
  for (const auto& scenario : scenarios<Table>()) {
    if (scenario.name == name) return program_of(scenario, world);
  }
  QT_CHECK(false, "no scenario of that name");
  return {};
}

template <class Table>
void all_hold(const std::string& variant) {
  for (const auto& scenario : scenarios<Table>()) {
    holds(scenario.name, variant, program_of(scenario, WorldFault::kNone));
  }
}

TEST_CASE("T04 a walk beside the owner sees the old or the new page in all interleavings") {
  constexpr Policy kBeside{.counter = Counter::kBeside, .live_leaves = true};
  all_hold<Eager<kDefaultPolicy>>("flush each operation");
  all_hold<Lazy<kDefaultPolicy>>("flush on request");
  all_hold<Eager<kBeside>>("live leaves, counts beside");
}

// ---- the seeded faults --------------------------------------------------------------------------

template <class Table>
void fault_refuted(const std::string& name, const std::string& variant) {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    refuted(name, variant, model, named<Table>(name));
  }
}

template <Fault kFault>
inline constexpr Policy kWith = kDefaultPolicy.with(kFault);

TEST_CASE("T04 every fault that a walk can see is refuted") {
  using FreesEarly = Lazy<kWith<Fault::kFreeBeforeInvalidation>>;
  fault_refuted<Eager<kWith<Fault::kLinkBeforeFill>>>("map, new tables", "link before fill");
  fault_refuted<FreesEarly>("unmap, tables reused", "free before invalidation");
  fault_refuted<FreesEarly>("unmap_range, table detached and reused", "free before invalidation");
  fault_refuted<Eager<kWith<Fault::kSkipStaleLargePage>>>("unmap a large page, tables reused",
                                                          "stale large page skipped");
  fault_refuted<Eager<kWith<Fault::kCacheOutlivesTable>>>("remap", "cache outlives table");
  fault_refuted<Eager<kWith<Fault::kReclaimWithoutCount>>>("unmap, neighbour stays",
                                                           "reclaim without count");
  fault_refuted<Eager<kWith<Fault::kReservedBitInLargeLeaf>>>("split", "reserved bit");
}

TEST_CASE("T04 every fault of the world that a walk can see is refuted") {
  using Table = Eager<kDefaultPolicy>;
  const std::string reused = "unmap, tables reused";
  const Program impatient = named<Table>(reused, WorldFault::kNoWait);
  refuted(reused, "flush does not wait", Model::kSequential, impatient);
  refuted(reused, "flush does not wait", Model::kViews, impatient);
  // These need a memory that is weaker than interleavings.
  const auto weak = [](const std::string& name, const std::string& variant, WorldFault world) {
    const Program program = named<Table>(name, world);
    CHECK(explored(name, variant, Model::kSequential, program).exhaustive());
    refuted(name, variant, Model::kViews, program);
  };
  weak(reused, "flush without fence", WorldFault::kNoFence);
  weak("map, new tables", "relaxed stores", WorldFault::kRelaxedStores);
}

// ---- accessed and dirty -------------------------------------------------------------------------

// A CPU writes through the page while the owner takes its write permission and then unmaps it.
// What the CPU has noted in the leaf must be in what the owner is told.
template <class Table>
void write_beside(proof::explore::Run& run) {
  ExploredMemory memory(1, WorldFault::kNone);
  Kept<Table> table(memory);
  const PhysAddr root = (*table).root();
  must((*table).map(kFirst, kOld, PageSize::k4K, PageFlags().writable()).has_value());
  bool noted = false;
  bool told = false;
  run.spawn("cpu", [&] {
    PhysAddr slot;
    const auto read = [&](std::uint64_t pa) {
      slot = PhysAddr(pa);
      return memory.walk_read(slot);
    };
    memory.begin_walk(0);
    const auto page = spec::translate<std::uint64_t>(read, root.value, 0, spec::Controls{});
    noted = page && page->writable && memory.set_accessed_dirty(slot, page->leaf_entry);
    memory.end_walk(0);
  });
  run.spawn("owner", [&] {
    must((*table).protect(kFirst, PageFlags()).has_value());
    const auto page = (*table).unmap(kFirst);
    must(page.has_value());
    told = page->flags().is_dirty();
  });
  run.join();
  table.destroy();
  run.check(!noted || told, "the owner learns that the page is dirty");
}

TEST_CASE("T04 no dirty bit is lost when leaves are live") {
  constexpr Policy kLive{.live_leaves = true};
  const std::string name = "protect, unmap, a CPU writes";
  holds(name, "live leaves", write_beside<Eager<kLive>>);
  for (const Model model : {Model::kSequential, Model::kViews}) {
    refuted(name, "leaves not live", model, write_beside<Eager<kDefaultPolicy>>);
  }
}

}  // namespace
}  // namespace quintet::page_table
