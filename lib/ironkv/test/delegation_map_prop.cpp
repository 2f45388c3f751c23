// SPDX-License-Identifier: MIT
#include <cstdint>
#include <map>
#include <ostream>
#include <vector>

#include "ironkv/delegation_map.hpp"
#include "testing/rapidcheck.hpp"

// The delegation map against a std::map of boundaries that keeps every one and joins nothing. P5.
namespace quintet::ironkv {
namespace {

using Owner = std::uint32_t;

class Model {
 public:
  [[nodiscard]] Owner owner(Key key) const { return std::prev(owners_.upper_bound(key))->second; }
  void set(const KeyRange& range, Owner owner_of_range) {
    if (range.is_empty()) return;
    if (!range.high.is_infinite) owners_[range.high.key] = owner(range.high.key);
    const auto end = range.high.is_infinite ? owners_.end() : owners_.find(range.high.key);
    owners_.erase(owners_.lower_bound(range.low.key), end);
    owners_[range.low.key] = owner_of_range;
  }
  [[nodiscard]] KeyBound<Key> end_of_run(Key key) const {
    const Owner mine = owner(key);
    for (auto next = owners_.upper_bound(key); next != owners_.end(); ++next) {
      if (next->second != mine) return KeyBound<Key>::at(next->first);
    }
    return KeyBound<Key>::infinity();
  }
  [[nodiscard]] bool owns(Owner who, const KeyRange& range) const {
    if (range.is_empty()) return true;
    if (owner(range.low.key) != who) return false;
    for (const auto& [low, owner] : owners_) {
      if (range.contains(low) && owner != who) return false;
    }
    return true;
  }
  [[nodiscard]] std::vector<Key> boundaries() const {
    std::vector<Key> keys;
    for (const auto& [low, owner] : owners_) keys.push_back(low);
    return keys;
  }

 private:
  std::map<Key, Owner> owners_{{0, 0}};
};

struct Change {
  KeyRange range;
  Owner owner;
};
std::ostream& operator<<(std::ostream& out, const KeyBound<Key>& bound) {
  return bound.is_infinite ? out << "infinity" : out << bound.key;
}
std::ostream& operator<<(std::ostream& out, const Change& change) {
  return out << "[" << change.range.low << ", " << change.range.high << ") to " << change.owner;
}

// Few, so that bounds meet; both ends; and any.
rc::Gen<Key> keys() {
  constexpr Key kLast = ~Key{0};
  return rc::gen::weightedOneOf<Key>(
      {{6, rc::gen::inRange<Key>(0, 20)},
       {2, rc::gen::map(rc::gen::inRange<Key>(0, 4), [](Key key) { return kLast - key; })},
       {1, rc::gen::just(kLast)},
       {1, rc::gen::just(Key{0})},
       {1, rc::gen::arbitrary<Key>()}});
}
rc::Gen<KeyBound<Key>> bounds() {
  return rc::gen::weightedOneOf<KeyBound<Key>>(
      {{8, rc::gen::map(keys(), [](Key key) { return KeyBound<Key>::at(key); })},
       {1, rc::gen::just(KeyBound<Key>::infinity())}});
}
rc::Gen<Change> changes() {
  const auto range = rc::gen::map(rc::gen::pair(bounds(), bounds()), [](const auto& ends) {
    return KeyRange{ends.first, ends.second};
  });
  return rc::gen::map(rc::gen::pair(range, rc::gen::inRange<Owner>(0, 3)),
                      [](const auto& change) { return Change{change.first, change.second}; });
}

void check_same(const DelegationMap<Owner>& map, const Model& model) {
  map.check_invariants();
  for (const Key boundary : model.boundaries()) {
    for (const Key key : {boundary - 1, boundary, boundary + 1}) {  // wraps to the other end
      RC_ASSERT(map.owner(key) == model.owner(key));
      RC_ASSERT(map.end_of_run(key) == model.end_of_run(key));
    }
  }
  // I3: no boundary without need.
  std::size_t needed = 1;
  Owner last = model.owner(0);
  for (const Key boundary : model.boundaries()) {
    needed += model.owner(boundary) != last ? 1 : 0;
    last = model.owner(boundary);
  }
  RC_ASSERT(map.entries().size() == needed);
}

}  // namespace

TEST_CASE("the delegation map gives each key to the owner that was set last P5") {
  std::size_t most = 0;
  rc::prop("is a map of boundaries", [&] {
    DelegationMap<Owner> map(0);
    Model model;
    for (const Change& change : *rc::gen::container<std::vector<Change>>(changes())) {
      map.set(change.range, change.owner);
      model.set(change.range, change.owner);
      check_same(map, model);
      most = std::max(most, map.entries().size());
      for (int i = 0; i < 3; ++i) {
        const Change question = *changes();
        RC_ASSERT(map.owns(question.owner, question.range) ==
                  model.owns(question.owner, question.range));
      }
      RC_ASSERT(map.owns(change.owner, change.range));
    }
    DelegationMap<Owner> restored(7);
    RC_ASSERT(DelegationMap<Owner>::is_valid(map.entries()));
    restored.restore(map.entries());
    check_same(restored, model);
  });
  CHECK(most > 4);
}

TEST_CASE("lists of entries that break an invariant are told") {
  using Map = DelegationMap<Owner>;
  CHECK_FALSE(Map::is_valid({}));
  CHECK_FALSE(Map::is_valid({{1, 0}}));
  CHECK_FALSE(Map::is_valid({{0, 0}, {5, 0}}));
  CHECK_FALSE(Map::is_valid({{0, 0}, {5, 1}, {5, 2}}));
  CHECK_FALSE(Map::is_valid({{0, 0}, {5, 1}, {4, 2}}));
  CHECK(Map::is_valid({{0, 0}}));
  CHECK(Map::is_valid({{0, 1}, {1, 0}, {~Key{0}, 1}}));
}

TEST_CASE("a range and a bound know what lies in them") {
  constexpr Key kLast = ~Key{0};
  CHECK(KeyRange::all().contains(0));
  CHECK(KeyRange::all().contains(kLast));
  CHECK(KeyRange::only(kLast).contains(kLast));
  CHECK_FALSE(KeyRange::only(kLast).contains(kLast - 1));
  CHECK_FALSE(KeyRange::between(0, kLast).contains(kLast));
  CHECK(KeyRange::between(5, 5).is_empty());
  CHECK_FALSE(KeyRange::from(kLast).is_empty());
  const KeyBound<Key> infinity = KeyBound<Key>::infinity();
  CHECK(KeyRange{infinity, infinity}.is_empty());
  CHECK_FALSE(KeyRange{infinity, infinity}.contains(kLast));
  rc::prop("a range is empty if it contains no key", [] {
    const KeyRange range{*bounds(), *bounds()};
    RC_ASSERT(range.is_empty() == (range.low.is_infinite || !range.contains(range.low.key)));
    const Key key = *keys();
    RC_ASSERT(KeyRange::only(key).contains(key));
    if (range.contains(key)) RC_ASSERT_FALSE(range.is_empty());
  });
}

}  // namespace quintet::ironkv
