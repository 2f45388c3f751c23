// SPDX-License-Identifier: MIT
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "node_replication/structures/counter.hpp"
#include "node_replication/structures/hash_map.hpp"
#include "node_replication/structures/ordered_map.hpp"
#include "node_replication/structures/stack.hpp"
#include "testing/catch.hpp"

// The structures alone: against the standard containers, and with what they may hold.
namespace quintet::node_replication {
namespace {

// Puts and erases `rounds` keys out of `keys` at random, and looks at everything after each.
template <class Map, class MakeKey>
void compare_with_std_map(std::uint64_t seed, int rounds, std::uint64_t keys, MakeKey make_key) {
  std::mt19937_64 random(seed);
  Map map;
  std::map<decltype(make_key(0)), std::uint64_t> expected;
  for (int i = 0; i < rounds; ++i) {
    const auto key = make_key(random() % keys);
    std::optional<std::uint64_t> old;
    if (const auto found = expected.find(key); found != expected.end()) old = found->second;
    if (random() % 2 == 0) {
      const std::uint64_t value = random();
      REQUIRE(map.apply(Map::put(key, value)) == old);
      expected[key] = value;
    } else {
      REQUIRE(map.apply(Map::erase(key)) == old);
      expected.erase(key);
    }
    REQUIRE(map.size() == expected.size());
    for (std::uint64_t k = 0; k < keys; ++k) {
      const auto found = expected.find(make_key(k));
      const std::uint64_t* value = map.find(make_key(k));
      REQUIRE((value != nullptr) == (found != expected.end()));
      if (value != nullptr) REQUIRE(*value == found->second);
    }
  }
}

// Every key has one of three homes, the last slots of the array among them: runs wrap around.
struct CrowdedHash {
  std::size_t operator()(std::uint64_t key) const { return ~std::size_t{0} * (key % 3); }
};

TEST_CASE("a counter answers the new value") {
  Counter counter(5);
  REQUIRE(counter.apply({.add = 2}) == 7);
  REQUIRE(counter.apply({}) == 8);
  REQUIRE(counter.value() == 8);
}

TEST_CASE("a hash map does what std::map does") {
  const auto same = [](std::uint64_t k) { return k; };
  compare_with_std_map<HashMap<std::uint64_t, std::uint64_t>>(1, 2000, 40, same);
  compare_with_std_map<HashMap<std::uint64_t, std::uint64_t, CrowdedHash>>(2, 2000, 40, same);
  // Keys that std::hash leaves as they are and that share their low bits.
  compare_with_std_map<HashMap<std::uint64_t, std::uint64_t>>(
      3, 2000, 40, [](std::uint64_t k) { return k << 40; });
  compare_with_std_map<HashMap<std::string, std::uint64_t>>(
      4, 2000, 40, [](std::uint64_t k) { return std::string(30, 'k') + std::to_string(k); });
}

TEST_CASE("a hash map grows at the same operation whatever was erased before") {
  using Map = HashMap<std::uint64_t, std::uint64_t>;
  Map map;
  const std::size_t first = map.capacity();
  for (std::uint64_t k = 0; k < 1000; ++k) {  // never more than one entry
    map.apply(Map::put(k, k));
    map.apply(Map::erase(k));
  }
  REQUIRE(map.capacity() == first);
  Map reserved(1000);
  const std::size_t room = reserved.capacity();
  for (std::uint64_t k = 0; k < 1000; ++k) reserved.apply(Map::put(k, k));
  REQUIRE(reserved.capacity() == room);
  REQUIRE(reserved.size() == 1000);
  std::size_t visited = 0;
  reserved.for_each([&](std::uint64_t k, std::uint64_t v) { visited += k == v ? 1 : 0; });
  REQUIRE(visited == 1000);
}

TEST_CASE("an ordered map does what std::map does") {
  compare_with_std_map<OrderedMap<std::string, std::uint64_t>>(
      5, 2000, 40, [](std::uint64_t k) { return std::string(30, 'k') + std::to_string(k); });
  using Map = OrderedMap<int, std::vector<int>>;
  Map map;
  map.apply(Map::put(2, {1, 2}));
  map.apply(Map::put(1, {}));
  REQUIRE(map.apply(Map::put(2, {3})) == std::vector<int>{1, 2});
  REQUIRE(map.entries() == std::map<int, std::vector<int>>{{1, {}}, {2, {3}}});
}

struct CloneInt {
  std::unique_ptr<int> operator()(const std::unique_ptr<int>& p) const {
    return p ? std::make_unique<int>(*p) : nullptr;
  }
};

TEST_CASE("a stack copies what is pushed and moves what is popped") {
  using Strings = Stack<std::string>;
  Strings stack;
  REQUIRE(stack.apply(Strings::pop()) == std::nullopt);
  const auto push = Strings::push("a string too long for the small buffer");
  REQUIRE(stack.apply(push) == std::nullopt);
  REQUIRE(stack.apply(push) == std::nullopt);
  REQUIRE(stack.size() == 2);
  REQUIRE(*stack.top() == *push.pushed);
  REQUIRE(stack.apply(Strings::pop()) == push.pushed);

  // What can only be moved: one operation, two replicas, two elements of their own.
  using Owners = Stack<std::unique_ptr<int>, CloneInt>;
  Owners here;
  Owners there;
  const auto owner = Owners::push(std::make_unique<int>(7));
  here.apply(owner);
  there.apply(owner);
  const auto popped = here.apply(Owners::pop());
  REQUIRE(**popped == 7);
  REQUIRE(popped->get() != there.top()->get());
  REQUIRE(**there.top() == 7);
}

}  // namespace
}  // namespace quintet::node_replication
