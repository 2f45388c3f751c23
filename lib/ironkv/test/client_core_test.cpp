// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "ironkv/test/client_driver.hpp"
#include "testing/catch.hpp"

// A client's calls: their answers, deadlines, limits, and what it refuses.
namespace quintet::ironkv {
namespace {

MessageView absent(Key key) { return {.kind = MessageKind::kReply, .key = key}; }

}  // namespace

TEST_CASE("answers are those of the oldest calls in their order") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.set(5, "new", 51);
  driver.get(6, 60);
  CHECK(driver.core.set(7, std::nullopt, 70, ClientDriver::kNever, driver.sink).has_value());
  driver.get(5, 52);
  CHECK(driver.told() ==
        Texts{"0: get 1 5", "0: set 2 5=new", "0: get 3 6", "0: set 4 7 absent", "0: get 5 5"});
  CHECK(driver.answers().empty());
  CHECK(driver.core.open_calls() == 5);
  driver.say(0, reply(5, "old"));
  driver.say(0, reply(5, "new"));
  CHECK(driver.answers() == Texts{"50: old", "51: new"});
  driver.say(0, reply(6, ""));
  driver.say(0, absent(7));
  driver.say(0, reply(5, "newer"));
  CHECK(driver.answers() == Texts{"60: ", "70: absent", "52: newer"});
  CHECK(driver.core.open_calls() == 0);
  CHECK(driver.core.counters().answers == 5);
  CHECK(driver.told().empty());  // no acknowledgement yet
}

TEST_CASE("an answer for another key than that of the oldest call is ignored") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.get(6, 60);
  driver.say_as(1, 0, reply(6, "six"));
  driver.say_as(1, 0, redirect(6, "two"));
  CHECK(driver.answers().empty());
  CHECK(driver.core.owner(6) == 0);
  CHECK(driver.core.counters().bad_frames == 2);
  driver.say_as(1, 0, reply(5, "five"));
  driver.say_as(2, 0, reply(6, "six"));
  CHECK(driver.answers() == Texts{"50: five", "60: six"});
}

TEST_CASE("what no host says is ignored") {
  ClientDriver driver;
  driver.say_as(1, 0, reply(5, "of no call"));
  driver.get(5, 50);
  driver.told();
  for (const MessageView& message :
       {get(5), set(5, "value"), shard(KeyRange::all(), "two"), delegate(KeyRange::all(), {}, 0)}) {
    driver.say_as(1, 0, message);
  }
  driver.core.on_frame(0, from_hex("02"), driver.sink);
  driver.core.on_frame(0, {}, driver.sink);
  CHECK(driver.core.counters().bad_frames == 7);
  CHECK(driver.told().empty());
  CHECK(driver.answers().empty());
  driver.say_as(1, 1, reply(5, "of another host"));
  CHECK(driver.answers().empty());
  driver.say_as(1, 0, reply(5, "value"));
  CHECK(driver.answers() == Texts{"50: value"});
}

TEST_CASE("an answer that arrives again is acknowledged and not told again") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.get(5, 51);
  driver.told();
  driver.say_as(1, 0, reply(5, "a"));
  driver.say_as(1, 0, reply(5, "a"));
  driver.say_as(0, 0, reply(5, "a"));
  CHECK(driver.answers() == Texts{"50: a"});
  CHECK(driver.told() == Texts{"0: ack 1", "0: ack 1"});
  CHECK(driver.core.counters().duplicates == 2);
}

TEST_CASE("an answer after a missing one waits for it to come again") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.get(5, 51);
  driver.told();
  driver.say_as(2, 0, reply(5, "b"));
  CHECK(driver.answers().empty());
  CHECK(driver.told().empty());
  CHECK(driver.core.counters().gaps == 1);
  driver.say_as(1, 0, reply(5, "a"));
  driver.say_as(2, 0, reply(5, "b"));
  CHECK(driver.answers() == Texts{"50: a", "51: b"});
}

TEST_CASE("a call is told once that it timed out and its late answer is for nobody") {
  ClientDriver driver;
  driver.get(5, 50, 1000);
  driver.get(6, 60, 2000);
  driver.get(7, 70);
  driver.tick(999);
  CHECK(driver.answers().empty());
  driver.tick(1000);
  CHECK(driver.answers() == Texts{"50: timed out"});
  CHECK(driver.core.open_calls() == 2);
  driver.tick(5000);
  CHECK(driver.answers() == Texts{"60: timed out"});
  driver.tick(6000);
  CHECK(driver.answers().empty());
  CHECK(driver.core.counters().timeouts == 2);
  driver.say(0, reply(5, "late"));  // they keep their places
  driver.say(0, redirect(6, "two"));
  driver.say(0, reply(7, "seven"));
  CHECK(driver.answers() == Texts{"70: seven"});
  CHECK(driver.told() == Texts{"0: get 1 5", "0: get 2 6", "0: get 3 7"});
}

TEST_CASE("a call that timed out before it was sent is never sent") {
  ClientOptions options = three_servers();
  options.max_window = 1;
  ClientDriver driver(options);
  driver.get(5, 50);
  driver.set(6, "six", 60, 1000);
  driver.get(7, 70);
  driver.tick(1000);
  CHECK(driver.answers() == Texts{"60: timed out"});
  driver.say(0, reply(5, "five"));
  CHECK(driver.told() == Texts{"0: get 1 5", "0: get 2 7"});
}

TEST_CASE("calls beyond the window wait in their order") {
  ClientOptions options = three_servers();
  options.max_window = 2;
  ClientDriver driver(options);
  for (Key key = 1; key <= 5; ++key) driver.get(key, key);
  CHECK(driver.told() == Texts{"0: get 1 1", "0: get 2 2"});
  CHECK(driver.core.open_calls() == 5);
  driver.ack(0, 2);  // received is not answered
  CHECK(driver.told().empty());
  driver.say(0, reply(1, "a"));
  CHECK(driver.told() == Texts{"0: get 3 3"});
  driver.say(0, reply(2, "b"));
  driver.say(0, reply(3, "c"));
  CHECK(driver.told() == Texts{"0: get 4 4", "0: get 5 5"});
  driver.say(0, reply(4, "d"));
  driver.say(0, reply(5, "e"));
  CHECK(driver.answers() == Texts{"1: a", "2: b", "3: c", "4: d", "5: e"});
}

TEST_CASE("as many calls are open as the options allow") {
  ClientOptions options = three_servers();
  options.max_calls = 2;
  ClientDriver driver(options);
  CHECK(driver.get(1, 1).has_value());
  CHECK(driver.set(2, "b", 2, 1000).has_value());
  CHECK(driver.get(3, 3).error() == Error::kTooManyCalls);
  driver.tick(1000);
  CHECK(driver.answers() == Texts{"2: timed out"});
  CHECK(driver.get(3, 3).error() == Error::kTooManyCalls);  // it is on its way
  driver.say(0, reply(1, "a"));
  CHECK(driver.get(3, 3).has_value());
  CHECK(driver.get(4, 4).error() == Error::kTooManyCalls);
  driver.say(0, reply(2, "b"));
  CHECK(driver.get(4, 4).has_value());
  CHECK(driver.told() == Texts{"0: get 1 1", "0: set 2 2=b", "0: get 3 3", "0: get 4 4"});
}

TEST_CASE("a value of 1024 bytes is refused before it is sent") {
  ClientDriver driver;
  CHECK(driver.set(5, std::string(1024, 'x'), 50).error() == Error::kValueTooLong);
  CHECK(driver.core.open_calls() == 0);
  CHECK(driver.told().empty());
  CHECK(driver.set(5, std::string(1023, 'x'), 50).has_value());
  CHECK(driver.told().size() == 1);
}

TEST_CASE("a shard is done when it is acknowledged") {
  ClientDriver driver;
  CHECK(driver.shard(1, KeyRange::between(16, 32), 2, 9).has_value());
  driver.get(5, 50);
  CHECK(driver.told() == Texts{"1: shard 1 16-32 three", "0: get 1 5"});
  driver.ack(0, 1);
  CHECK(driver.answers().empty());
  driver.ack(1, 1);
  CHECK(driver.answers() == Texts{"9: absent"});
  driver.ack(1, 1);
  CHECK(driver.answers().empty());
}

TEST_CASE("a shard behind a get is done when both are received and the get is answered") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.shard(0, KeyRange::only(9), 1, 9);
  driver.get(6, 60);
  driver.shard(0, KeyRange::only(9), 2, 10);
  driver.ack(0, 2);
  CHECK(driver.answers().empty());
  driver.say(0, reply(5, "five"));
  CHECK(driver.answers() == Texts{"50: five", "9: absent"});
  driver.say(0, reply(6, "six"));  // the second shard is not known to be received
  CHECK(driver.answers() == Texts{"60: six"});
  driver.ack(0, 4);
  CHECK(driver.answers() == Texts{"10: absent"});
}

TEST_CASE("what is answered says that the shards before it were received") {
  ClientDriver driver;
  driver.shard(0, KeyRange::only(8), 1, 8);
  driver.shard(0, KeyRange::only(9), 1, 9, 100);
  driver.get(5, 50);
  driver.tick(100);
  CHECK(driver.answers() == Texts{"9: timed out"});
  driver.say(0, reply(5, "five"));
  CHECK(driver.answers() == Texts{"8: absent", "50: five"});
}

TEST_CASE("an answer that no host gives does not finish the shards in the window") {
  ClientOptions options = three_servers();
  options.max_window = 1;
  ClientDriver driver(options);
  driver.shard(0, KeyRange::only(9), 1, 9);
  driver.get(5, 50);
  driver.told();
  driver.say_as(1, 0, reply(5, "of no call that was sent"));
  CHECK(driver.answers().empty());
  CHECK(driver.core.counters().bad_frames == 1);
  driver.ack(0, 1);
  CHECK(driver.answers() == Texts{"9: absent"});
  CHECK(driver.told() == Texts{"0: get 2 5"});
}

TEST_CASE("what was never said to a server that cannot be reached is asked of another") {
  ClientDriver driver;
  driver.get(5, 50);
  CHECK(driver.told() == Texts{"0: get 1 5"});
  driver.sink.is_reachable = false;
  driver.get(6, 60);
  driver.set(7, "new", 70);
  CHECK(driver.core.shard(0, KeyRange::all(), 1, 80, ClientDriver::kNever, driver.sink));
  CHECK(driver.core.has_unsaid(0));
  CHECK_FALSE(driver.core.has_unsaid(1));
  driver.sink.is_reachable = true;  // the other one
  driver.core.divert(0, 1, driver.sink);
  driver.core.check_invariants();
  const Texts told = driver.told();
  REQUIRE(told.size() == 3);
  CHECK(told[0] == "1: get 1 6");
  CHECK(told[1] == "1: set 2 7=new");
  CHECK(told[2].starts_with("0: shard 2"));  // is for one host
  CHECK_FALSE(driver.core.has_unsaid(0));
  CHECK(driver.core.owner(5) == 1);
  driver.say(1, reply(6, "six"));
  driver.say(1, redirect(7, "one"));
  driver.say(0, reply(5, "five"));  // what was said there is answered there
  CHECK(driver.answers() == Texts{"60: six", "50: five"});
  CHECK(driver.told() == Texts{"0: set 3 7=new"});
}

TEST_CASE("what a server has been told is not asked of another") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.get(6, 60);
  CHECK(driver.told().size() == 2);
  driver.core.divert(0, 1, driver.sink);
  CHECK(driver.told().empty());
}

TEST_CASE("shards that cannot be are refused") {
  ClientDriver driver;
  CHECK(driver.shard(3, KeyRange::all(), 1, 9).error() == Error::kUnknownHost);
  CHECK(driver.shard(0, KeyRange::all(), 3, 9).error() == Error::kUnknownHost);
  CHECK(driver.shard(1, KeyRange::all(), 1, 9).error() == Error::kMovesToItself);
  CHECK(driver.shard(0, KeyRange::between(5, 5), 1, 9).error() == Error::kEmptyRange);
  CHECK(driver.core.open_calls() == 0);
  CHECK(driver.told().empty());
}

TEST_CASE("servers and options that cannot be are refused") {
  const auto refusal = [](void (*change)(ClientOptions&)) {
    ClientOptions options = three_servers();
    change(options);
    return ClientCore::create(std::move(options)).error();
  };
  CHECK(refusal([](ClientOptions& o) { o.servers.clear(); }) == Error::kNoHosts);
  CHECK(refusal([](ClientOptions& o) { o.servers[2] = o.servers[0]; }) == Error::kDuplicateHost);
  CHECK(refusal([](ClientOptions& o) { o.servers[2].resize(kMostEndPointBytes + 1); }) ==
        Error::kEndPointTooLong);
  CHECK(refusal([](ClientOptions& o) { o.max_calls = 0; }) == Error::kBadOption);
  CHECK(refusal([](ClientOptions& o) { o.max_window = 0; }) == Error::kBadOption);
  CHECK(refusal([](ClientOptions& o) { o.ack_every = 0; }) == Error::kBadOption);
  CHECK(refusal([](ClientOptions& o) { o.resend_after = 0; }) == Error::kBadOption);
  CHECK(refusal([](ClientOptions& o) { o.resend_most = 1; }) == Error::kBadOption);
  CHECK(refusal([](ClientOptions& o) { o.pause_first = 0; }) == Error::kBadOption);
  CHECK(refusal([](ClientOptions& o) { o.pause_most = 1; }) == Error::kBadOption);
}

}  // namespace quintet::ironkv
