// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <vector>

#include "ironkv/test/client_driver.hpp"
#include "testing/catch.hpp"

// A client's conversations: redirects, acknowledgements, and what is sent again.
namespace quintet::ironkv {
namespace {

// Every host says that the next one has the key. Returns how many requests are sent until the
// client says no more.
std::size_t follow_circle(ClientDriver& driver, Key key) {
  static constexpr const char* kNext[] = {"two", "three", "one"};
  std::size_t sent = 0;
  for (std::vector<SentFrame> frames = driver.sink.take(); !frames.empty();
       frames = driver.sink.take()) {
    for (const SentFrame& frame : frames) {
      if (read_frame(frame.bytes)->is_ack) continue;
      ++sent;
      driver.say(frame.to, redirect(key, kNext[frame.to]));
    }
  }
  return sent;
}

}  // namespace

TEST_CASE("a redirect is followed and remembered") {
  ClientDriver driver;
  driver.set(5, "value", 50);
  driver.say(0, redirect(5, "three"));
  CHECK(driver.told() == Texts{"0: set 1 5=value", "2: set 1 5=value"});
  CHECK(driver.answers().empty());
  driver.say(2, reply(5, "value"));
  CHECK(driver.answers() == Texts{"50: value"});
  driver.get(5, 51);
  driver.get(4, 40);
  driver.get(6, 60);
  CHECK(driver.told() == Texts{"2: get 2 5", "0: get 2 4", "0: get 3 6"});
  CHECK(driver.core.owner(5) == 2);
  CHECK(driver.core.owner(4) == 0);
  CHECK(driver.core.counters().redirects == 1);
  CHECK(driver.core.counters().pauses == 0);
}

TEST_CASE("the last key is remembered like others") {
  ClientDriver driver;
  driver.get(kLastKey, 1);
  driver.say(0, redirect(kLastKey, "two"));
  CHECK(driver.core.owner(kLastKey) == 1);
  CHECK(driver.core.owner(kLastKey - 1) == 0);
  driver.get(0, 2);
  driver.say(0, redirect(0, "two"));
  CHECK(driver.core.owner(0) == 1);
  CHECK(driver.core.owner(1) == 0);
}

TEST_CASE("a circle of redirects is followed for two rounds and then after pauses that double") {
  ClientDriver driver;
  driver.get(5, 50);
  CHECK(follow_circle(driver, 5) == 6);
  CHECK(driver.core.has_paused());
  std::vector<std::uint64_t> times;
  for (std::uint64_t now = 1; now <= 220; ++now) {
    driver.tick(1000 * now);
    const std::size_t sent = follow_circle(driver, 5);
    CHECK((sent == 0 || sent == 6));
    if (sent > 0) times.push_back(now);
  }
  CHECK(times == std::vector<std::uint64_t>{1, 3, 7, 15, 31, 63, 113, 163, 213});
  CHECK(driver.core.counters().pauses == 10);
  CHECK(driver.answers().empty());
  CHECK(driver.core.open_calls() == 1);
}

TEST_CASE("a call that waits out a circle is answered in the end") {
  ClientDriver driver;
  driver.get(5, 50);
  follow_circle(driver, 5);
  driver.tick(1000);
  CHECK(driver.told() == Texts{"0: get 3 5"});
  driver.say(0, reply(5, "five"));
  CHECK(driver.answers() == Texts{"50: five"});
  CHECK_FALSE(driver.core.has_paused());
}

TEST_CASE("a call that waits out a circle may time out and is not sent after that") {
  ClientDriver driver;
  driver.get(5, 50, 500);
  follow_circle(driver, 5);
  driver.tick(500);
  CHECK(driver.answers() == Texts{"50: timed out"});
  driver.tick(1000);
  driver.tick(100'000);
  CHECK_FALSE(driver.core.has_paused());
  CHECK(driver.answers().empty());
  for (const std::string& text : driver.told()) CHECK(text.find("ack") != std::string::npos);
}

TEST_CASE("an owner that the client does not know is told") {
  ClientDriver driver;
  driver.get(5, 50);
  driver.get(6, 60);
  driver.say(0, redirect(5, "four"));
  CHECK(driver.answers() == Texts{"50: unknown owner"});
  CHECK(driver.core.open_calls() == 1);
  CHECK(driver.core.owner(5) == 0);
  driver.say(0, reply(6, "six"));
  CHECK(driver.answers() == Texts{"60: six"});
}

TEST_CASE("a host that names itself as the owner is asked again within the same bounds") {
  ClientDriver driver;
  driver.get(5, 50);
  for (int i = 0; i < 6; ++i) driver.say(0, redirect(5, "one"));
  CHECK(driver.told().size() == 6);
  CHECK(driver.core.has_paused());
}

TEST_CASE("answers are acknowledged after 64 of them or after some time") {
  ClientDriver driver;
  for (std::uint64_t i = 0; i < 130; ++i) driver.get(5, i);
  driver.told();
  driver.tick(1'000);
  for (int i = 0; i < 63; ++i) driver.say(0, reply(5, "v"));
  CHECK(driver.told().empty());
  driver.say(0, reply(5, "v"));
  CHECK(driver.told() == Texts{"0: ack 64"});
  driver.tick(10'000);
  driver.say(0, reply(5, "v"));
  driver.tick(20'000);
  driver.say(0, reply(5, "v"));
  driver.tick(29'999);
  CHECK(driver.told().empty());
  driver.tick(30'000);
  CHECK(driver.told() == Texts{"0: ack 66"});
  driver.tick(100'000);
  CHECK(driver.told().empty());
  for (int i = 0; i < 64; ++i) driver.say(0, reply(5, "v"));
  CHECK(driver.told() == Texts{"0: ack 130"});
}

TEST_CASE("redirects are acknowledged like answers") {
  ClientOptions options = three_servers();
  options.ack_every = 2;
  ClientDriver driver(options);
  driver.get(5, 50);
  driver.get(6, 60);
  driver.told();
  driver.say(0, redirect(5, "two"));
  driver.say(0, redirect(6, "two"));
  CHECK(driver.told() == Texts{"1: get 1 5", "1: get 2 6", "0: ack 2"});
}

TEST_CASE("what was not acknowledged is sent again with the same numbers after a reconnection") {
  ClientDriver driver;
  for (Key key = 1; key <= 5; ++key) driver.get(key, key);
  driver.say(0, reply(1, "a"));
  driver.ack(0, 3);
  driver.told();
  driver.connect(1);
  CHECK(driver.told().empty());
  driver.connect(0);
  CHECK(driver.told() == Texts{"0: get 4 4", "0: get 5 5"});
  CHECK(driver.core.counters().resent == 2);
  driver.ack(0, 6);  // never sent
  driver.connect(0);
  CHECK(driver.told() == Texts{"0: get 4 4", "0: get 5 5"});
  driver.say(0, reply(2, "b"));
  driver.say(0, reply(3, "c"));
  driver.say(0, reply(4, "d"));  // answered, so received
  driver.connect(0);
  CHECK(driver.told() == Texts{"0: get 5 5"});
  CHECK(driver.answers() == Texts{"1: a", "2: b", "3: c", "4: d"});
}

TEST_CASE("what was not acknowledged is sent again after a time that doubles up to its limit") {
  ClientDriver driver;
  driver.get(1, 1);
  driver.shard(0, KeyRange::only(9), 1, 2);
  driver.told();
  const auto times = [&](std::uint64_t begin, std::uint64_t end, const Texts& expected) {
    std::vector<std::uint64_t> found;
    for (std::uint64_t now = begin; now <= end; now += 10) {
      driver.tick(1000 * now);
      const Texts told = driver.told();
      if (told.empty()) continue;
      CHECK(told == expected);
      found.push_back(now);
    }
    return found;
  };
  using Times = std::vector<std::uint64_t>;
  const Texts shard_too{"0: get 1 1", "0: shard 2 9-10 two"};
  CHECK(times(10, 6000, shard_too) == Times{200, 600, 1400, 3000, 5000});
  driver.ack(0, 1);
  CHECK(times(6010, 7000, {"0: shard 2 9-10 two"}) == Times{6200, 6600});
  driver.ack(0, 2);
  CHECK(times(7010, 20'000, {}).empty());
}

TEST_CASE("calls to a server that cannot be reached are sent when it can") {
  ClientDriver driver;
  driver.sink.is_reachable = false;
  driver.set(1, "a", 1);
  driver.get(2, 2, 150'000);
  driver.tick(300'000);
  CHECK(driver.answers() == Texts{"2: timed out"});
  driver.sink.is_reachable = true;
  driver.connect(0);
  CHECK(driver.told() == Texts{"0: set 1 1=a", "0: get 2 2"});  // the numbers have no hole
  driver.tick(499'999);
  CHECK(driver.told().empty());
  driver.tick(500'000);
  CHECK(driver.told().size() == 2);
}

TEST_CASE("conversations with several servers go on side by side") {
  ClientDriver driver;
  driver.get(1, 1);
  driver.say(0, redirect(1, "two"));
  driver.get(2, 2);
  driver.say(0, redirect(2, "three"));
  driver.get(3, 3);
  driver.told();
  driver.say(2, reply(2, "b"));
  driver.say(0, reply(3, "c"));
  driver.say(1, reply(1, "a"));
  CHECK(driver.answers() == Texts{"2: b", "3: c", "1: a"});
}

}  // namespace quintet::ironkv
