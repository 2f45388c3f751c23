// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <vector>

#include "ironkv/test/host_driver.hpp"
#include "testing/catch.hpp"

// Single delivery, as one host does it: what arrives twice, too early or not at all; and what is
// not acknowledged to the host.
namespace quintet::ironkv {
namespace {

// The last three numbers of a snapshot are of the end point met last, if nothing is unacknowledged:
// what was received, what is acknowledged, and none.
std::vector<std::byte> with_numbers(std::vector<std::byte> snapshot, std::uint64_t last_received,
                                    std::uint64_t acked) {
  store_le64(snapshot.data() + snapshot.size() - 24, last_received);
  store_le64(snapshot.data() + snapshot.size() - 16, acked);
  return snapshot;
}

}  // namespace

TEST_CASE("a message that arrives again is acknowledged and does nothing else") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.say(client, set(1, "first"));
  driver.say(client, set(1, "second"));
  driver.told();
  const std::vector<std::byte> before = driver.snapshot();
  CHECK(driver.say_as(1, client, set(1, "first")) == Outcome::kDuplicate);
  CHECK(driver.say_as(2, client, set(1, "forged")) == Outcome::kDuplicate);
  CHECK(driver.say_as(0, client, set(1, "never sent")) == Outcome::kDuplicate);
  CHECK(driver.told() == Texts{"3: ack 1", "3: ack 2", "3: ack 0"});
  CHECK(driver.snapshot() == before);
  CHECK(driver.host.counters().duplicates == 3);
}

TEST_CASE("a message after a missing one is dropped in silence") {
  HostDriver driver;
  const PeerId client = driver.client();
  const std::vector<std::byte> before = driver.snapshot();
  CHECK(driver.say_as(2, client, set(1, "second")) == Outcome::kGap);
  CHECK(driver.say_as(kLastNumber, client, set(1, "last")) == Outcome::kGap);
  CHECK(driver.told().empty());
  CHECK(driver.snapshot() == before);
  CHECK(driver.host.counters().gaps == 2);
  driver.say_as(1, client, set(1, "first"));
  driver.say_as(2, client, set(1, "second"));
  CHECK(driver.value_of(1) == "second");
}

TEST_CASE("acknowledgements are cumulative and one of what was never sent is ignored") {
  HostDriver driver;
  const PeerId client = driver.client();
  const auto unacked = [&] { return driver.host.peers()[client].window.size(); };
  for (Key key = 1; key <= 5; ++key) driver.say(client, get(key));
  driver.told();
  CHECK(driver.ack(client, 6) == Outcome::kAck);
  CHECK(unacked() == 5);
  CHECK(driver.host.counters().bad_acks == 1);
  driver.ack(client, 3);
  CHECK(unacked() == 2);
  driver.ack(client, 3);
  driver.ack(client, 1);
  driver.ack(client, 0);
  CHECK(unacked() == 2);
  driver.ack(client, kLastNumber);
  CHECK(unacked() == 2);
  CHECK(driver.host.counters().bad_acks == 2);
  driver.host.on_connected(client, driver.sink);
  CHECK(driver.told() == Texts{"3: reply 4 4 absent", "3: reply 5 5 absent"});
  driver.ack(client, 5);
  CHECK(unacked() == 0);
  CHECK(driver.host.peers()[client].acked == 5);
  CHECK(driver.host.counters().acks == 7);
  CHECK(driver.told().empty());  // no acknowledgement of an acknowledgement
}

TEST_CASE("the last number of a conversation is used and none after it") {
  HostDriver fresh;
  fresh.client();
  HostDriver driver(three_hosts(),
                    with_numbers(fresh.snapshot(), kLastNumber - 2, kLastNumber - 1));
  const PeerId client = driver.client();
  CHECK(driver.say(client, set(1, "value")) == Outcome::kExecuted);
  CHECK(driver.told() ==
        Texts{"3: ack 18446744073709551614", "3: reply 18446744073709551615 1=value"});
  CHECK(driver.say(client, set(1, "last")) == Outcome::kExecuted);  // takes effect, no number left
  CHECK(driver.told() == Texts{"3: ack 18446744073709551615"});
  CHECK(driver.value_of(1) == "last");
  CHECK(driver.say(client, set(1, "after")) == Outcome::kDuplicate);  // number 0
  driver.ack(client, kLastNumber);
  CHECK(driver.host.peers()[client].window.size() == 0);
  CHECK(driver.host.peers()[client].acked == kLastNumber);
  driver.ack(client, kLastNumber);
  CHECK(driver.host.counters().bad_acks == 0);
}

TEST_CASE("what could not be sent is sent in order when the end point can be reached") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.sink.is_reachable = false;
  for (Key key = 1; key <= 3; ++key) driver.say(client, set(key, "value"));
  CHECK(driver.told().empty());
  driver.tick(10'000'000);
  CHECK(driver.host.counters().resent == 0);
  driver.sink.is_reachable = true;
  driver.host.on_connected(1, driver.sink);
  CHECK(driver.told().empty());
  driver.host.on_connected(client, driver.sink);
  CHECK(driver.told() == Texts{"3: reply 1 1=value", "3: reply 2 2=value", "3: reply 3 3=value"});
  CHECK(driver.host.counters().resent == 3);
}

namespace {

// The times, in ticks of 10 ms until `end`, at which something is sent.
std::vector<std::uint64_t> times_of_sending(HostDriver& driver, std::uint64_t begin,
                                            std::uint64_t end, const Texts& expected) {
  std::vector<std::uint64_t> times;
  for (std::uint64_t now = begin; now <= end; now += 10'000) {
    driver.tick(now);
    const Texts told = driver.told();
    if (told.empty()) continue;
    CHECK(told == expected);
    times.push_back(now / 1000);
  }
  return times;
}
using Times = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("what is not acknowledged is sent again after a time that doubles up to its limit") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.say(client, set(1, "a"));
  driver.say(client, set(2, "b"));
  driver.told();
  const Texts both{"3: reply 1 1=a", "3: reply 2 2=b"};
  CHECK(times_of_sending(driver, 0, 8'000'000, both) == Times{200, 600, 1400, 3000, 5000, 7000});
  driver.ack(client, 1);  // begins anew
  CHECK(times_of_sending(driver, 8'010'000, 9'000'000, {"3: reply 2 2=b"}) == Times{8200, 8600});
  driver.ack(client, 2);
  CHECK(times_of_sending(driver, 9'010'000, 20'000'000, {}).empty());
  CHECK(driver.host.counters().resent == 14);
}

TEST_CASE("a connection made anew begins with the first pause again") {
  HostDriver driver;
  driver.say(driver.client(), get(1));
  driver.told();
  times_of_sending(driver, 0, 5'000'000, {"3: reply 1 1 absent"});
  driver.host.on_connected(driver.client(), driver.sink);
  driver.told();
  CHECK(times_of_sending(driver, 5'010'000, 6'000'000, {"3: reply 1 1 absent"}) ==
        Times{5200, 5600});
}

TEST_CASE("a restored host sends again at once and then after times that double") {
  HostDriver before;
  before.say(before.client(), get(1));
  HostDriver driver(three_hosts(), before.snapshot());
  CHECK(times_of_sending(driver, 10'000, 2'000'000, {"3: reply 1 1 absent"}) ==
        Times{10, 410, 1210});
}

TEST_CASE("time that goes back changes nothing") {
  HostDriver driver;
  driver.tick(1'000'000);
  driver.say(driver.client(), get(1));
  driver.told();
  driver.tick(0);
  driver.tick(1'199'999);
  CHECK(driver.told().empty());
  driver.tick(1'200'000);
  CHECK(driver.told() == Texts{"3: reply 1 1 absent"});
}

TEST_CASE("requests of a client that acknowledges nothing are dropped until it does") {
  HostOptions options = three_hosts();
  options.max_unacked = 3;
  HostDriver driver(options);
  const PeerId client = driver.client();
  for (Key key = 1; key <= 3; ++key) driver.say(client, set(key, "value"));
  driver.told();
  const std::vector<std::byte> before = driver.snapshot();
  CHECK(driver.say_as(4, client, set(4, "value")) == Outcome::kFull);
  CHECK(driver.say_as(3, client, set(3, "value")) == Outcome::kDuplicate);
  CHECK(driver.told() == Texts{"3: ack 3"});
  CHECK(driver.snapshot() == before);
  CHECK(driver.host.counters().full_windows == 1);
  CHECK(driver.say(driver.client("other"), get(1)) == Outcome::kExecuted);
  driver.told();
  driver.ack(client, 1);
  CHECK(driver.say_as(4, client, set(4, "value")) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{"3: ack 4", "3: reply 4 4=value"});
  CHECK(driver.say_as(5, client, get(4)) == Outcome::kFull);
}

TEST_CASE("a host is not held to the number of answers that a client may leave unacknowledged") {
  HostOptions options = three_hosts();
  options.max_unacked = 1;
  HostDriver driver(options);
  for (int i = 0; i < 3; ++i) CHECK(driver.say(1, get(1)) == Outcome::kExecuted);
  CHECK(driver.host.peers()[1].window.size() == 3);
}

TEST_CASE("a forgotten client starts again at number 1") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.say(client, set(1, "value"));
  driver.say(client, get(1));
  driver.host.forget(client);
  driver.told();
  driver.tick(10'000'000);
  CHECK(driver.told().empty());
  CHECK(driver.host.peers().known() == 3);
  const PeerId other = driver.client("other");  // takes its place, not its numbers
  CHECK(other == client);
  CHECK(driver.say_as(1, other, get(1)) == Outcome::kExecuted);
  const PeerId again = driver.client();
  CHECK(again != other);
  CHECK(driver.say_as(1, again, get(1)) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{"3: ack 1", "3: reply 1 1=value", "4: ack 1", "4: reply 1 1=value"});
}

TEST_CASE("values go back to their pool when nobody holds them") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.say(client, set(1, "first"));
  CHECK(driver.host.values().live() == 1);  // shared by the table and the answer
  driver.say(client, set(1, "second"));
  driver.say(client, get(1));
  CHECK(driver.host.values().live() == 2);
  driver.ack(client, 1);
  CHECK(driver.host.values().live() == 1);
  driver.say(client, erase(1));
  CHECK(driver.host.values().live() == 1);
  driver.ack(client, 4);
  CHECK(driver.host.values().live() == 0);
}

}  // namespace quintet::ironkv
