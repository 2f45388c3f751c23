// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>

#include "ironkv/delegation_map.hpp"
#include "ironkv/peers.hpp"
#include "ironkv_cases/settings.hpp"
#include "platform/clock.hpp"
#include "support/case.hpp"
#include "testing/random.hpp"

// The delegation map with so many entries: who has a key, and a range that changes hands. Keys and
// ranges are random. The reference's own map is searched from the front and never merges entries.
namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::DelegationMap;
using ironkv::Key;
using ironkv::KeyRange;
using ironkv::PeerId;

// Entries at equal distances, of three owners in turn.
DelegationMap<PeerId> make_map(std::uint64_t entries) {
  DelegationMap<PeerId> map(0);
  const Key step = ~Key{0} / entries;
  for (std::uint64_t i = 1; i < entries; ++i) {
    map.set(KeyRange::from(i * step), static_cast<PeerId>(i % 3));
  }
  return map;
}

Outcome look_up(std::uint64_t entries) {
  const DelegationMap<PeerId> map = make_map(entries);
  if (map.entries().size() != entries) return fail("the map has merged what it must not");
  testing::Random random(1);
  std::uint64_t sum = 0;
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < operations(); ++i) sum += map.owner(random.next());
  const double seconds = watch.seconds();
  if (sum > 2 * operations()) return fail("an owner that there is not");
  return Sample::per_op(seconds, operations());
}

// A range of a tenth of an entry's: one or two entries more, and fewer again by the next change.
Outcome change(std::uint64_t entries) {
  DelegationMap<PeerId> map = make_map(entries);
  const Key step = ~Key{0} / entries;
  testing::Random random(1);
  const std::uint64_t changes = operations() / 10 + 1;
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < changes; ++i) {
    const Key low = random.next() % (~Key{0} - step / 10);
    const PeerId owner = map.owner(low);
    map.set(KeyRange::between(low, low + step / 10), (owner + 1) % 3);
    map.set(KeyRange::between(low, low + step / 10), owner);
  }
  return Sample::per_op(watch.seconds(), 2 * changes);
}

}  // namespace

void register_map_cases() {
  for (const std::uint64_t entries : {1U, 16U, 1024U, 65536U}) {
    const std::string size = "/entries:" + std::to_string(entries);
    register_case("ironkv/map_owner/quintet" + size, [=] { return look_up(entries); });
    register_case("ironkv/map_set/quintet" + size, [=] { return change(entries); });
  }
}

}  // namespace quintet::bench::ironkv_cases
