// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "pm_log/placement.hpp"
#include "testing/catch.hpp"

// Where logs go on media of any size.
namespace quintet::pm_log::world {
namespace {

using Specs = std::vector<LogSpec>;

Specs of(const std::vector<std::uint64_t>& capacities) {
  Specs specs;
  for (const std::uint64_t capacity : capacities) specs.push_back({.capacity = capacity});
  return specs;
}

// What a user may rely on, whatever was asked for.
void check_places(std::uint64_t bytes, const Specs& specs) {
  const auto places = place_logs(bytes, specs);
  REQUIRE(places.has_value());
  REQUIRE(places->size() == specs.size());
  std::uint64_t free = specs.size() == 1 ? 0x3000 : 0x4000 + 512 * specs.size();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const DirectoryEntry& place = (*places)[i];
    INFO("log " << i << " of " << specs.size() << " on " << bytes);
    CHECK(place.area % kPageBytes == 0);
    CHECK(place.length % kLineBytes == 0);
    CHECK(place.length >= std::max<std::uint64_t>(specs[i].capacity, 1));
    CHECK(place.area >= free);  // disjoint, in order
    free = place.area + place.length;
  }
  CHECK(free <= align_down(bytes, kPageBytes) - kPageBytes);  // superblock B
}

std::uint64_t needed(const Specs& specs) {
  const auto refused = place_logs(0, specs);
  REQUIRE(!refused);
  REQUIRE(refused.error().code == Errc::kTooSmall);
  return refused.error().a;
}

TEST_CASE("placement: one log gets all the room there is") {
  const Specs all = of({0});
  for (const std::uint64_t bytes : {0x5000U, 0x5001U, 0x5FFFU, 0x6000U, 0x100000U, 0x100FFFU}) {
    check_places(bytes, all);
    const auto places = place_logs(bytes, all);
    CHECK((*places)[0].area == 0x3000);
    CHECK((*places)[0].length == align_down<std::uint64_t>(bytes, 4096) - 0x4000);
  }
}

TEST_CASE("placement: capacities are rounded up to lines") {
  const auto length = [](std::uint64_t capacity) {
    return (*place_logs(0x100000, of({capacity})))[0].length;
  };
  CHECK(length(1) == 64);
  CHECK(length(63) == 64);
  CHECK(length(64) == 64);
  CHECK(length(65) == 128);
  CHECK(length(4096) == 4096);
  CHECK(length(4097) == 4160);
}

TEST_CASE("placement: what nobody asked for is shared equally") {
  const Specs specs = of({0, 100, 0, 5000, 0});
  const std::uint64_t bytes = 0x40000;
  check_places(bytes, specs);
  const auto places = *place_logs(bytes, specs);
  CHECK(places[1].length == 128);
  CHECK(places[3].length == 5056);
  CHECK(places[0].length == places[2].length);
  CHECK(places[0].length == places[4].length);
  // No sharer could have a page more: 3 pages for the others, the front and the last page.
  const std::uint64_t pages = (bytes - 0x5000 - 0x1000) / 4096 - 3;
  CHECK(places[0].length == pages / 3 * 4096);
}

TEST_CASE("placement: the bytes needed are enough and one less is not") {
  for (const Specs& specs : {of({0}), of({1}), of({4096}), of({4097}), of({0, 0}),
                             of({64, 0, 9000}), Specs(64), of({1ULL << 40}), of({1ULL << 63})}) {
    const std::uint64_t bytes = needed(specs);
    check_places(bytes, specs);
    const auto refused = place_logs(bytes - 1, specs);
    REQUIRE(!refused);
    CHECK(refused.error() == Error{.code = Errc::kTooSmall, .a = bytes, .b = bytes - 1});
  }
  CHECK(needed(of({0})) == 0x5000);
  CHECK(needed(of({1, 4097})) == 0x5000 + 0x1000 + 0x2000 + 0x1000);
  CHECK(needed(Specs(64)) == 0xC000 + 64 * 0x1000 + 0x1000);
}

TEST_CASE("placement: sums of capacities do not overflow") {
  const auto is_refused = [](const Specs& specs) {
    for (const std::uint64_t bytes : {std::uint64_t{0x100000}, UINT64_MAX}) {
      const auto places = place_logs(bytes, specs);
      if (places || places.error().code != Errc::kTooSmall) return false;
    }
    return true;
  };
  CHECK(is_refused(of({UINT64_MAX})));
  CHECK(is_refused(of({UINT64_MAX - 4095})));
  CHECK(is_refused(of({UINT64_MAX - 0x5000 + 1})));
  CHECK(is_refused(of({1ULL << 63, 1ULL << 63})));
  CHECK(is_refused(of({1ULL << 63, (1ULL << 63) - 1})));
  CHECK(is_refused(of(std::vector<std::uint64_t>(64, 1ULL << 58))));
  check_places(UINT64_MAX, of({0}));
  check_places(UINT64_MAX, of({UINT64_MAX - 0x6000 + 1}));
}

TEST_CASE("placement: none and too many logs are refused") {
  CHECK(place_logs(1 << 30, Specs(0)).error() ==
        Error{.code = Errc::kTooManyLogs, .a = 64, .b = 0});
  CHECK(place_logs(1 << 30, Specs(65)).error() ==
        Error{.code = Errc::kTooManyLogs, .a = 64, .b = 65});
  check_places(1 << 30, Specs(64));
}

TEST_CASE("placement: names and kinds are kept") {
  const Specs specs{{.name = "events", .records = true}, {.name = std::string(64, 'n')}, {}, {}};
  const auto places = *place_logs(1 << 20, specs);
  CHECK(places[0].label() == "events");
  CHECK(places[0].flags == kFlagRecords);
  CHECK(places[1].label() == std::string(64, 'n'));
  CHECK(places[1].flags == 0);
  CHECK(places[2].label() == "");
  CHECK(places[3].label() == "");
}

TEST_CASE("placement: names that are too long or there already are refused") {
  const std::string cut("a\0b", 3);
  for (const std::string& name : {std::string(65, 'm'), std::string("events"), cut}) {
    const Specs specs{{.name = "events"}, {}, {.name = name}};
    CHECK(place_logs(1 << 20, specs).error() ==
          Error{.code = Errc::kBadName, .log = 2, .a = 64, .b = name.size()});
  }
}

}  // namespace
}  // namespace quintet::pm_log::world
