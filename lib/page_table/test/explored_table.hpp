// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "page_table/page_table.hpp"
#include "page_table/spec/mmu.hpp"
#include "page_table/test/explored_memory.hpp"
#include "proof/explore/explore.hpp"

// A table of explored memory and the walks beside its owner: what a scenario of reader_model.cpp is
// made of.
//
// The walker is the one of spec/mmu.hpp, with an acquire load for each entry, which is what a load
// is on x86. Threading: the explorer's.
namespace quintet::page_table {

using proof::explore::ExploredAtomics;

inline constexpr VirtAddr kFirst(0);                // entry 0 in the tables of all levels
inline constexpr VirtAddr kNeighbour(0x1000);       // in the same level-1 table
inline constexpr VirtAddr kElsewhere(0x4000'0000);  // another entry at level 3: other tables below
inline constexpr VirtAddr kNextTable(0x20'0000);    // another entry at level 2
inline constexpr PhysAddr kOld(0x1'0000'0000), kNew(0x2'0000'0000), kOther(0x3'0000'0000);

// What one walk finds: where it was told to end, or where it ended for want of an entry.
inline std::string walked(const ExploredMemory& memory, PhysAddr root, VirtAddr va,
                          bool tell_level) {
  int level = 5;
  bool astray = false;
  const auto read = [&](std::uint64_t pa) -> std::uint64_t {
    --level;
    astray = astray || !ExploredMemory::holds(PhysAddr(pa));
    return astray ? 0 : memory.walk_read(PhysAddr(pa));
  };
  const auto found = spec::translate<std::uint64_t>(read, root.value, va.value, spec::Controls{});
  if (astray) return "what is no table";
  if (found) return (found->writable ? "writable " : "page ") + std::to_string(found->pa >> 32);
  if (found.error().code != 0) return "reserved bit";
  return tell_level ? "absent at level " + std::to_string(level) : "absent";
}

// What walks of `va` may find, the oldest first, and how many of these the owner's announcement
// makes impossible.
struct Walk {
  VirtAddr va;
  std::vector<std::string> answers;
  int times = 1;
  bool tell_level = false;
  std::size_t stale_after_change = 0;
};

template <class Table>
struct Scenario {
  std::string name;
  std::function<void(Table&)> before;  // what is mapped when the walkers start
  std::function<void(Table&)> change;  // beside them
  std::vector<Walk> walks;             // a thread each
};

inline void must(bool done) { QT_CHECK(done, "an operation of the scenario was refused"); }

template <class Table>
void map(Table& table, VirtAddr va, PhysAddr pa, PageSize size = PageSize::k4K) {
  must(table.map(va, pa, size, PageFlags()).has_value());
}

// Waits, at each flush, for the walks that are under way.
struct WaitForWalkers {
  ExploredMemory* memory;
  void operator()(std::span<const StaleRange<std::uint64_t>>, bool) const {
    memory->wait_for_walkers();
  }
};

template <FlushWhen kWhen, Policy kPolicy>
using ExploredTable = PageTable<ExploredMemory, GatherInvalidation<WaitForWalkers, kWhen>, kPolicy>;
template <Policy kPolicy>
using Eager = ExploredTable<FlushWhen::kEachOperation, kPolicy>;
template <Policy kPolicy>
using Lazy = ExploredTable<FlushWhen::kOnRequest, kPolicy>;

template <FlushWhen kWhen, Policy kPolicy>
ExploredTable<kWhen, kPolicy> create_in(ExploredMemory& memory,
                                        std::type_identity<ExploredTable<kWhen, kPolicy>>) {
  const WaitForWalkers wait{&memory};
  auto created = ExploredTable<kWhen, kPolicy>::create(
      memory, {}, GatherInvalidation<WaitForWalkers, kWhen>(wait));
  must(created.has_value());
  return std::move(*created);
}

// A table that is not destroyed when an execution is given up in the middle of an operation.
template <class Table>
class Kept {
 public:
  explicit Kept(ExploredMemory& memory) : table_(create_in(memory, std::type_identity<Table>{})) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {}
  Table& operator*() { return table_; }
  void destroy() { table_.~Table(); }

 private:
  union {
    Table table_;
  };
};

inline void walk_beside(proof::explore::Run& run, ExploredMemory& memory, PhysAddr root,
                        const Walk& walk, std::size_t number,
                        const ExploredAtomics::atomic<int>& changed) {
  std::size_t oldest = 0;
  if (changed.load(std::memory_order_acquire) != 0) oldest = walk.stale_after_change;
  for (int i = 0; i < walk.times; ++i) {
    memory.begin_walk(number);
    const std::string seen = walked(memory, root, walk.va, walk.tell_level);
    memory.end_walk(number);
    const auto& answers = walk.answers;
    const auto from = answers.begin() + static_cast<std::ptrdiff_t>(oldest);
    const auto found = std::find(from, answers.end(), seen);
    run.check(found != answers.end(), "a walk may not see: " + seen);
    oldest = static_cast<std::size_t>(found - answers.begin());
  }
}

}  // namespace quintet::page_table
