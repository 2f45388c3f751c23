// SPDX-License-Identifier: MIT
#include <vector>

#include "page_table/spec/mmu.hpp"
#include "page_table/test/world/bench_table.hpp"
#include "page_table/test/world/script.hpp"
#include "page_table/test/world/tables.hpp"
#include "testing/catch.hpp"

// T03, T06, T09 and T10: the write log, the way of a freed table, the edges of the address space
// and the end of a table.
namespace quintet::page_table::world {
namespace {

using enum PageSize;

struct Log : Observer {
  struct Store {
    std::uint64_t pa, after;
  };
  std::vector<Store> stores;
  std::vector<std::uint64_t> allocated, released;
  int flushes = 0;
  void on_store(std::uint64_t pa, std::uint64_t, std::uint64_t after) override {
    stores.push_back({pa, after});
  }
  void on_allocate(std::uint64_t frame) override { allocated.push_back(frame); }
  void on_release(std::uint64_t frame, FrameContent) override { released.push_back(frame); }
  void on_flush(std::span<const StaleRange<std::uint64_t>>, bool) override { ++flushes; }
};

TEST_CASE("T03 a first map fills new tables bottom-up and links them by its last store") {
  Bench<> w;
  Log log;
  w.memory.observer = &log;
  const VirtAddr va(0x0000'1234'5678'9000);
  REQUIRE(w.table.map(va, PhysAddr(0x5000), k4K, PageFlags().writable()).has_value());
  w.memory.observer = nullptr;
  REQUIRE(log.allocated.size() == 3);
  REQUIRE(log.stores.size() == 4);
  CHECK(log.stores[0].after == 0x8000'0000'0000'5003);
  for (std::size_t i = 1; i < 4; ++i) {  // each reference names the table written just before
    CHECK((log.stores[i].after & 0x000F'FFFF'FFFF'F000) == (log.stores[i - 1].pa & ~0xFFFULL));
  }
  CHECK(log.stores[3].pa == w.table.root().value + ((va.value >> 39) & 511) * 8);
}

TEST_CASE("T03 a map beside another stores the leaf and a count") {
  Bench<> w;
  REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0), k4K, PageFlags()).has_value());
  Log log;
  w.memory.observer = &log;
  REQUIRE(w.table.map(VirtAddr(0x1000), PhysAddr(0x5000), k4K, PageFlags()).has_value());
  w.memory.observer = nullptr;
  REQUIRE(log.stores.size() == 2);
  CHECK(log.stores[0].after == 0x8000'0000'0000'5001);
  CHECK(log.stores[1].after >> 52 == 2);
  CHECK(log.allocated.empty());
}

TEST_CASE("T06 freed tables are zero and reach the memory only after the flush") {
  using Deferred = Bench<kDefaultPolicy, OnRequest>;
  Deferred w({}, 16, OnRequest(WatchedFlusher{}));
  w.table.invalidation().flusher().memory = &w.memory;
  Log log;
  w.memory.observer = &log;
  const auto idle = [&] { return w.memory.frames_in_use().size() == 1; };
  REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0x5000), k4K, PageFlags()).has_value());
  REQUIRE(w.table.unmap(VirtAddr(0)).has_value());
  CHECK(log.released.empty());
  CHECK(log.flushes == 0);
  CHECK(w.memory.frames_in_use().size() == 4);
  w.table.flush();
  CHECK(log.flushes == 1);
  CHECK(log.released.size() == 3);
  CHECK(idle());
  REQUIRE(w.table.map_range(VirtAddr(0), PhysAddr(0), k2MiB, PageFlags()).has_value());
  REQUIRE(w.table.unmap_range(VirtAddr(0), k2MiB).has_value());
  CHECK(log.released.size() == 3);
  w.table.flush();
  CHECK(idle());
  w.memory.check_free_frames();
  CHECK(w.memory.misuse("P") == "");
  w.memory.observer = nullptr;
}

// An invalidation that forgets nothing: the gathering one says `everything` after 33 pages.
struct Remembering {
  static constexpr bool kNeeded = true, kDeferred = false;
  std::vector<StaleRange<std::uint64_t>>* ranges;
  void stale(VirtAddr va, std::uint64_t bytes, PageSize size) {
    ranges->push_back({va, bytes, size});
  }
  void flush() {}
};

template <int kLevels>
void destruction_forgets(std::uint64_t half) {
  std::vector<StaleRange<std::uint64_t>> stale;
  {
    const Bench<Policy{.levels = kLevels}, Remembering> w({}, 16, Remembering{&stale});
  }
  REQUIRE(stale.size() == 2);
  CHECK((stale[0].va == VirtAddr(0) && stale[0].bytes == half));
  CHECK((stale[1].va == VirtAddr(0 - half) && stale[1].bytes == half));
}

TEST_CASE("T06 destruction makes both halves of the address space stale") {
  destruction_forgets<4>(0x8000'0000'0000);
  destruction_forgets<5>(0x100'0000'0000'0000);
}

TEST_CASE("T06 protecting a range makes every page of it stale that is mapped") {
  std::vector<StaleRange<std::uint64_t>> stale;
  Bench<kDefaultPolicy, Remembering> w({}, 16, Remembering{&stale});
  REQUIRE(w.table.map_range(VirtAddr(0x1000), PhysAddr(0), k4KiB * 2, PageFlags()).has_value());
  stale.clear();
  REQUIRE(w.table.protect_range(VirtAddr(0), k4KiB * 4, PageFlags().user()).has_value());
  REQUIRE(stale.size() == 2);
  CHECK((stale[0].va == VirtAddr(0x1000) && stale[0].bytes == k4KiB));
  CHECK((stale[1].va == VirtAddr(0x2000) && stale[1].bytes == k4KiB));
}

TEST_CASE("live leaves keep a dirty bit that comes while a range is protected") {
  Bench<Policy{.live_leaves = true}> w;
  REQUIRE(w.table.map_range(VirtAddr(0x1000), PhysAddr(0), k4KiB * 2, PageFlags()).has_value());
  w.memory.before_exchange = [&](std::uint64_t pa) { w.memory.hardware_or(pa, flag_bit::kDirty); };
  REQUIRE(w.table.protect_range(VirtAddr(0), k4KiB * 4, PageFlags().user()).has_value());
  w.memory.before_exchange = nullptr;
  CHECK(w.table.resolve(VirtAddr(0x1000))->flags() == PageFlags().user().dirty());
  CHECK(w.table.resolve(VirtAddr(0x2000))->flags() == PageFlags().user().dirty());
}

// The level-1 table goes with its range and the level-2 table with its last page, by itself.
TEST_CASE("T06 the walk cache forgets a level-2 table whose level-1 tables went before it") {
  Bench<> w;
  REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0), k4K, PageFlags()).has_value());
  REQUIRE(w.table.map(VirtAddr(k2MiB), PhysAddr(0), k2M, PageFlags()).has_value());
  REQUIRE(w.table.map(VirtAddr(k1GiB), PhysAddr(0), k1G, PageFlags()).has_value());
  REQUIRE(w.table.unmap_range(VirtAddr(0), k2MiB).has_value());
  REQUIRE(w.table.unmap(VirtAddr(k2MiB)).has_value());
  CHECK(w.table.check_invariants());
  REQUIRE(w.table.map(VirtAddr(0), PhysAddr(0x5000), k4K, PageFlags()).has_value());
  CHECK(w.table.check_invariants());
  CHECK(w.memory.misuse("P") == "");
}

TEST_CASE("T06 the tables above a page of any size go with it") {
  for (const PageSize size : {k4K, k2M, k1G}) {
    Bench<> w;
    REQUIRE(w.table.map(VirtAddr(k1GiB), PhysAddr(0), size, PageFlags()).has_value());
    CHECK(w.memory.frames_in_use().size() > 1);
    REQUIRE(w.table.unmap(VirtAddr(k1GiB)).has_value());
    CHECK(w.memory.frames_in_use().size() == 1);
  }
}

TEST_CASE("T06 retired tables are released early rather than run out of frames") {
  using Deferred = Bench<kDefaultPolicy, OnRequest>;
  Deferred w({}, 4, OnRequest(WatchedFlusher{}));
  w.table.invalidation().flusher().memory = &w.memory;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const VirtAddr va(i * 0x80'0000'0000);
    REQUIRE(w.table.map(va, PhysAddr(0), k4K, PageFlags()).has_value());
    REQUIRE(w.table.unmap(va).has_value());
  }
  REQUIRE(w.table.map_range(VirtAddr(0), PhysAddr(0), k2MiB, PageFlags()).has_value());
  CHECK(w.memory.misuse("P") == "");
}

template <int kLevels>
void edges_hold(const std::vector<std::uint64_t>& edges, const std::vector<std::uint64_t>& holes) {
  constexpr Policy kPolicy{.levels = kLevels};
  for (const PageSize size : {k4K, k2M, k1G}) {
    Bench<kPolicy> w;
    const std::uint64_t bytes = page_bytes(size);
    spec::Controls controls;
    controls.levels = kLevels;
    const auto walk = [&](std::uint64_t at) {
      return spec::translate([&](std::uint64_t pa) { return w.memory.peek(pa); },
                             w.table.root().value, at, controls);
    };
    std::uint64_t pa = 0;
    for (const std::uint64_t edge : edges) {  // an edge is the first byte of what follows it
      for (const std::uint64_t va : {edge - bytes, edge}) {
        if (!is_canonical<kLevels>(VirtAddr(va))) continue;
        pa += bytes;
        INFO(to_text(va));
        REQUIRE(w.table.map(VirtAddr(va), PhysAddr(pa), size, PageFlags()).has_value());
        for (const std::uint64_t at : {va, va + bytes - 1}) {
          REQUIRE(walk(at).has_value());
          CHECK(walk(at)->pa == pa + (at - va));
          CHECK(w.table.resolve(VirtAddr(at))->translate(VirtAddr(at)).value == pa + (at - va));
        }
      }
    }
    for (const std::uint64_t va : holes) {
      const VirtAddr hole(va & ~(bytes - 1));
      CHECK(error_of(w.table.map(hole, PhysAddr(0), size, {})) == Error::kNonCanonical);
      CHECK(error_of(w.table.unmap(hole)) == Error::kNonCanonical);
      CHECK(error_of(w.table.resolve(hole)) == Error::kNonCanonical);
      CHECK(walk(va).error().non_canonical);
    }
    CHECK(w.table.check_invariants());
  }
}

TEST_CASE("T09 the edges of the address space at four levels") {
  edges_hold<4>({0x8000'0000'0000, 0xFFFF'8000'0000'0000, 0x80'0000'0000, 0},
                {0x8000'0000'0000, 0xFFFF'7FFF'FFFF'F000, 0x0100'0000'0000'0000,
                 0x8000'0000'0000'0000, 0x7FFF'FFFF'FFFF'F000});
}

TEST_CASE("T09 the edges of the address space at five levels") {
  edges_hold<5>({0x0100'0000'0000'0000, 0xFF00'0000'0000'0000, 0x8000'0000'0000, 0x1'0000'0000'0000,
                 0xFFFF'0000'0000'0000, 0},
                {0x0100'0000'0000'0000, 0xFEFF'FFFF'FFFF'F000, 0x8000'0000'0000'0000});
}

TEST_CASE("T09 ranges end exactly at the edges") {
  Bench<> w;
  REQUIRE(w.table.map_range(VirtAddr(0x7FFF'FFFF'E000), PhysAddr(0), 0x2000, {}).has_value());
  REQUIRE(w.table.map_range(VirtAddr(0 - 0x2000ULL), PhysAddr(0), 0x2000, {}).has_value());
  CHECK(w.table.unmap_range(VirtAddr(0), 0x8000'0000'0000).value_or(0) == 0x2000);
  CHECK(w.table.unmap_range(VirtAddr(0xFFFF'8000'0000'0000), 0x8000'0000'0000).value_or(0) ==
        0x2000);
  CHECK(w.memory.frames_in_use().size() == 1);
}

TEST_CASE("T10 destroying the table returns every frame in every configuration") {
  for (const Configuration& configuration : configurations()) {
    INFO(configuration.traits.name);
    const auto table = configuration.make(160);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const std::uint64_t at = i << 41;
      REQUIRE(table->map_range(VirtAddr(at), PhysAddr(0), 0x40'0000, PageFlags::from_bits(6), k4K)
                  .has_value());
      REQUIRE(
          table->map(VirtAddr(at + k1GiB), PhysAddr(0), k2M, PageFlags::from_bits(6)).has_value());
    }
    REQUIRE(table->unmap_range(VirtAddr(0), 0x20'0000).has_value());
    table->destroy();
    CHECK(table->memory().frames_in_use().empty());
    CHECK(table->memory().misuse("P") == "");
  }
}

TEST_CASE("T10 a moved table owns the frames and the moved-from one nothing") {
  FullMemory memory(16);
  {
    auto made = PageTable<FullMemory>::create(memory);
    REQUIRE(made.has_value());
    REQUIRE(made->map(VirtAddr(0), PhysAddr(0), k4K, PageFlags()).has_value());
    auto moved = std::move(*made);
    CHECK(moved.resolve(VirtAddr(0)).has_value());
    REQUIRE(moved.map(VirtAddr(0x1000), PhysAddr(0), k4K, PageFlags()).has_value());
    CHECK(moved.check_invariants());
  }
  CHECK(memory.frames_in_use().empty());
  CHECK(memory.misuse("P") == "");
}

}  // namespace
}  // namespace quintet::page_table::world
