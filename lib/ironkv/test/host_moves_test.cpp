// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <vector>

#include "ironkv/test/host_driver.hpp"
#include "testing/catch.hpp"

// Shard and Delegate at one host: each cause for which they are refused, and what they do if not.
namespace quintet::ironkv {
namespace {

constexpr PeerId kTwo = 1;
constexpr PeerId kThree = 2;
constexpr std::uint64_t kMostDelegations = (std::uint64_t{1} << 63) - 1;

// Has the keys 100, 101 and so on.
HostDriver host_with(std::uint64_t keys, HostOptions options = three_hosts()) {
  HostDriver driver(std::move(options));
  const PeerId client = driver.client();
  for (Key key = 100; key < 100 + keys; ++key) driver.say(client, set(key, "v"));
  driver.ack(client, keys);
  driver.told();
  return driver;
}

// A snapshot without end points but the hosts ends with three numbers for each of them.
std::vector<std::byte> with_acked_by_three(std::vector<std::byte> snapshot, std::uint64_t acked) {
  store_le64(snapshot.data() + snapshot.size() - 16, acked);
  return snapshot;
}
std::vector<std::byte> with_delegations(std::vector<std::byte> snapshot, std::uint64_t count) {
  // After the magic number, one end point and three of them, each with its length.
  const std::size_t at = 8 + (8 + 3) + 8 + (8 + 3) + (8 + 3) + (8 + 5);
  QT_CHECK(load_le64(snapshot.data() + at) == 1);
  store_le64(snapshot.data() + at, count);
  return snapshot;
}

void check_shard_refused(HostDriver& driver, const MessageView& message) {
  const PeerId client = driver.client();
  const auto entries_before = driver.host.map().entries();
  const std::size_t keys_before = driver.host.table().size();
  const std::uint64_t delegations_before = driver.host.delegations();
  const std::uint64_t refused_before = driver.host.counters().refused_shards;
  const std::uint64_t number = driver.host.peers()[client].last_received + 1;
  driver.told();
  CHECK(driver.say(client, message) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{"3: ack " + std::to_string(number)});
  CHECK(driver.host.map().entries() == entries_before);
  CHECK(driver.host.table().size() == keys_before);
  CHECK(driver.host.delegations() == delegations_before);
  CHECK(driver.host.counters().refused_shards == refused_before + 1);
  CHECK(driver.host.is_quiet());
}

void check_delegate_refused(HostDriver& driver, PeerId source, const MessageView& message) {
  const auto entries_before = driver.host.map().entries();
  const std::size_t keys_before = driver.host.table().size();
  const std::uint64_t delegations_before = driver.host.delegations();
  const std::uint64_t refused_before = driver.host.counters().refused_delegates;
  const std::uint64_t number = driver.host.peers()[source].last_received + 1;
  CHECK(driver.say(source, message) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{std::to_string(source) + ": ack " + std::to_string(number)});
  CHECK(driver.host.map().entries() == entries_before);
  CHECK(driver.host.table().size() == keys_before);
  CHECK(driver.host.delegations() == delegations_before);
  CHECK(driver.host.counters().refused_delegates == refused_before + 1);
}

}  // namespace

TEST_CASE("a shard hands over the keys of its range and no others") {
  HostDriver driver = host_with(3);
  driver.say(driver.client(), shard(KeyRange::between(101, 200), "two"));
  CHECK(driver.told() == Texts{"3: ack 4", "1: delegate 1 101-200 101=v 102=v"});
  for (const Key key : {Key{100}, Key{101}, Key{199}, Key{200}})
    driver.say(driver.client(), get(key));
  CHECK(driver.told() == Texts{"3: ack 5", "3: reply 4 100=v", "3: ack 6", "3: redirect 5 101 two",
                               "3: ack 7", "3: redirect 6 199 two", "3: ack 8",
                               "3: reply 7 200 absent"});
  CHECK(driver.host.table().size() == 1);
  CHECK(driver.host.delegations() == 2);
  CHECK(driver.host.counters().shards == 1);
  CHECK(driver.host.counters().keys_sent == 2);
  CHECK_FALSE(driver.host.is_quiet());
  driver.ack(kTwo, 1);
  CHECK(driver.host.is_quiet());
  driver.host.check_invariants();
}

TEST_CASE("a shard of an empty range is refused") {
  HostDriver driver = host_with(2);
  check_shard_refused(driver, shard(KeyRange::between(100, 100), "two"));
  check_shard_refused(driver, shard(KeyRange::between(101, 100), "two"));
  const KeyBound<Key> infinity = KeyBound<Key>::infinity();
  check_shard_refused(driver, shard({infinity, infinity}, "two"));
  check_shard_refused(driver, shard({infinity, KeyBound<Key>::at(5)}, "two"));
}

TEST_CASE("a shard is refused whose recipient is no host or this one") {
  HostDriver driver = host_with(2);
  check_shard_refused(driver, shard(KeyRange::all(), "four"));
  check_shard_refused(driver, shard(KeyRange::all(), ""));
  check_shard_refused(driver, shard(KeyRange::all(), "client"));
  check_shard_refused(driver, shard(KeyRange::all(), "one"));
}

TEST_CASE("a shard with too long a recipient is no message") {
  HostDriver driver = host_with(2);
  const std::string longest(kMostEndPointBytes, 'x');
  check_shard_refused(driver, shard(KeyRange::all(), longest));
  const std::vector<std::byte> before = driver.snapshot();
  CHECK(driver.say(driver.client(), shard(KeyRange::all(), longest + "x")) == Outcome::kBad);
  CHECK(driver.told().empty());
  CHECK(driver.snapshot() == before);
}

TEST_CASE("a shard is refused unless every key of the range is owned") {
  HostDriver driver = host_with(0);
  driver.say(driver.client(), shard(KeyRange::between(10, 20), "two"));
  driver.ack(kTwo, 1);
  check_shard_refused(driver, shard(KeyRange::all(), "three"));
  check_shard_refused(driver, shard(KeyRange::between(5, 11), "three"));
  check_shard_refused(driver, shard(KeyRange::between(19, 25), "three"));
  check_shard_refused(driver, shard(KeyRange::between(12, 15), "three"));
  check_shard_refused(driver, shard(KeyRange::between(10, 20), "two"));
  driver.say(driver.client(), shard(KeyRange::between(5, 10), "three"));
  driver.say(driver.client(), shard(KeyRange::from(20), "three"));
  CHECK(driver.told() ==
        Texts{"3: ack 7", "2: delegate 1 5-10", "3: ack 8", "2: delegate 2 20-end"});
}

TEST_CASE("a shard of 61 keys is accepted and one of 62 is refused") {
  HostDriver driver = host_with(62);
  check_shard_refused(driver, shard(KeyRange::all(), "two"));
  check_shard_refused(driver, shard(KeyRange::between(100, 162), "two"));
  driver.say(driver.client(), shard(KeyRange::between(101, 162), "two"));
  CHECK(driver.host.counters().keys_sent == 61);
  CHECK(driver.host.table().size() == 1);
  CHECK(driver.host.map().owner(100) == 0);
  CHECK(driver.host.map().owner(161) == kTwo);
}

TEST_CASE("the last key is handed over only with an end at infinity") {
  HostDriver driver = host_with(0);
  driver.say(driver.client(), set(kLastKey, "last"));
  driver.say(driver.client(), set(kLastKey - 1, "last but one"));
  driver.told();
  driver.say(driver.client(), shard(KeyRange::between(5, kLastKey), "two"));
  driver.say(driver.client(), shard(KeyRange::from(kLastKey), "three"));
  CHECK(driver.told() ==
        Texts{"3: ack 3", "1: delegate 1 5-18446744073709551615 18446744073709551614=last but one",
              "3: ack 4", "2: delegate 1 18446744073709551615-end 18446744073709551615=last"});
  CHECK(driver.host.table().size() == 0);
}

TEST_CASE("a shard may name a host by another name and the delegate goes to the host") {
  HostOptions options = three_hosts();
  options.aliases = {{end_point("key of three"), kThree}, {end_point("key of one"), 0}};
  HostDriver driver = host_with(1, options);
  check_shard_refused(driver, shard(KeyRange::all(), "key of one"));
  check_shard_refused(driver, shard(KeyRange::all(), "key of two"));
  driver.say(driver.client(), shard(KeyRange::all(), "key of three"));
  CHECK(driver.told() == Texts{"3: ack 4", "2: delegate 1 0-end 100=v"});
  driver.say(driver.client(), get(1));
  CHECK(driver.told() == Texts{"3: ack 5", "3: redirect 2 1 three"});
}

TEST_CASE("shards and delegates are refused when their number has reached its limit") {
  const HostDriver fresh;
  HostDriver driver(three_hosts(), with_delegations(fresh.snapshot(), kMostDelegations - 3));
  driver.say(driver.client(), shard(KeyRange::only(1), "two"));
  CHECK(driver.told() == Texts{"3: ack 1", "1: delegate 1 1-2"});
  CHECK(driver.host.delegations() == kMostDelegations - 2);
  driver.ack(kTwo, 1);
  check_shard_refused(driver, shard(KeyRange::only(2), "two"));
  check_delegate_refused(driver, kTwo, delegate(KeyRange::only(1), {}, 0));
}

TEST_CASE("a shard to a host that no message can be numbered for moves nothing") {
  const HostDriver fresh;
  HostDriver driver(three_hosts(), with_acked_by_three(fresh.snapshot(), kLastNumber));
  driver.say(driver.client(), set(5, "value"));
  driver.told();
  driver.say(driver.client(), shard(KeyRange::all(), "three"));
  CHECK(driver.told() == Texts{"3: ack 2"});
  CHECK(driver.value_of(5) == "value");
  CHECK(driver.host.map().owner(5) == 0);
  CHECK(driver.host.delegations() == 2);
}

TEST_CASE("a delegate gives a range to its recipient with exactly the keys that it carries") {
  HostDriver driver = host_with(5);
  const std::vector<std::byte> table = entries(101, 2, "new");
  CHECK(driver.say(kTwo, delegate(KeyRange::between(101, 104), table, 2)) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{"1: ack 1"});
  CHECK(driver.value_of(100) == "v");
  CHECK(driver.value_of(101) == "new");
  CHECK(driver.value_of(102) == "new");
  CHECK(driver.value_of(103) == "absent");
  CHECK(driver.value_of(104) == "v");
  CHECK(driver.host.counters().delegates == 1);
  CHECK(driver.host.counters().keys_received == 2);
  CHECK(driver.host.delegations() == 2);
}

TEST_CASE("a delegate makes its recipient the owner of just its range") {
  HostDriver two(three_hosts(kTwo));
  const std::vector<std::byte> table = entries(kLastKey, 1, "last");
  two.say(0, delegate(KeyRange::from(200), table, 1));
  two.say(kThree, delegate(KeyRange::between(0, 1), {}, 0));
  two.told();
  for (const Key key : {Key{0}, Key{1}, Key{199}, Key{200}, kLastKey})
    two.say(two.client(), get(key));
  CHECK(two.told() == Texts{"3: ack 1", "3: reply 1 0 absent", "3: ack 2", "3: redirect 2 1 one",
                            "3: ack 3", "3: redirect 3 199 one", "3: ack 4",
                            "3: reply 4 200 absent", "3: ack 5",
                            "3: reply 5 18446744073709551615=last"});
  two.host.check_invariants();
}

TEST_CASE("a delegate of a stranger is refused") {
  HostDriver driver = host_with(1);
  const std::vector<std::byte> table = entries(100, 1, "stolen");
  check_delegate_refused(driver, driver.client(), delegate(KeyRange::all(), table, 1));
  check_delegate_refused(driver, driver.client("stranger"), delegate(KeyRange::all(), {}, 0));
  CHECK(driver.value_of(100) == "v");
}

TEST_CASE("a delegate of an empty range is refused") {
  HostDriver driver(three_hosts(kTwo));
  const KeyBound<Key> infinity = KeyBound<Key>::infinity();
  check_delegate_refused(driver, 0, delegate(KeyRange::between(5, 5), {}, 0));
  check_delegate_refused(driver, 0, delegate(KeyRange::between(6, 5), {}, 0));
  check_delegate_refused(driver, 0, delegate({infinity, infinity}, {}, 0));
}

TEST_CASE("a delegate of 61 keys is accepted and one of 62 is refused") {
  HostDriver driver(three_hosts(kTwo));
  const std::vector<std::byte> many = entries(100, 62, "v");
  check_delegate_refused(driver, 0, delegate(KeyRange::all(), many, 62));
  const std::vector<std::byte> most = entries(100, 61, "v");
  driver.say(0, delegate(KeyRange::all(), most, 61));
  CHECK(driver.host.table().size() == 61);
}

TEST_CASE("a delegate with too long a value or a key outside of its range is refused") {
  HostDriver driver(three_hosts(kTwo));
  std::vector<std::byte> table = entries(100, 2, "v");
  append_entry(table, 102, std::vector<std::byte>(kMostValueBytes + 1));
  check_delegate_refused(driver, 0, delegate(KeyRange::all(), table, 3));
  const std::vector<std::byte> good = entries(100, 3, "v");
  check_delegate_refused(driver, 0, delegate(KeyRange::from(101), good, 3));
  check_delegate_refused(driver, 0, delegate(KeyRange::between(100, 102), good, 3));
  check_delegate_refused(driver, 0, delegate(KeyRange::between(0, 50), good, 3));
  std::vector<std::byte> longest;
  append_entry(longest, 7, std::vector<std::byte>(kMostValueBytes));
  driver.say(0, delegate(KeyRange::only(7), longest, 1));
  CHECK(driver.value_of(7).size() == kMostValueBytes);
}

TEST_CASE("a delegate that arrives again does not undo what came after it") {
  HostDriver driver(three_hosts(kTwo));
  const std::vector<std::byte> table = entries(7, 1, "carried");
  driver.say(0, delegate(KeyRange::only(7), table, 1));
  driver.say(driver.client(), set(7, "later"));
  driver.told();
  CHECK(driver.say_as(1, 0, delegate(KeyRange::only(7), table, 1)) == Outcome::kDuplicate);
  CHECK(driver.told() == Texts{"0: ack 1"});
  CHECK(driver.value_of(7) == "later");
}

}  // namespace quintet::ironkv
