// SPDX-License-Identifier: MIT
#include <string>

#include "baselines/ironfleet/marshalling.hpp"
#include "baselines/test/ironfleet_driver.hpp"
#include "testing/catch.hpp"

namespace quintet::baselines::ironfleet {
namespace {

using ironkv::delegate;
using ironkv::entries;
using ironkv::erase;
using ironkv::from_hex;
using ironkv::get;
using ironkv::redirect;
using ironkv::reply;
using ironkv::set;
using ironkv::shard;
using ironkv::to_hex;

TEST_CASE("the fleet's host stores and answers with its acknowledgement first") {
  FleetDriver fleet;
  fleet.say("client", get(7));
  CHECK(fleet.told() == Texts{"client: ack 1", "client: reply 1 7 absent"});
  fleet.say("client", set(7, "value"));
  CHECK(fleet.told() == Texts{"client: ack 2", "client: reply 2 7=value"});
  fleet.say("other", get(7));
  CHECK(fleet.told() == Texts{"other: ack 1", "other: reply 1 7=value"});
  fleet.say("client", erase(7));
  CHECK(fleet.told() == Texts{"client: ack 3", "client: reply 3 7 absent"});
  fleet.say("client", set(7, ""));
  CHECK(fleet.told() == Texts{"client: ack 4", "client: reply 4 7="});
}

TEST_CASE("the fleet's host does one action at a time with one packet at most") {
  FleetDriver fleet;
  const Buffer first = bytes_of(FrameView{.number = 1, .message = get(1)});
  const Buffer second = bytes_of(FrameView{.number = 2, .message = get(2)});
  fleet.network.arriving = {{ironkv::end_point("client"), first},
                            {ironkv::end_point("client"), second}};
  fleet.host.act();
  CHECK(fleet.told() == Texts{"client: ack 1"});
  fleet.host.act();
  CHECK(fleet.told() == Texts{"client: reply 1 1 absent"});
  fleet.host.act();
  CHECK(fleet.told().empty());
  CHECK(fleet.network.arriving.size() == 1);
  fleet.host.act();
  CHECK(fleet.told() == Texts{"client: ack 2"});
}

TEST_CASE("the fleet's host sends clients to the owner") {
  FleetDriver fleet(1);
  fleet.say("client", get(7));
  fleet.say("client", set(7, "value"));
  CHECK(fleet.told() == Texts{"client: ack 1", "client: redirect 1 7 one", "client: ack 2",
                              "client: redirect 2 7 one"});
  CHECK(fleet.host.table().empty());
}

TEST_CASE("the fleet's host acknowledges duplicates and says nothing to gaps") {
  FleetDriver fleet;
  fleet.say_as(1, "client", set(7, "first"));
  fleet.told();
  fleet.say_as(1, "client", set(7, "again"));
  fleet.say_as(0, "client", set(7, "zero"));
  CHECK(fleet.told() == Texts{"client: ack 1", "client: ack 0"});
  fleet.say_as(3, "client", set(7, "early"));
  CHECK(fleet.told().empty());
  fleet.say_as(2, "client", get(7));
  CHECK(fleet.told() == Texts{"client: ack 2", "client: reply 2 7=first"});
}

TEST_CASE("the fleet's host never answers a value that is too long") {
  FleetDriver fleet;
  fleet.say("client", set(7, std::string(1024, 'x')));
  CHECK(fleet.told() == Texts{"client: ack 1"});
  fleet.say("client", set(7, std::string(1023, 'x')));
  CHECK(fleet.told().size() == 2);
}

TEST_CASE("the fleet's host sends again what is not acknowledged") {
  FleetDriver fleet(0, 10);
  for (int i = 0; i < 3; ++i) fleet.say("client", get(7));
  fleet.ack("client", 1);
  fleet.ack("client", 1);
  CHECK(fleet.host.delivery().unacked(ironkv::end_point("client")) == 2);
  fleet.told();
  for (int i = 0; i < 4; ++i) fleet.host.round();
  CHECK(fleet.told().empty());
  fleet.host.round();
  CHECK(fleet.told() == Texts{"client: reply 2 7 absent", "client: reply 3 7 absent"});
  fleet.ack("client", 3);
  for (int i = 0; i < 10; ++i) fleet.host.round();
  CHECK(fleet.told().empty());
}

TEST_CASE("the fleet's host hands a range over and another one takes it") {
  FleetDriver one;
  for (const Key key : {15U, 16U, 31U, 32U}) one.say("client", set(key, "v"));
  one.told();
  one.say("client", shard(KeyRange::between(16, 32), "two"));
  CHECK(one.told() == Texts{"client: ack 5", "two: delegate 1 16-32 16=v 31=v"});
  CHECK(one.host.table().size() == 2);
  one.say("client", get(16));
  one.say("client", get(32));
  CHECK(one.told() == Texts{"client: ack 6", "client: redirect 5 16 two", "client: ack 7",
                            "client: reply 6 32=v"});

  FleetDriver two(1);
  two.say("one", delegate(KeyRange::between(16, 32), entries(20, 2, "w"), 2));
  CHECK(two.told() == Texts{"one: ack 1"});
  two.say("client", get(20));
  two.say("client", get(22));
  two.say("client", get(32));
  CHECK(two.told() == Texts{"client: ack 1", "client: reply 1 20=w", "client: ack 2",
                            "client: reply 2 22 absent", "client: ack 3",
                            "client: redirect 3 32 one"});
}

TEST_CASE("the fleet's host takes a range back with what is in it") {
  FleetDriver fleet;
  fleet.say("client", set(5, "old"));
  fleet.say("client", shard(KeyRange::from(4), "three"));
  fleet.say("three", delegate(KeyRange::between(4, 6), entries(5, 1, "new"), 1));
  fleet.told();
  fleet.say("client", get(5));
  fleet.say("client", get(6));
  CHECK(fleet.told() == Texts{"client: ack 3", "client: reply 2 5=new", "client: ack 4",
                              "client: redirect 3 6 three"});
}

TEST_CASE("the fleet's host refuses Shards in silence") {
  FleetDriver fleet;
  for (Key key = 0; key < 62; ++key) fleet.say("client", set(key, "v"));
  fleet.say("client", shard(KeyRange::between(200, 300), "two"));
  fleet.told();
  const std::size_t entries_before = fleet.host.delegation().size();
  fleet.say("client", shard(KeyRange::between(9, 9), "two"));        // empty
  fleet.say("client", shard(KeyRange::between(100, 110), "one"));    // itself
  fleet.say("client", shard(KeyRange::between(100, 110), "four"));   // no host
  fleet.say("client", shard(KeyRange::between(100, 201), "three"));  // not all of it is its own
  fleet.say("client", shard(KeyRange::between(299, 301), "three"));
  fleet.say("client", shard(KeyRange::between(0, 62), "two"));  // 62 keys
  CHECK(fleet.told() == Texts{"client: ack 64", "client: ack 65", "client: ack 66",
                              "client: ack 67", "client: ack 68", "client: ack 69"});
  CHECK(fleet.host.delegation().size() == entries_before);
  CHECK(fleet.host.table().size() == 62);
  fleet.say("client", shard(KeyRange::between(0, 61), "two"));
  CHECK(fleet.told().size() == 2);
  CHECK(fleet.host.table().size() == 1);
}

TEST_CASE("the fleet's host refuses Delegates in silence") {
  FleetDriver fleet(1);
  const KeyRange range = KeyRange::between(0, 1000);
  fleet.say("client", delegate(range, entries(1, 1, "v"), 1));  // of no host
  fleet.say("one", delegate(KeyRange::between(3, 3), {}, 0));
  fleet.say("one", delegate(range, entries(1, 62, "v"), 62));
  fleet.say("one", delegate(range, entries(1, 1, std::string(1024, 'x')), 1));
  CHECK(fleet.told() == Texts{"client: ack 1", "one: ack 1", "one: ack 2", "one: ack 3"});
  CHECK(fleet.host.delegation().size() == 1);
  CHECK(fleet.host.table().empty());
}

TEST_CASE("the fleet's host drops what is no frame and takes its own kind of answers") {
  FleetDriver fleet;
  const EndPoint client = ironkv::end_point("client");
  for (const char* hex :
       {"", "02 0100000000000000", "10 0100000000000000", "11", "01 05000000000000",
        "01 0500000000000000 00", "00 0100000000000000 0000000000000000 06 0700000000000000",
        "00 0100000000000000 0000000000000000 00 0700000000000000 00",
        "00 0100000000000000 0000000000000000 01 0700000000000000 02",
        "00 0100000000000000 ffffffffffffffff 00 0700000000000000"}) {
    fleet.frame(client, from_hex(hex));
  }
  CHECK(fleet.told().empty());
  fleet.say("client", reply(7, "v"));
  fleet.say("client", redirect(7, "two"));
  CHECK(fleet.told() == Texts{"client: ack 1", "client: ack 2"});
}

TEST_CASE("the fleet's marshalling writes what it has read") {
  for (const char* hex :
       {"010500000000000000", "0001000000000000000400000000000000a1a2a3a4000700000000000000",
        "0002000000000000000400000000000000a1a2a3a4010700000000000000010200000000000000dead",
        "0003000000000000000400000000000000a1a2a3a401070000000000000000",
        "0001000000000000000400000000000000a1a2a3a4020700000000000000010200000000000000dead",
        "0002000000000000000400000000000000a1a2a3a40307000000000000000400000000000000b1b2b3b4",
        "0004000000000000000400000000000000a1a2a3a4040110000000000000000120000000000000000400000000"
        "000000b1b2b3b4",
        "0001000000000000000400000000000000a1a2a3a4050110000000000000000001000000000000001100000000"
        "0000000200000000000000dead"}) {
    const std::optional<Single> message = parse(from_hex(hex));
    REQUIRE(message.has_value());
    CHECK(to_hex(marshal(*message)) == hex);
  }
}

}  // namespace
}  // namespace quintet::baselines::ironfleet
