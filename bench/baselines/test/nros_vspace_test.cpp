// SPDX-License-Identifier: MIT
#include "baselines/nros_vspace.hpp"

#include <iterator>
#include <map>
#include <random>
#include <set>

#include "baselines/test/walk.hpp"
#include "testing/catch.hpp"

namespace {

using quintet::baselines::MapRights;
using quintet::baselines::NrosVSpace;
using quintet::baselines::test::colliding_addresses;
using quintet::baselines::test::walk;
using quintet::baselines::test::Walked;

constexpr std::uint64_t k4K = 1ULL << 12;
constexpr std::uint64_t k2M = 1ULL << 21;
constexpr std::uint64_t k1G = 1ULL << 30;
constexpr std::uint64_t k512G = 1ULL << 39;
constexpr MapRights kRights = MapRights::kReadWriteUser;

/// What map_generic means, one page at a time. Tables are part of the state: they are never freed,
/// and one that was left empty still blocks a huge page.
class Model {
 public:
  /// The address of the slot that stopped it, if any.
  std::optional<std::uint64_t> map(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes) {
    for (std::uint64_t page = 0; bytes > 0; va += page, pa += page, bytes -= page) {
      const bool in_run = page != 0 && va % (512 * page) != 0 && bytes >= page;
      if (!in_run) page = choose(va, pa, bytes);
      if (page == 0 || taken(va, page)) return va;
      leaves_[va] = {pa, page};
    }
    return std::nullopt;
  }

  bool unmap(std::uint64_t va) {
    const auto* const leaf = find(va);
    return leaf != nullptr && leaves_.erase(leaf->first) == 1;
  }

  struct Leaf {
    std::uint64_t pa;
    std::uint64_t size;
  };

  [[nodiscard]] const std::pair<const std::uint64_t, Leaf>* find(std::uint64_t va) const {
    const auto next = leaves_.upper_bound(va);
    if (next == leaves_.begin()) return nullptr;
    const auto& leaf = *std::prev(next);
    return va < leaf.first + leaf.second.size ? &leaf : nullptr;
  }

  [[nodiscard]] std::size_t tables() const { return 1 + tables_.size(); }

 private:
  [[nodiscard]] bool has_table(std::uint64_t va, std::uint64_t span) const {
    return tables_.contains({span, va / span});
  }
  [[nodiscard]] bool taken(std::uint64_t va, std::uint64_t page) const {
    return find(va) != nullptr || (page > k4K && has_table(va, page));
  }

  /// The largest page that may start here, making the tables that lead to it; 0: a huge page is in
  /// the way.
  std::uint64_t choose(std::uint64_t va, std::uint64_t pa, std::uint64_t bytes) {
    tables_.emplace(k512G, va / k512G);
    for (const std::uint64_t page : {k1G, k2M}) {
      if (has_table(va, page)) continue;
      if (find(va) != nullptr) return 0;
      if (va % page == 0 && pa % page == 0 && bytes >= page) return page;
      tables_.emplace(page, va / page);
    }
    return k4K;
  }

  std::map<std::uint64_t, Leaf> leaves_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> tables_;  // {bytes spanned, va / that}
};

void check_same(const NrosVSpace& space, const Model& model, std::uint64_t va) {
  const auto* const expected = model.find(va);
  const auto pa = space.resolve(va);
  const auto walked = walk(space.root(), va);
  CAPTURE(va);
  REQUIRE(pa.has_value() == (expected != nullptr));
  REQUIRE(walked.has_value() == (expected != nullptr));
  if (expected == nullptr) return;
  const auto& [base, leaf] = *expected;
  REQUIRE(*pa == leaf.pa + (va - base));
  REQUIRE(*walked == Walked{base, leaf.pa, leaf.size, true, true, false});
}

void check_random_operations(std::uint64_t seed) {
  CAPTURE(seed);
  const auto addresses = colliding_addresses();
  constexpr std::uint64_t kBytes[] = {k4K, 2 * k4K,         k2M,    k2M + k4K, 2 * k2M, 511 * k4K,
                                      k1G, k1G + k2M + k4K, 2 * k1G};
  std::mt19937_64 random(seed);
  NrosVSpace space;
  Model model;
  for (int step = 0; step < 1000; ++step) {
    const std::uint64_t picked = addresses[random() % addresses.size()];
    if (random() % 3 == 0) {
      const std::uint64_t bytes = kBytes[random() % std::size(kBytes)];
      const std::uint64_t start = bytes < k1G ? picked : picked / k2M * k2M;
      const std::uint64_t offset = bytes >= k1G ? 0 : random() % 4 == 0 ? k4K : random() % 2 * k2M;
      const auto result = space.map_generic(start, start + offset, bytes, kRights);
      const auto stopped = model.map(start, start + offset, bytes);
      REQUIRE(result.has_value() == !stopped.has_value());
      if (stopped) REQUIRE(result.error().at == *stopped);
    } else {
      REQUIRE(space.unmap(picked) == model.unmap(picked));
    }
    REQUIRE(space.tables() == model.tables());
    for (const std::uint64_t probe : addresses) check_same(space, model, probe | random() % k4K);
  }
}

}  // namespace

TEST_CASE("nros: random operations agree with a map of pages") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) check_random_operations(seed);
}

TEST_CASE("nros: promotion takes the largest pages that fit") {
  NrosVSpace space;
  const std::uint64_t va = k1G - k2M - k4K;
  REQUIRE(space.map(va, va, k4K + k2M + k1G + k2M + k4K, kRights));
  CHECK(walk(space.root(), va)->size == k4K);
  CHECK(walk(space.root(), k1G - 1)->size == k2M);
  CHECK(walk(space.root(), k1G)->size == k1G);
  CHECK(walk(space.root(), 2 * k1G)->size == k2M);
  CHECK(walk(space.root(), 2 * k1G + k2M)->size == k4K);
  CHECK_FALSE(walk(space.root(), 2 * k1G + k2M + k4K).has_value());
  CHECK(space.tables() == 6);  // root; one PDPT; two PDs; two PTs
}

TEST_CASE("nros: a failing map keeps the pages before the slot that is taken") {
  NrosVSpace space;
  REQUIRE(space.map(4 * k4K, 0, k4K, kRights));
  const auto result = space.map_generic(0, 64 * k2M + k4K, 8 * k4K, kRights);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().at == 4 * k4K);
  CHECK(space.resolve(3 * k4K).has_value());
  CHECK(*space.resolve(4 * k4K) == 0);
  CHECK_FALSE(space.resolve(5 * k4K).has_value());
}

TEST_CASE("nros: unmap clears the whole leaf and leaves a table that blocks promotion") {
  NrosVSpace space;
  REQUIRE(space.map(0, 0, k2M, kRights));
  REQUIRE(space.unmap(k2M - k4K));
  CHECK_FALSE(space.resolve(0).has_value());
  CHECK_FALSE(space.unmap(0));
  REQUIRE(space.map(0, 0, k4K, kRights));
  REQUIRE(space.unmap(0));
  REQUIRE(space.map(0, 0, k2M, kRights));
  CHECK(walk(space.root(), 0)->size == k4K);
}

TEST_CASE("nros: bad arguments are errors and map nothing") {
  NrosVSpace space;
  CHECK_FALSE(space.map(1, 0, k4K, kRights));
  CHECK_FALSE(space.map(0, 8, k4K, kRights));
  CHECK_FALSE(space.map(0, 0, k4K + 1, kRights));
  CHECK_FALSE(space.map(0, 0, k4K, MapRights::kNone));
  CHECK_FALSE(space.unmap(1));
  CHECK_FALSE(space.update_rights(0, kRights).has_value());
  CHECK(space.tables() == 1);
}

TEST_CASE("nros: every right reaches the leaf on map and on update") {
  struct Row {
    MapRights rights;
    bool writable, user, executable;
  };
  constexpr Row kRows[] = {
      {MapRights::kReadUser, false, true, false},
      {MapRights::kReadKernel, false, false, false},
      {MapRights::kReadWriteUser, true, true, false},
      {MapRights::kReadWriteKernel, true, false, false},
      {MapRights::kReadExecuteUser, false, true, true},
      {MapRights::kReadExecuteKernel, false, false, true},
      {MapRights::kReadWriteExecuteUser, true, true, true},
      {MapRights::kReadWriteExecuteKernel, true, false, true},
  };
  for (const std::uint64_t size : {k4K, k2M, k1G}) {
    for (const Row& row : kRows) {
      const Walked expected{size, 3 * size, size, row.writable, row.user, row.executable};
      NrosVSpace mapped;
      REQUIRE(mapped.map(size, 3 * size, size, row.rights));
      CHECK(*walk(mapped.root(), size) == expected);
      NrosVSpace updated;
      REQUIRE(updated.map(size, 3 * size, size, MapRights::kReadKernel));
      const auto leaf = updated.update_rights(2 * size - k4K, row.rights);
      REQUIRE(leaf.has_value());
      CHECK((leaf->va == size && leaf->pa == 3 * size && leaf->size == size));
      CHECK(leaf->old_rights == MapRights::kNone);
      CHECK(*walk(updated.root(), size) == expected);
    }
  }
}
