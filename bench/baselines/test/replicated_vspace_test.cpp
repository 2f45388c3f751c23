// SPDX-License-Identifier: MIT
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "node_replication/node_replicated.hpp"
#include "node_replication/structures/vspace.hpp"
#include "page_table/frame_arena.hpp"
#include "page_table/page_table.hpp"
#include "testing/catch.hpp"

// The page table of this suite, replicated: every replica walks tables in memory of its own.
namespace quintet {
namespace {

using page_table::FrameArena;
using page_table::PageFlags;
using page_table::PageSize;
using page_table::PhysAddr;
using page_table::VirtAddr;
using Table = page_table::PageTable<FrameArena>;
using VSpace = node_replication::VSpace<Table>;
using node_replication::NodeReplicated;
using node_replication::ReplicaId;
using Error = page_table::Error;

static_assert(node_replication::Replicable<VSpace>);

VSpace make_vspace() {
  auto arena = FrameArena::create({.bytes = std::size_t{16} << 20});
  if (!arena) std::abort();
  const auto memory = std::make_shared<FrameArena>(std::move(*arena));
  return VSpace(std::move(*Table::create(*memory)), memory);
}

// Every page of `from` in tables of its own.
VSpace copy_vspace(const VSpace& from, ReplicaId) {
  VSpace copy = make_vspace();
  from.table().for_each([&](const Table::Run& run) {
    const std::uint64_t step = page_table::page_bytes(run.size);
    for (std::uint64_t at = 0; at < run.bytes; at += step) {
      if (!copy.apply(VSpace::map(run.va + at, run.pa + at, run.size, run.flags))) std::abort();
    }
  });
  return copy;
}

std::vector<std::string> runs_of(const VSpace& space) {
  std::vector<std::string> runs;
  space.table().for_each([&](const Table::Run& run) {
    runs.push_back(std::to_string(run.va.value) + " " + std::to_string(run.pa.value) + " " +
                   std::to_string(run.bytes) + " " + std::to_string(run.flags.bits()));
  });
  return runs;
}

// Random operations on pages that no other thread touches; returns what went wrong.
template <class Session>
std::string work(Session& session, std::uint64_t thread, int rounds) {
  std::mt19937_64 random(thread);
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> mapped;  // va: pa and flags
  for (int i = 0; i < rounds; ++i) {
    const std::uint64_t va = (thread << 39) + (random() % 4 << 30) + (random() % 64 << 12);
    const std::uint64_t pa = random() % (1 << 20) << 12;
    const PageFlags flags = PageFlags().writable(random() % 2 == 0);
    const auto found = mapped.find(va);
    const bool present = found != mapped.end();
    VSpace::Response got;
    switch (random() % 4) {
      case 0:
        got = session.write(VSpace::map(VirtAddr(va), PhysAddr(pa), PageSize::k4K, flags));
        if (got.has_value() == present) return "map";
        if (!present) mapped[va] = {pa, flags.bits()};
        continue;
      case 1:
        got = session.write(VSpace::remap(VirtAddr(va), PhysAddr(pa), PageSize::k4K, flags));
        if (!got) return "remap";
        if (present && got->physical().value != found->second.first) return "remap: the old page";
        mapped[va] = {pa, flags.bits()};
        continue;
      case 2:
        got = session.write(VSpace::unmap(VirtAddr(va)));
        if (present) mapped.erase(va);
        break;
      default:
        got = session.write(VSpace::protect(VirtAddr(va), flags));
        if (present) found->second.second = flags.bits();
        break;
    }
    if (got.has_value() != present) return "unmap or protect";
    const auto resolved =
        session.read([&](const VSpace& s) { return s.resolve(VirtAddr(va + 5)); });
    const auto now = mapped.find(va);
    if (resolved.has_value() != (now != mapped.end())) return "resolve";
    if (resolved && (resolved->physical().value != now->second.first ||
                     resolved->flags().bits() != now->second.second)) {
      return "resolve: another page";
    }
  }
  return "";
}

TEST_CASE("a replicated page table is one page table to its threads") {
  auto made = NodeReplicated<VSpace>::create({.replicas = 2, .log_lines = 8},
                                             [](ReplicaId) { return make_vspace(); });
  REQUIRE(made.has_value());
  auto& spaces = **made;
  constexpr std::uint32_t kThreads = 4;
  std::vector<std::string> wrong(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        auto session = std::move(*spaces.attach(ReplicaId{t % 2}));
        wrong[t] = work(session, t + 1, 4000);
      });
    }
    REQUIRE(spaces.add_replica(copy_vspace).has_value());
  }
  for (const auto& text : wrong) REQUIRE(text == "");
  spaces.sync();
  std::vector<std::vector<std::string>> runs;
  for (std::uint32_t id = 0; id < 3; ++id) {
    auto session = std::move(*spaces.attach(ReplicaId{id}));
    session.read([&](const VSpace& space) {
      runs.push_back(runs_of(space));
      REQUIRE(space.table().check_invariants());
    });
  }
  REQUIRE(!runs[0].empty());
  REQUIRE(runs[1] == runs[0]);
  REQUIRE(runs[2] == runs[0]);
}

TEST_CASE("a remap that is refused leaves the page as it was") {
  VSpace space = make_vspace();
  const VirtAddr va(0x1000);
  REQUIRE(space.apply(VSpace::map(va, PhysAddr(0x7000), PageSize::k4K, PageFlags().writable())));
  const auto before = runs_of(space);
  const auto refused =
      space.apply(VSpace::remap(va, PhysAddr(std::uint64_t{1} << 60), PageSize::k4K, PageFlags()));
  REQUIRE(refused.error() == Error::kPhysRange);
  REQUIRE(runs_of(space) == before);
  REQUIRE(space.apply(VSpace::map(va, PhysAddr(0), PageSize::k4K, {})).error() == Error::kOverlap);
  REQUIRE(space.apply(VSpace::unmap(VirtAddr(0x9000))).error() == Error::kNotMapped);
}

}  // namespace
}  // namespace quintet
