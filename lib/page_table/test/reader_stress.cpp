// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "page_table/frame_arena.hpp"
#include "page_table/page_table.hpp"
#include "testing/catch.hpp"

// T04: threads that resolve beside the owner see the old or the new page, never a third thing.
//
// Every page of the arena's window of addresses has a state number that the owner raises with
// each change; the number is written into the mapping itself (physical address and software
// bits). A reader notes which changes had finished before its walk and which had started by its
// end: what it saw must be one of those between.
namespace quintet::page_table {
namespace {

constexpr int kReaders = 2;
constexpr int kSteps = 10'000;  // of the owner, and of each reader, at least
constexpr std::uint64_t kSlots = 24;
constexpr std::uint64_t kLargeSlots = 3;
constexpr std::uint64_t kLargeBase = 0x7F'C000'0000;  // 2 MiB pages that split and merge

// Lonely pages whose tables come and go, neighbours in one table, both sides of a level-4 edge.
constexpr VirtAddr small_slot(std::uint64_t i) {
  const std::uint64_t group = i % 3;
  const std::uint64_t base = group == 0   ? 0x80'0000'0000 - 0x1000 * (i / 3 + 1)
                             : group == 1 ? 0x80'0000'0000 + 0x20'0000 * (i / 3)
                                          : 0xFFFF'8000'0000'0000 + 0x8000'0000 * (i / 3);
  return VirtAddr(base);
}

// Epoch of each reader: odd while it walks. A flush waits until every walk that was under way has
// ended. The counters also order the readers' loads before the reuse of a released table.
struct Readers {
  std::array<std::atomic<std::uint64_t>, kReaders> epochs{};
  void wait() const {
    for (const auto& epoch : epochs) {
      const std::uint64_t seen = epoch.load();
      while (seen % 2 == 1 && epoch.load() == seen) std::this_thread::yield();
    }
  }
};
struct WaitForReaders {
  Readers* readers;
  void operator()(std::span<const StaleRange<std::uint64_t>>, bool) const { readers->wait(); }
};

struct Progress {
  std::atomic<std::uint64_t> started{0}, finished{0};
};

struct World {
  Readers readers;
  std::array<Progress, kSlots> small;       // state: even = absent, odd = mapped
  std::array<Progress, kLargeSlots> large;  // state: number of flag changes
  std::atomic<bool> stop{false};
  std::array<std::atomic<std::uint64_t>, kReaders> walks{};
  std::array<std::string, kReaders> complaints;
  std::atomic<bool> complained{false};

  [[nodiscard]] bool enough(std::uint64_t wanted) const {
    for (const auto& done : walks) {
      if (done.load() < wanted) return complained.load();
    }
    return true;
  }
};

PhysAddr small_target(std::uint64_t slot, std::uint64_t state) {
  return PhysAddr(((slot + 1) << 36) + (state << 12));
}
PhysAddr large_target(std::uint64_t slot) { return PhysAddr((slot + 1) << 40); }
PageFlags large_flags(std::uint64_t state) {
  return PageFlags().writable().software(static_cast<unsigned>(state % 1024));
}

template <class Table>
std::string read_small(const Table& table, World& world, std::uint64_t slot) {
  const VirtAddr va = small_slot(slot);
  const std::uint64_t low = world.small[slot].finished.load();
  const auto found = table.resolve(va);
  const std::uint64_t high = world.small[slot].started.load();
  if (!found) {
    const bool absent_between = low % 2 == 0 || high > low;
    return absent_between ? "" : "a mapped page was not found";
  }
  const std::uint64_t state = (found->physical().value & ((1ULL << 36) - 1)) >> 12;
  const bool right = found->base() == va && found->physical() == small_target(slot, state) &&
                     found->size() == PageSize::k4K && state % 2 == 1;
  if (!right) return "a page that never was";
  return state >= low && state <= high ? "" : "a page from another time";
}

template <class Table>
std::string read_large(const Table& table, World& world, std::uint64_t slot, std::uint64_t at) {
  const VirtAddr va(kLargeBase + slot * 0x20'0000 + at);
  const std::uint64_t low = world.large[slot].finished.load();
  const auto found = table.resolve(va);
  const std::uint64_t high = world.large[slot].started.load();
  if (!found) return "a page that is always mapped was not found";
  if (!(found->translate(va) == large_target(slot) + at)) return "a wrong translation";
  for (std::uint64_t state = low; state <= high; ++state) {
    if (found->flags() == large_flags(state)) return "";
  }
  return "flags from another time";
}

template <class Table>
void read_all(const Table& table, World& world, int reader, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto& epoch = world.readers.epochs[static_cast<std::size_t>(reader)];
  std::string complaint;
  auto& walks = world.walks[static_cast<std::size_t>(reader)];
  while (!world.stop.load() && complaint.empty()) {
    ++epoch;
    const std::uint64_t pick = random();
    // Often the first small page of a large one.
    const std::uint64_t at = pick % 3 == 0 ? (pick >> 8) % 0x1000 : (pick >> 8) % 0x20'0000;
    complaint = pick % 2 == 0 ? read_small(table, world, (pick >> 32) % kSlots)
                              : read_large(table, world, (pick >> 32) % kLargeSlots, at);
    ++epoch;
    ++walks;
  }
  world.complaints[static_cast<std::size_t>(reader)] = complaint;
  if (!complaint.empty()) world.complained.store(true);
}

// The owner: one change after another, each announced before and confirmed after.
template <class Table>
class Owner {
 public:
  Owner(Table& table, World& world, std::uint64_t seed)
      : table_(table), world_(world), random_(seed) {}

  // Returns false when an operation was refused.
  bool step() {
    switch (random_() % 6) {
      case 0:
        return change_large();
      case 1:
        return reshape_large();
      case 2:
        return change_batch();
      case 3:
        table_.flush();
        return true;
      default:
        return change_small(random_() % kSlots);
    }
  }

 private:
  bool change_small(std::uint64_t slot) {
    Progress& progress = world_.small[slot];
    const std::uint64_t next = ++progress.started;
    const VirtAddr va = small_slot(slot);
    bool done = false;
    if (next % 2 == 1) {
      done = table_.map(va, small_target(slot, next), PageSize::k4K, PageFlags()).has_value();
    } else if (random_() % 2 == 0) {
      done = table_.unmap(va).has_value();
    } else {
      done = table_.unmap_range(va, 0x1000) == 0x1000u;
    }
    settle(progress, next);
    return done;
  }
  bool change_batch() {
    std::vector<typename Table::MapRequest> add;
    std::vector<VirtAddr> drop;
    for (std::uint64_t slot = random_() % 2; slot < kSlots; slot += 2) {
      const std::uint64_t next = ++world_.small[slot].started;
      if (next % 2 == 1) {
        add.push_back({small_slot(slot), small_target(slot, next), PageFlags()});
      } else {
        drop.push_back(small_slot(slot));
      }
    }
    std::vector<Mapping> dropped(drop.size());
    const bool done =
        table_.map_batch(add).has_value() && table_.unmap_batch(drop, dropped).has_value();
    table_.flush();
    for (Progress& progress : world_.small) progress.finished.store(progress.started.load());
    return done;
  }
  bool change_large() {
    const std::uint64_t slot = random_() % kLargeSlots;
    Progress& progress = world_.large[slot];
    const std::uint64_t next = ++progress.started;
    const VirtAddr va(kLargeBase + slot * 0x20'0000);
    const bool done = table_.protect_range(va, 0x20'0000, large_flags(next)) == 0x20'0000u;
    settle(progress, next);
    return done;
  }
  bool reshape_large() {
    const std::uint64_t slot = random_() % kLargeSlots;
    const VirtAddr va(kLargeBase + slot * 0x20'0000);
    const auto found = table_.resolve(va);
    if (!found) return false;
    return found->size() == PageSize::k2M ? table_.split(va).has_value()
                                          : table_.merge(va, PageSize::k2M).has_value();
  }
  // A walk reads memory, not a TLB: a change is final when the operation returns.
  void settle(Progress& progress, std::uint64_t state) { progress.finished.store(state); }

  Table& table_;
  World& world_;
  std::mt19937_64 random_;
};

std::uint64_t chosen_seed() {
  const char* text = std::getenv("QUINTET_SEED");
  const std::uint64_t seed =
      text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
  std::cout << "seed: " << seed << " (QUINTET_SEED replays the owner's choices)" << std::endl;
  return seed;
}

template <FlushWhen kWhen, Policy kPolicy>
void readers_beside_the_owner(int steps) {
  using Inv = GatherInvalidation<WaitForReaders, kWhen>;
  using Table = PageTable<SharedFrameArena, Inv, kPolicy>;
  const std::uint64_t seed = chosen_seed();
  auto arena = SharedFrameArena::create(
      {.bytes = 4 << 20, .backing = platform::Backing::k4K, .metadata = true});
  REQUIRE(arena.has_value());
  auto world = std::make_unique<World>();
  {
    auto table = Table::create(*arena, {}, Inv(WaitForReaders{&world->readers}));
    REQUIRE(table.has_value());
    for (std::uint64_t slot = 0; slot < kLargeSlots; ++slot) {
      REQUIRE(table
                  ->map(VirtAddr(kLargeBase + slot * 0x20'0000), large_target(slot), PageSize::k2M,
                        large_flags(0))
                  .has_value());
    }
    std::vector<std::jthread> readers;
    for (int r = 0; r < kReaders; ++r) {
      readers.emplace_back([&, r] {
        read_all(std::as_const(*table), *world, r, seed + 1 + static_cast<std::uint64_t>(r));
      });
    }
    Owner<Table> owner(*table, *world, seed);
    // Until both sides have done enough, or a reader has given up.
    int done = 0;
    bool going = true;
    while (going && (done < steps || !world->enough(static_cast<std::uint64_t>(steps)))) {
      going = owner.step();
      if (++done % 16 == 0) std::this_thread::yield();
    }
    world->stop.store(true);
    readers.clear();  // joins
    CHECK(going);
    CHECK(table->check_invariants());
  }
  for (const std::string& complaint : world->complaints) CHECK(complaint == "");
  CHECK(arena->in_use() == 0);
}

TEST_CASE("T04 readers beside the owner see the old or the new page") {
  SECTION("flush with each operation") {
    readers_beside_the_owner<FlushWhen::kEachOperation, kDefaultPolicy>(kSteps);
  }
  SECTION("flush on request") {
    readers_beside_the_owner<FlushWhen::kOnRequest, kDefaultPolicy>(kSteps);
  }
  SECTION("live leaves and counts beside") {
    readers_beside_the_owner<FlushWhen::kEachOperation,
                             Policy{.counter = Counter::kBeside, .live_leaves = true}>(kSteps);
  }
}

}  // namespace
}  // namespace quintet::page_table
