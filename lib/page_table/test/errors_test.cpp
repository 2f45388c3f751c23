// SPDX-License-Identifier: MIT
#include <array>

#include "page_table/test/world/bench_table.hpp"
#include "testing/catch.hpp"

// Every documented error code of every operation, one line each.
namespace quintet::page_table::world {
namespace {

using enum PageSize;
constexpr VirtAddr kHole(0x0000'8000'0000'0000);
constexpr VirtAddr kLastLow(0x0000'7FFF'FFFF'F000);
const PageFlags kBadFlags = PageFlags::from_bits(1);

// 4 KiB pages at 0x1000 and 0x3000, a 2 MiB page at 0x200000, a 1 GiB page at 0x40000000.
struct Furnished : Bench<> {
  explicit Furnished(CpuFeatures features = {}) : Bench<>(features) {
    REQUIRE(table.map(VirtAddr(0x1000), PhysAddr(0x5000), k4K, PageFlags()).has_value());
    REQUIRE(table.map(VirtAddr(0x3000), PhysAddr(0x7000), k4K, PageFlags()).has_value());
    REQUIRE(table.map(VirtAddr(k2MiB), PhysAddr(k2MiB), k2M, PageFlags()).has_value());
    if (features.gib_pages) {
      REQUIRE(table.map(VirtAddr(k1GiB), PhysAddr(k1GiB), k1G, PageFlags()).has_value());
    }
  }
};

TEST_CASE("create refuses what no CPU has and a memory without frames") {
  using Table = PageTable<FullMemory>;
  FullMemory memory(4), nothing(0);
  CHECK(Table::create(memory, {.maxphyaddr = 31}).error() == Error::kPhysRange);
  CHECK(Table::create(memory, {.maxphyaddr = 53}).error() == Error::kPhysRange);
  CHECK(Table::create(memory, {.maxphyaddr = 32}).has_value());
  CHECK(Table::create(memory, {.maxphyaddr = 52}).has_value());
  CHECK(Table::create(nothing).error() == Error::kOutOfFrames);
  CHECK(memory.frames_in_use().empty());
}

TEST_CASE("errors of map") {
  Furnished w;
  auto& t = w.table;
  CHECK(error_of(t.map(VirtAddr(0x2800), PhysAddr(0), k4K, {})) == Error::kMisaligned);
  CHECK(error_of(t.map(VirtAddr(0x2000), PhysAddr(0x800), k4K, {})) == Error::kMisaligned);
  CHECK(error_of(t.map(VirtAddr(0x60'1000), PhysAddr(0), k2M, {})) == Error::kMisaligned);
  CHECK(error_of(t.map(VirtAddr(k1GiB + k2MiB), PhysAddr(0), k1G, {})) == Error::kMisaligned);
  CHECK(error_of(t.map(kHole, PhysAddr(0), k4K, {})) == Error::kNonCanonical);
  CHECK(error_of(t.map(kHole, PhysAddr(0), k2M, {})) == Error::kNonCanonical);
  CHECK(error_of(t.map(kHole, PhysAddr(0), k1G, {})) == Error::kNonCanonical);
  CHECK(error_of(t.map(VirtAddr(0), PhysAddr(1ULL << 52), k4K, {})) == Error::kPhysRange);
  CHECK(error_of(t.map(VirtAddr(0), PhysAddr(0), k4K, kBadFlags)) == Error::kBadFlags);
  CHECK(error_of(t.map(VirtAddr(4 * k2MiB), PhysAddr(0), k2M, kBadFlags)) == Error::kBadFlags);
  CHECK(error_of(t.map(VirtAddr(0x1000), PhysAddr(0), k4K, {})) == Error::kOverlap);
  CHECK(error_of(t.map(VirtAddr(0), PhysAddr(0), k2M, {})) == Error::kOverlap);
  CHECK(error_of(t.map(VirtAddr(0), PhysAddr(0), k1G, {})) == Error::kOverlap);
  CHECK(error_of(t.map(VirtAddr(k2MiB + 0x5000), PhysAddr(0), k4K, {})) == Error::kOverlap);
  CHECK(error_of(t.map(VirtAddr(k1GiB + k2MiB), PhysAddr(0), k2M, {})) == Error::kOverlap);
  w.memory.refuse_allocation(1);
  CHECK(error_of(t.map(VirtAddr(4 * k2MiB), PhysAddr(0), k4K, {})) == Error::kOutOfFrames);
}

TEST_CASE("errors of map on a small CPU") {
  Furnished none({.maxphyaddr = 36, .nx = true, .gib_pages = false});
  auto& t = none.table;
  CHECK(error_of(t.map(VirtAddr(k1GiB), PhysAddr(0), k1G, {})) == Error::kBadSize);
  CHECK(error_of(t.map(VirtAddr(0), PhysAddr(1ULL << 36), k4K, {})) == Error::kPhysRange);
  CHECK(t.map(VirtAddr(0), PhysAddr((1ULL << 36) - k4KiB), k4K, {}).has_value());
  Bench<> no_nx({.maxphyaddr = 52, .nx = false, .gib_pages = true});
  CHECK(error_of(no_nx.table.map(VirtAddr(0), PhysAddr(0), k4K, {})) == Error::kBadFlags);
  CHECK(no_nx.table.map(VirtAddr(0), PhysAddr(0), k4K, PageFlags().executable()).has_value());
}

TEST_CASE("errors of unmap and protect") {
  Furnished w;
  auto& t = w.table;
  CHECK(error_of(t.unmap(VirtAddr(0x1008))) == Error::kMisaligned);
  CHECK(error_of(t.unmap(kHole)) == Error::kNonCanonical);
  CHECK(error_of(t.unmap(VirtAddr(0x2000))) == Error::kNotMapped);
  CHECK(error_of(t.unmap(VirtAddr(8 * k1GiB))) == Error::kNotMapped);
  CHECK(error_of(t.unmap(VirtAddr(k2MiB + k4KiB))) == Error::kNotBase);
  CHECK(error_of(t.unmap(VirtAddr(k1GiB + k2MiB))) == Error::kNotBase);
  CHECK(error_of(t.protect(VirtAddr(0x1008), {})) == Error::kMisaligned);
  CHECK(error_of(t.protect(kHole, {})) == Error::kNonCanonical);
  CHECK(error_of(t.protect(VirtAddr(0x1000), kBadFlags)) == Error::kBadFlags);
  CHECK(error_of(t.protect(VirtAddr(0x2000), {})) == Error::kNotMapped);
  CHECK(error_of(t.protect(VirtAddr(k2MiB + k4KiB), {})) == Error::kNotBase);
}

TEST_CASE("errors of resolve and of the accessed and dirty queries") {
  Furnished w;
  auto& t = w.table;
  const auto& reader = std::as_const(t);
  CHECK(error_of(t.resolve(kHole)) == Error::kNonCanonical);
  CHECK(error_of(reader.resolve(kHole)) == Error::kNonCanonical);
  CHECK(error_of(t.resolve(VirtAddr(0x2FFF))) == Error::kNotMapped);
  CHECK(error_of(reader.resolve(VirtAddr(0x2FFF))) == Error::kNotMapped);
  CHECK(error_of(t.test_and_clear_accessed(kHole)) == Error::kNonCanonical);
  CHECK(error_of(t.test_and_clear_accessed(VirtAddr(0x2000))) == Error::kNotMapped);
  CHECK(error_of(t.test_and_clear_dirty(kHole)) == Error::kNonCanonical);
  CHECK(error_of(t.test_and_clear_dirty(VirtAddr(0x2000))) == Error::kNotMapped);
}

TEST_CASE("errors of map_range") {
  Furnished w;
  auto& t = w.table;
  const VirtAddr free(16 * k1GiB);
  CHECK(error_of(t.map_range(free + 8, PhysAddr(0), k4KiB, {})) == Error::kMisaligned);
  CHECK(error_of(t.map_range(free, PhysAddr(8), k4KiB, {})) == Error::kMisaligned);
  CHECK(error_of(t.map_range(free, PhysAddr(0), k4KiB + 8, {})) == Error::kMisaligned);
  CHECK(error_of(t.map_range(kHole, PhysAddr(0), k4KiB, {})) == Error::kNonCanonical);
  CHECK(error_of(t.map_range(free, PhysAddr(0), 0, {})) == Error::kBadRange);
  CHECK(error_of(t.map_range(kLastLow, PhysAddr(0), 2 * k4KiB, {})) == Error::kBadRange);
  CHECK(error_of(t.map_range(VirtAddr(0 - k4KiB), PhysAddr(0), 2 * k4KiB, {})) == Error::kBadRange);
  CHECK(error_of(t.map_range(VirtAddr(0), PhysAddr(0), 0xFFFF'8000'0000'1000, {})) ==
        Error::kBadRange);  // both ends canonical, the hole between them
  CHECK(error_of(t.map_range(free, PhysAddr((1ULL << 52) - k4KiB), 2 * k4KiB, {})) ==
        Error::kPhysRange);
  CHECK(error_of(t.map_range(free, PhysAddr(0), k4KiB, kBadFlags)) == Error::kBadFlags);
  CHECK(error_of(t.map_range(VirtAddr(0x2000), PhysAddr(0), 2 * k4KiB, {})) == Error::kOverlap);
  CHECK(error_of(t.map_range(VirtAddr(k1GiB - k4KiB), PhysAddr(0), 2 * k4KiB, {})) ==
        Error::kOverlap);
  CHECK(error_of(t.map_range(VirtAddr(0), PhysAddr(0), k1GiB, {}, k1G)) == Error::kOverlap);
  CHECK(error_of(t.map_range(free, PhysAddr(0), 64 * k2MiB, {})) == Error::kOutOfFrames);
}

TEST_CASE("errors of unmap_range and protect_range") {
  Furnished w;
  auto& t = w.table;
  const auto both = [&](VirtAddr va, std::uint64_t bytes, Error error) {
    CHECK(error_of(t.unmap_range(va, bytes)) == error);
    CHECK(error_of(t.protect_range(va, bytes, {})) == error);
  };
  both(VirtAddr(0x1008), k4KiB, Error::kMisaligned);
  both(VirtAddr(0x1000), 12, Error::kMisaligned);
  both(kHole, k4KiB, Error::kNonCanonical);
  both(VirtAddr(0x1000), 0, Error::kBadRange);
  both(kLastLow, 2 * k4KiB, Error::kBadRange);
  both(VirtAddr(0 - k4KiB), 2 * k4KiB, Error::kBadRange);
  both(VirtAddr(0), k2MiB + k4KiB, Error::kStraddles);      // its end cuts
  both(VirtAddr(k2MiB + k4KiB), k2MiB, Error::kStraddles);  // its start cuts
  both(VirtAddr(k2MiB + k4KiB), k4KiB, Error::kStraddles);  // inside
  both(VirtAddr(k1GiB + k2MiB), k1GiB, Error::kStraddles);
  CHECK(error_of(t.protect_range(VirtAddr(0x1000), k4KiB, kBadFlags)) == Error::kBadFlags);
}

TEST_CASE("errors of map_batch name the request") {
  Furnished w;
  auto& t = w.table;
  using Request = Bench<>::Table::MapRequest;
  const auto refused = [&](VirtAddr va, PhysAddr pa, PageFlags flags) {
    const std::array<Request, 2> requests = {
        Request{VirtAddr(0x2000), PhysAddr(0x9000), PageFlags()}, Request{va, pa, flags}};
    const auto [index, error] = error_of(t.map_batch(requests));
    CHECK(index == 1);
    CHECK(error_of(t.resolve(VirtAddr(0x2000))) == Error::kNotMapped);
    return error;
  };
  CHECK(refused(VirtAddr(0x2008), PhysAddr(0), {}) == Error::kMisaligned);
  CHECK(refused(VirtAddr(0x4000), PhysAddr(0x8), {}) == Error::kMisaligned);
  CHECK(refused(kHole, PhysAddr(0), {}) == Error::kNonCanonical);
  CHECK(refused(VirtAddr(0x4000), PhysAddr(1ULL << 52), {}) == Error::kPhysRange);
  CHECK(refused(VirtAddr(0x4000), PhysAddr(0), kBadFlags) == Error::kBadFlags);
  CHECK(refused(VirtAddr(0x2000), PhysAddr(0), {}) == Error::kOverlap);  // twice in the batch
  CHECK(refused(VirtAddr(0x1000), PhysAddr(0), {}) == Error::kOverlap);
  CHECK(refused(VirtAddr(k2MiB + k4KiB), PhysAddr(0), {}) == Error::kOverlap);
  w.memory.refuse_allocation(1);
  CHECK(refused(VirtAddr(64 * k1GiB), PhysAddr(0), {}) == Error::kOutOfFrames);
  CHECK(t.map_batch({}).has_value());
}

TEST_CASE("errors of unmap_batch name the request") {
  Furnished w;
  auto& t = w.table;
  const auto refused = [&](VirtAddr va) {
    const std::array<VirtAddr, 3> addresses = {VirtAddr(0x1000), VirtAddr(k1GiB), va};
    std::array<Mapping, 3> removed;
    const auto [index, error] = error_of(t.unmap_batch(addresses, removed));
    CHECK(index == 2);
    CHECK(t.resolve(VirtAddr(0x1000)).has_value());
    CHECK(t.resolve(VirtAddr(k1GiB)).has_value());
    return error;
  };
  CHECK(refused(VirtAddr(0x3008)) == Error::kMisaligned);
  CHECK(refused(kHole) == Error::kNonCanonical);
  CHECK(refused(VirtAddr(0x2000)) == Error::kNotMapped);
  CHECK(refused(VirtAddr(0x1000)) == Error::kNotMapped);  // twice in the batch
  CHECK(refused(VirtAddr(k2MiB + k4KiB)) == Error::kNotBase);
  CHECK(t.unmap_batch({}, {}).has_value());
}

TEST_CASE("resolve_batch answers each request by itself") {
  Furnished w;
  const std::array<VirtAddr, 4> addresses = {VirtAddr(0x1234), kHole, VirtAddr(0x2000),
                                             VirtAddr(k1GiB + 5)};
  std::vector<Result<Mapping>> found(4, std::unexpected(Error::kBadSize));
  w.table.resolve_batch(addresses, found);
  REQUIRE(found[0].has_value());
  CHECK(found[0]->base() == VirtAddr(0x1000));
  CHECK(error_of(found[1]) == Error::kNonCanonical);
  CHECK(error_of(found[2]) == Error::kNotMapped);
  REQUIRE(found[3].has_value());
  CHECK(found[3]->size() == k1G);
}

TEST_CASE("errors of split") {
  Furnished w;
  auto& t = w.table;
  CHECK(error_of(t.split(kHole)) == Error::kNonCanonical);
  CHECK(error_of(t.split(VirtAddr(0x2000))) == Error::kNotMapped);
  CHECK(error_of(t.split(VirtAddr(0x1000))) == Error::kBadSize);
  w.memory.refuse_allocation(1);
  CHECK(error_of(t.split(VirtAddr(k2MiB))) == Error::kOutOfFrames);
  CHECK(t.resolve(VirtAddr(k2MiB))->size() == k2M);
}

TEST_CASE("errors of merge") {
  Furnished w;
  auto& t = w.table;
  CHECK(error_of(t.merge(VirtAddr(0), k4K)) == Error::kBadSize);
  CHECK(error_of(t.merge(VirtAddr(k4KiB), k2M)) == Error::kMisaligned);
  CHECK(error_of(t.merge(kHole, k2M)) == Error::kNonCanonical);
  CHECK(error_of(t.merge(VirtAddr(16 * k1GiB), k2M)) == Error::kNotMapped);
  CHECK(error_of(t.merge(VirtAddr(8 * k2MiB), k2M)) == Error::kNotMapped);
  CHECK(error_of(t.merge(VirtAddr(0), k2M)) == Error::kNotMergeable);      // incomplete
  CHECK(error_of(t.merge(VirtAddr(0), k1G)) == Error::kNotMergeable);      // tables below
  CHECK(error_of(t.merge(VirtAddr(k1GiB), k2M)) == Error::kNotMergeable);  // part of a larger page
  CHECK(t.merge(VirtAddr(k2MiB), k2M).has_value());                        // one page already
  Furnished small({.maxphyaddr = 52, .nx = true, .gib_pages = false});
  CHECK(error_of(small.table.merge(VirtAddr(0), k1G)) == Error::kBadSize);
}

TEST_CASE("errors of for_each") {
  Furnished w;
  const auto nobody = [](const Run&) { FAIL("called for a bad range"); };
  CHECK(error_of(w.table.for_each(VirtAddr(8), k4KiB, nobody)) == Error::kMisaligned);
  CHECK(error_of(w.table.for_each(VirtAddr(0), 8, nobody)) == Error::kMisaligned);
  CHECK(error_of(w.table.for_each(kHole, k4KiB, nobody)) == Error::kNonCanonical);
  CHECK(error_of(w.table.for_each(VirtAddr(0), 0, nobody)) == Error::kBadRange);
  CHECK(error_of(w.table.for_each(kLastLow, 2 * k4KiB, nobody)) == Error::kBadRange);
}

}  // namespace
}  // namespace quintet::page_table::world
