// SPDX-License-Identifier: MIT
#include "baselines/verified_page_table.hpp"

#include <iterator>
#include <map>
#include <random>
#include <set>

#include "baselines/test/walk.hpp"
#include "testing/catch.hpp"

namespace {

using quintet::baselines::Frame;
using quintet::baselines::FreshNoFree;
using quintet::baselines::MapResult;
using quintet::baselines::Resolved;
using quintet::baselines::UnmapResult;
using quintet::baselines::VerifiedPageTable;
using quintet::baselines::ZeroAndFree;
using quintet::baselines::test::colliding_addresses;
using quintet::baselines::test::walk;

constexpr std::uint64_t k4K = 1ULL << 12;
constexpr std::uint64_t k2M = 1ULL << 21;
constexpr std::uint64_t k1G = 1ULL << 30;
constexpr std::size_t kRoot = 1;

constexpr Frame frame_of(std::uint64_t base, std::uint64_t size) {
  return {
      .base = base, .size = size, .writable = true, .supervisor = false, .disable_execute = false};
}

/// What the table means: a map of mappings. Tables follow from it, since none is ever empty.
class Model {
 public:
  bool map(std::uint64_t va, const Frame& frame) {
    const auto next = mappings_.lower_bound(va);
    if (next != mappings_.end() && next->first < va + frame.size) return false;
    if (next != mappings_.begin()) {
      const auto& [before, mapped] = *std::prev(next);
      if (va < before + mapped.size) return false;
    }
    mappings_[va] = frame;
    return true;
  }

  bool unmap(std::uint64_t va) { return mappings_.erase(va) == 1; }

  [[nodiscard]] const std::pair<const std::uint64_t, Frame>* find(std::uint64_t va) const {
    const auto next = mappings_.upper_bound(va);
    if (next == mappings_.begin()) return nullptr;
    const auto& mapping = *std::prev(next);
    return va < mapping.first + mapping.second.size ? &mapping : nullptr;
  }

  [[nodiscard]] std::size_t tables() const {
    std::set<std::pair<unsigned, std::uint64_t>> tables;
    for (const auto& [va, frame] : mappings_) {
      tables.emplace(39U, va >> 39);
      if (frame.size < k1G) tables.emplace(30U, va >> 30);
      if (frame.size < k2M) tables.emplace(21U, va >> 21);
    }
    return kRoot + tables.size();
  }

 private:
  std::map<std::uint64_t, Frame> mappings_;
};

template <class Source>
void check_same(const VerifiedPageTable<Source>& table, const Model& model, std::uint64_t va) {
  const auto* const expected = model.find(va);
  const std::optional<Resolved> resolved = table.resolve(va);
  const auto walked = walk(table.root(), va);
  CAPTURE(va);
  REQUIRE(resolved.has_value() == (expected != nullptr));
  REQUIRE(walked.has_value() == (expected != nullptr));
  if (expected == nullptr) return;
  const auto& [base, frame] = *expected;
  REQUIRE(resolved->va == base);
  REQUIRE(resolved->frame == frame);
  REQUIRE((walked->va == base && walked->pa == frame.base && walked->size == frame.size));
  REQUIRE(walked->writable == frame.writable);
  REQUIRE(walked->user == !frame.supervisor);
  REQUIRE(walked->executable == !frame.disable_execute);
}

template <class Source>
void check_random_operations(std::uint64_t seed, bool reclaim) {
  CAPTURE(seed);
  const auto addresses = colliding_addresses();
  std::mt19937_64 random(seed);
  VerifiedPageTable<Source> table;
  Model model;
  for (int step = 0; step < 1500; ++step) {
    const std::uint64_t va = addresses[random() % addresses.size()];
    if (random() % 2 == 0) {
      // Without reclamation a table may be empty, and a huge page over it a false overlap.
      const std::uint64_t size = !reclaim || random() % 3 != 0 ? k4K : random() % 2 ? k2M : k1G;
      const Frame frame{random() % (1ULL << 52) / size * size, size, random() % 2 == 0,
                        random() % 2 == 0, random() % 2 == 0};
      const std::uint64_t base = va / size * size;
      REQUIRE((table.map_frame(base, frame) == MapResult::kOk) == model.map(base, frame));
    } else {
      const UnmapResult result = reclaim ? table.unmap(va) : table.unmap_noreclaim(va);
      REQUIRE((result == UnmapResult::kOk) == model.unmap(va));
    }
    if (reclaim) REQUIRE(table.tables() == model.tables());
    for (const std::uint64_t probe : addresses) check_same(table, model, probe | random() % k4K);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("verified: random operations agree with a map of mappings", "", FreshNoFree,
                   ZeroAndFree) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) check_random_operations<TestType>(seed, true);
}

TEMPLATE_TEST_CASE("verified: random operations without reclamation agree with the model", "",
                   FreshNoFree, ZeroAndFree) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) check_random_operations<TestType>(seed, false);
}

TEST_CASE("verified: an overlapping map changes nothing") {
  VerifiedPageTable<ZeroAndFree> table;
  REQUIRE(table.map_frame(5 * k4K, frame_of(7 * k4K, k4K)) == MapResult::kOk);
  const std::size_t tables = table.tables();
  CHECK(table.map_frame(5 * k4K, frame_of(7 * k4K, k4K)) == MapResult::kOverlap);
  CHECK(table.map_frame(0, frame_of(0, k2M)) == MapResult::kOverlap);
  CHECK(table.map_frame(0, frame_of(0, k1G)) == MapResult::kOverlap);
  CHECK(table.tables() == tables);
  REQUIRE(table.map_frame(k2M, frame_of(k2M, k2M)) == MapResult::kOk);
  CHECK(table.map_frame(k2M + k4K, frame_of(0, k4K)) == MapResult::kOverlap);
  CHECK(table.tables() == tables);
}

TEST_CASE("verified: unmap removes a mapping only by its base") {
  VerifiedPageTable<ZeroAndFree> table;
  REQUIRE(table.map_frame(k1G, frame_of(0, k1G)) == MapResult::kOk);
  CHECK(table.unmap(k1G + k2M) == UnmapResult::kNoSuchMapping);
  CHECK(table.unmap_noreclaim(k1G + k4K) == UnmapResult::kNoSuchMapping);
  CHECK(table.resolve(k1G + k2M + 8)->va == k1G);
  CHECK(table.unmap(k1G) == UnmapResult::kOk);
  CHECK(table.unmap(k1G) == UnmapResult::kNoSuchMapping);
  CHECK(table.tables() == kRoot);
}

TEST_CASE("verified: unmapping the last page of a table frees it and its empty ancestors") {
  VerifiedPageTable<ZeroAndFree> table;
  REQUIRE(table.map_frame(0, frame_of(0, k4K)) == MapResult::kOk);
  REQUIRE(table.map_frame(511 * k4K, frame_of(0, k4K)) == MapResult::kOk);
  REQUIRE(table.map_frame(k2M, frame_of(0, k4K)) == MapResult::kOk);
  REQUIRE(table.tables() == 5);
  CHECK(table.unmap(0) == UnmapResult::kOk);
  CHECK(table.tables() == 5);
  CHECK(table.unmap(511 * k4K) == UnmapResult::kOk);
  CHECK(table.tables() == 4);
  CHECK(table.unmap(k2M) == UnmapResult::kOk);
  CHECK(table.tables() == kRoot);
}

TEST_CASE("verified: without reclamation emptied tables stay and are used again") {
  VerifiedPageTable<FreshNoFree> table;
  for (int round = 0; round < 3; ++round) {
    CHECK(table.map_frame(k4K, frame_of(0, k4K)) == MapResult::kOk);
    CHECK(table.tables() == 4);
    CHECK(table.unmap_noreclaim(k4K) == UnmapResult::kOk);
    CHECK(table.tables() == 4);
  }
  CHECK(table.map_frame(0, frame_of(0, k2M)) == MapResult::kOverlap);
}

TEMPLATE_TEST_CASE("verified: tables are zeroed and 4 KiB-aligned in a used process", "",
                   FreshNoFree, ZeroAndFree) {
  for (int round = 0; round < 3; ++round) {  // the second and third find what the first left
    TestType source;
    std::vector<std::uint64_t> tables;
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t table = source.allocate();
      REQUIRE(table % k4K == 0);
      auto* const entries = reinterpret_cast<std::uint64_t*>(table);
      for (int k = 0; k < 512; ++k) {
        REQUIRE(entries[k] == 0);
        entries[k] = ~std::uint64_t{0};
      }
      tables.push_back(table);
    }
    if (TestType::kOwnerReleases) {
      for (const std::uint64_t table : tables) source.release(table);
    }
  }
}

TEST_CASE("verified: a fresh source grows past its first region") {
  FreshNoFree source;
  std::uint64_t last = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t table = source.allocate();
    REQUIRE(table != last);
    REQUIRE(*reinterpret_cast<std::uint64_t*>(table + k4K - 8) == 0);
    last = table;
  }
}
