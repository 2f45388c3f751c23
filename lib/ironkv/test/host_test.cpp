// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <vector>

#include "ironkv/test/host_driver.hpp"
#include "testing/catch.hpp"

// Requests, each put to one host; how a host is made; and what is no message at all.
namespace quintet::ironkv {

TEST_CASE("every key belongs to the first host at the beginning") {
  HostDriver one;
  HostDriver two(three_hosts(1));
  const PeerId client = one.client();
  REQUIRE(two.client() == client);
  for (const Key key : {Key{0}, Key{7}, kLastKey}) {
    CHECK(one.host.map().owner(key) == 0);
    one.say(client, get(key));
    two.say(client, get(key));
  }
  CHECK(one.told() == Texts{"3: ack 1", "3: reply 1 0 absent", "3: ack 2", "3: reply 2 7 absent",
                            "3: ack 3", "3: reply 3 18446744073709551615 absent"});
  CHECK(two.told() == Texts{"3: ack 1", "3: redirect 1 0 one", "3: ack 2", "3: redirect 2 7 one",
                            "3: ack 3", "3: redirect 3 18446744073709551615 one"});
  CHECK(one.host.counters().gets == 3);
  CHECK(two.host.counters().gets == 0);
  CHECK(two.host.counters().redirects == 3);
}

TEST_CASE("a key has the value that was set last until it is deleted") {
  HostDriver driver;
  const PeerId client = driver.client();
  for (const MessageView& message :
       {set(7, "first"), get(7), set(7, "second"), get(7), get(8), erase(7), get(7), erase(7)}) {
    CHECK(driver.say(client, message) == Outcome::kExecuted);
  }
  CHECK(driver.told() ==
        Texts{"3: ack 1", "3: reply 1 7=first", "3: ack 2", "3: reply 2 7=first",  //
              "3: ack 3", "3: reply 3 7=second", "3: ack 4", "3: reply 4 7=second", "3: ack 5",
              "3: reply 5 8 absent", "3: ack 6", "3: reply 6 7 absent", "3: ack 7",
              "3: reply 7 7 absent", "3: ack 8", "3: reply 8 7 absent"});
  CHECK(driver.host.table().size() == 0);
  CHECK(driver.host.counters().gets == 4);
  CHECK(driver.host.counters().sets == 2);
  CHECK(driver.host.counters().deletes == 2);
}

TEST_CASE("an empty value is not an absent one") {
  HostDriver driver;
  driver.say(driver.client(), set(1, ""));
  driver.say(driver.client(), get(1));
  driver.say(driver.client(), get(2));
  CHECK(driver.told() == Texts{"3: ack 1", "3: reply 1 1=", "3: ack 2", "3: reply 2 1=", "3: ack 3",
                               "3: reply 3 2 absent"});
  CHECK(driver.host.table().size() == 1);
}

TEST_CASE("a value of 1023 bytes is stored and one of 1024 is acknowledged and never answered") {
  const std::string longest(1023, 'x');
  const std::string too_long(1024, 'y');
  HostDriver driver;
  const PeerId client = driver.client();
  CHECK(driver.say(client, set(1, longest)) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{"3: ack 1", "3: reply 1 1=" + longest});
  CHECK(driver.say(client, set(1, too_long)) == Outcome::kExecuted);
  CHECK(driver.told() == Texts{"3: ack 2"});
  CHECK(driver.host.counters().refused_values == 1);
  driver.say(client, get(1));
  CHECK(driver.told() == Texts{"3: ack 3", "3: reply 2 1=" + longest});

  HostDriver two(three_hosts(1));  // nor is there a redirect
  two.say(two.client(), set(1, too_long));
  CHECK(two.told() == Texts{"3: ack 1"});
}

TEST_CASE("a request for a key of another host changes nothing") {
  HostDriver two(three_hosts(1));
  const PeerId client = two.client();
  two.say(client, set(5, "value"));
  two.say(client, erase(6));
  CHECK(two.told() == Texts{"3: ack 1", "3: redirect 1 5 one", "3: ack 2", "3: redirect 2 6 one"});
  CHECK(two.host.table().size() == 0);
  CHECK(two.host.counters().sets + two.host.counters().deletes == 0);
}

TEST_CASE("an answer that a host is sent takes a number and does nothing else") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.say(client, set(5, "value"));
  driver.told();
  for (const PeerId source : {PeerId{1}, client}) {
    CHECK(driver.say(source, reply(5, "other")) == Outcome::kExecuted);
    CHECK(driver.say(source, redirect(5, "three")) == Outcome::kExecuted);
  }
  CHECK(driver.told() == Texts{"1: ack 1", "1: ack 2", "3: ack 2", "3: ack 3"});
  CHECK(driver.value_of(5) == "value");
  CHECK(driver.host.map().owner(5) == 0);
  CHECK(driver.host.peers()[client].last_received == 3);
}

TEST_CASE("each client has a conversation of its own and a host may ask like one") {
  HostDriver driver;
  const PeerId a = driver.client("a");
  const PeerId b = driver.client("b");
  driver.say(a, set(1, "of a"));
  driver.say(b, get(1));
  driver.say(2, get(1));
  CHECK(driver.told() == Texts{"3: ack 1", "3: reply 1 1=of a", "4: ack 1", "4: reply 1 1=of a",
                               "2: ack 1", "2: reply 1 1=of a"});
}

TEST_CASE("what takes effect is told for the journal before it is acknowledged") {
  HostDriver driver;
  driver.say(driver.client(), set(1, "value"));
  driver.say_as(1, driver.client(), set(1, "value"));
  driver.say_as(5, driver.client(), get(1));
  driver.ack(driver.client(), 1);
  driver.frame(driver.client(), from_hex("02"));
  REQUIRE(driver.sink.executed_frames.size() == 1);
  CHECK(describe(driver.sink.executed_frames[0]) == "set 1 1=value");
}

namespace {

Error refusal(HostOptions options) {
  const auto host = Host::create(std::move(options));
  REQUIRE_FALSE(host.has_value());
  return host.error();
}

HostOptions with(void (*change)(HostOptions&)) {
  HostOptions options = three_hosts();
  change(options);
  return options;
}

}  // namespace

TEST_CASE("lists of hosts that are none are refused P10") {
  CHECK(refusal({}) == Error::kNoHosts);
  CHECK(refusal(with([](HostOptions& o) { o.hosts[2] = o.hosts[0]; })) == Error::kDuplicateHost);
  CHECK(refusal(with([](HostOptions& o) { o.me = 3; })) == Error::kUnknownHost);
  CHECK(refusal(with([](HostOptions& o) { o.aliases = {{end_point("x"), 3}}; })) ==
        Error::kUnknownHost);
  CHECK(refusal(with([](HostOptions& o) { o.hosts[1].resize(kMostEndPointBytes + 1); })) ==
        Error::kEndPointTooLong);
  CHECK(Host::create(with([](HostOptions& o) { o.hosts[1].resize(kMostEndPointBytes); })));
  CHECK(Host::create({.hosts = {EndPoint{}}}));  // any bytes, and so none
}

TEST_CASE("options outside their limits are refused") {
  CHECK(refusal(with([](HostOptions& o) { o.max_peers = 2; })) == Error::kBadOption);
  CHECK(refusal(with([](HostOptions& o) { o.max_unacked = 0; })) == Error::kBadOption);
  CHECK(refusal(with([](HostOptions& o) { o.reshard_window = 0; })) == Error::kBadOption);
  CHECK(refusal(with([](HostOptions& o) { o.resend_after = 0; })) == Error::kBadOption);
  CHECK(refusal(with([](HostOptions& o) { o.resend_most = o.resend_after - 1; })) ==
        Error::kBadOption);
}

TEST_CASE("as many end points are known as the options allow") {
  HostOptions options = three_hosts();
  options.max_peers = 4;
  HostDriver driver(options);
  const PeerId first = driver.client("first");
  CHECK(driver.host.peer(bytes_of("second")).error() == Error::kTooManyPeers);
  CHECK(*driver.host.peer(bytes_of("first")) == first);
  CHECK(*driver.host.peer(bytes_of("two")) == 1);
  driver.host.forget(first);
  CHECK(driver.host.peer(bytes_of("second")).has_value());
  CHECK(driver.host.peer(EndPoint(kMostEndPointBytes + 1)).error() == Error::kEndPointTooLong);
}

// Of every kind of message: cut off, with a byte left over, and with each tag byte spoilt.
TEST_CASE("garbage changes neither the state nor what is acknowledged") {
  HostDriver driver;
  const PeerId client = driver.client();
  driver.say(client, set(5, "value"));
  driver.say(1, get(5));
  driver.told();
  const std::vector<std::byte> before = driver.snapshot();
  std::vector<std::vector<std::byte>> garbage{{}, from_hex("0200"), from_hex("020200000000000000")};
  const std::vector<std::byte> unsorted = [] {
    std::vector<std::byte> table = entries(6, 1, "");
    append_entry(table, 5, {});
    return table;
  }();
  const std::vector<std::byte> table = entries(5, 2, "other");
  const EndPoint too_long(kMostEndPointBytes + 1);
  for (const MessageView& message :
       {get(5), set(5, "other"), erase(5), reply(5, "other"), redirect(5, "two"),
        shard(KeyRange::all(), "two"), delegate(KeyRange::all(), table, 2)}) {
    const std::vector<std::byte> whole = bytes_of(FrameView{.number = 2, .message = message});
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      garbage.emplace_back(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
    }
    garbage.push_back(whole);
    garbage.back().push_back(std::byte{0});
    for (const std::size_t tag : {std::size_t{0}, std::size_t{17}}) {
      garbage.push_back(whole);
      garbage.back()[tag] = std::byte{9};
    }
  }
  garbage.push_back(bytes_of(FrameView{.number = 2, .destination = too_long, .message = get(5)}));
  garbage.push_back(
      bytes_of(FrameView{.number = 2, .message = delegate(KeyRange::all(), unsorted, 2)}));
  garbage.push_back(
      bytes_of(FrameView{.number = 2, .message = delegate(KeyRange::all(), table, kLastNumber)}));
  for (const std::vector<std::byte>& bytes : garbage) {
    INFO(to_hex(Bytes(bytes).first(std::min<std::size_t>(bytes.size(), 99))));
    CHECK(driver.frame(client, bytes) == Outcome::kBad);
    CHECK(driver.frame(1, bytes) == Outcome::kBad);
  }
  CHECK(driver.told().empty());
  CHECK(driver.snapshot() == before);
  CHECK(driver.host.counters().bad_frames == 2 * garbage.size());
  CHECK(driver.say(client, get(5)) == Outcome::kExecuted);
}

TEST_CASE("nobody else speaks for a host") {
  HostDriver driver;
  const std::vector<std::byte> before = driver.snapshot();
  CHECK(driver.say(0, shard(KeyRange::all(), "two")) == Outcome::kBad);
  CHECK(driver.ack(0, 1) == Outcome::kBad);
  CHECK(driver.told().empty());
  CHECK(driver.snapshot() == before);
}

}  // namespace quintet::ironkv
