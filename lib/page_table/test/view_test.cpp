// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "page_table/dump.hpp"
#include "page_table/test/world/bench_table.hpp"
#include "testing/catch.hpp"

// for_each, dump, stats and check_invariants by example; T12 compares them with the model.
namespace quintet::page_table::world {
namespace {

using enum PageSize;

std::vector<Run> runs_of(const Bench<>& w) {
  std::vector<Run> runs;
  w.table.for_each([&](const Run& run) { runs.push_back(run); });
  return runs;
}

TEST_CASE("iteration joins pages that continue each other and no others") {
  Bench<> w;
  auto& t = w.table;
  REQUIRE(t.map_range(VirtAddr(0x1000), PhysAddr(0x1000), 0x3000, PageFlags()).has_value());
  REQUIRE(t.map(VirtAddr(0x4000), PhysAddr(0x4000), k4K, PageFlags().user()).has_value());  // flags
  REQUIRE(t.map(VirtAddr(0x5000), PhysAddr(0x9000), k4K, PageFlags().user()).has_value());  // pa
  REQUIRE(t.map(VirtAddr(0x7000), PhysAddr(0xB000), k4K, PageFlags().user()).has_value());  // gap
  REQUIRE(t.map(VirtAddr(k2MiB), PhysAddr(k2MiB), k2M, PageFlags()).has_value());           // size
  const auto runs = runs_of(w);
  REQUIRE(runs.size() == 5);
  CHECK(runs[0].va == VirtAddr(0x1000));
  CHECK(runs[0].pa == PhysAddr(0x1000));
  CHECK(runs[0].bytes == 0x3000);
  CHECK(runs[1].va == VirtAddr(0x4000));
  CHECK(runs[2].pa == PhysAddr(0x9000));
  CHECK(runs[3].va == VirtAddr(0x7000));
  CHECK(runs[4].size == k2M);
}

TEST_CASE("runs continue across tables and both halves are visited in order") {
  Bench<> w;
  REQUIRE(w.table.map_range(VirtAddr(0x7F'FFFF'F000), PhysAddr(0x1000), 0x2000, PageFlags())
              .has_value());
  REQUIRE(w.table.map(VirtAddr(0xFFFF'FFFF'FFFF'F000), PhysAddr(0), k4K, PageFlags()).has_value());
  const auto runs = runs_of(w);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].bytes == 0x2000);
  CHECK(runs[1].va == VirtAddr(0xFFFF'FFFF'FFFF'F000));
}

TEST_CASE("iteration over a part visits what it touches") {
  Bench<> w;
  REQUIRE(w.table.map_range(VirtAddr(0), PhysAddr(0), 0x8000, PageFlags()).has_value());
  REQUIRE(w.table.map(VirtAddr(k2MiB), PhysAddr(k2MiB), k2M, PageFlags()).has_value());
  std::vector<Run> runs;
  const auto collect = [&](const Run& run) { runs.push_back(run); };
  REQUIRE(w.table.for_each(VirtAddr(0x3000), 0x2000, collect).has_value());
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].va == VirtAddr(0x3000));
  CHECK(runs[0].bytes == 0x2000);
  runs.clear();
  REQUIRE(w.table.for_each(VirtAddr(k2MiB + 0x5000), 0x1000, collect).has_value());
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].va == VirtAddr(k2MiB));  // pages are not cut
}

TEST_CASE("dump writes one line a run in fixed columns") {
  Bench<> w;
  CHECK(dump(w.table) == "");
  REQUIRE(w.table
              .map(VirtAddr(0x40'0000), PhysAddr(0x4000'0000), k2M,
                   PageFlags().writable().user().executable())
              .has_value());
  REQUIRE(
      w.table
          .map_range(
              VirtAddr(0xFFFF'8000'0000'0000), PhysAddr(0x1000), 0x2000,
              PageFlags().global().memory_type(6).protection_key(2).software(9).accessed().dirty())
          .has_value());
  CHECK(dump(w.table) ==
        "0x0000000000400000-0x0000000000600000 -> 0x0000040000000  2M x1  rwx user\n"
        "0xffff800000000000-0xffff800000002000 -> 0x0000000001000  4K x2  r-- kernel global pat:6 "
        "key:2 software:9 accessed dirty\n");
}

TEST_CASE("stats count tables by level and pages by size") {
  Bench<> w;
  CHECK(w.table.stats().table_count() == 1);
  CHECK(w.table.stats().mapped_bytes() == 0);
  REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0), k4K, PageFlags()).has_value());
  REQUIRE(w.table.map(VirtAddr(k2MiB), PhysAddr(0), k2M, PageFlags()).has_value());
  REQUIRE(w.table.map(VirtAddr(k1GiB), PhysAddr(0), k1G, PageFlags()).has_value());
  const Stats stats = w.table.stats();
  CHECK(stats.tables == std::array<std::uint64_t, 6>{0, 1, 1, 1, 1, 0});
  CHECK(stats.pages == std::array<std::uint64_t, 4>{0, 1, 1, 1});
  CHECK(stats.mapped_bytes() == k4KiB + k2MiB + k1GiB);
}

// The check must find each kind of damage that it claims to find.
TEST_CASE("check_invariants names the invariant that damage breaks") {
  const auto broken = [](auto damage) {
    Bench<Policy{.walk_cache = false}> w;
    REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0x5000), k4K, PageFlags()).has_value());
    REQUIRE(w.table.map(VirtAddr(k2MiB), PhysAddr(k2MiB), k2M, PageFlags()).has_value());
    REQUIRE(w.table.check_invariants());
    const PhysAddr root = w.table.root();
    const PhysAddr pdpt = Entry(w.memory.peek(root.value)).table();
    const PhysAddr pd = Entry(w.memory.peek(pdpt.value)).table();
    const PhysAddr pt = Entry(w.memory.peek(pd.value)).table();
    const auto undo = damage(w.memory, root, pdpt, pd, pt);
    std::string names;
    w.table.check_invariants([&](const auto& found) { names += found.invariant; });
    for (const auto& [slot, word] : undo) w.memory.write(slot, word);  // for the destructor
    return names;
  };
  using Undo = std::vector<std::pair<PhysAddr, std::uint64_t>>;
  const auto change = [](FullMemory& memory, PhysAddr slot, std::uint64_t word) {
    const Undo undo = {{slot, memory.peek(slot.value)}};
    memory.write(slot, word);
    return undo;
  };
  CHECK(broken([&](auto& m, auto, auto, auto, auto pt) { return change(m, pt + 80, 0x2); }) ==
        "I1");  // absent and not 0
  CHECK(broken([&](auto& m, auto, auto, auto pd, auto) {
          return change(m, pd + 8, m.peek(pd.value + 8) | 0x2000);
        }) == "I1");  // a reserved bit
  CHECK(broken([&](auto& m, auto, auto pdpt, auto, auto) {
          return change(m, pdpt, m.peek(pdpt.value) & ~2ULL);
        }) == "I1");  // a restricted reference
  CHECK(broken([&](auto& m, auto, auto, auto pd, auto) {
          return change(m, pd, m.peek(pd.value) + (1ULL << 52));
        }) == "I3");  // a count
  CHECK(broken([&](auto& m, auto, auto, auto, auto pt) { return change(m, pt, 0); }) ==
        "I4I3");  // an empty table, and a count
  CHECK(broken([&](auto& m, auto, auto, auto pd, auto) {
          auto undo = change(m, pd + 16, m.peek(pd.value));
          undo.push_back({pd + 16, 0});
          return undo;
        }).find("I2") != std::string::npos);  // a table shared
}

TEST_CASE("check_invariants compares the walk cache with the tables") {
  const auto broken = [](VirtAddr lost, int level) {
    Bench<> w;
    REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0x5000), k4K, PageFlags()).has_value());
    REQUIRE(w.table.map(VirtAddr(k1GiB), PhysAddr(0x6000), k4K, PageFlags()).has_value());
    REQUIRE(w.table.check_invariants());
    PhysAddr slot = entry_address(w.table.root(), lost, 4);
    for (int l = 3; l >= level; --l) {
      slot = entry_address(Entry(w.memory.peek(slot.value)).table(), lost, l);
    }
    const std::uint64_t entry = w.memory.peek(slot.value);
    w.memory.write(slot, 0);  // behind the owner's back
    std::string names;
    w.table.check_invariants([&](const auto& found) { names += found.invariant; });
    w.memory.write(slot, entry);  // for the destructor
    return names;
  };
  CHECK(broken(VirtAddr(0), 3) == "I3I6");        // the level-2 table of an earlier region
  CHECK(broken(VirtAddr(k1GiB), 2) == "I4I3I6");  // the last level-1 table
}

}  // namespace
}  // namespace quintet::page_table::world
