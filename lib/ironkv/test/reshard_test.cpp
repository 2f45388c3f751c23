// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ironkv/test/host_driver.hpp"
#include "testing/catch.hpp"

// HostOf::reshard(): any number of keys moves in steps of at most 61, among hosts whose frames the
// test carries from one to the other.
namespace quintet::ironkv {
namespace {

class Hosts {
 public:
  explicit Hosts(std::uint32_t window = 8) {
    for (PeerId me = 0; me < 3; ++me) {
      HostOptions options = three_hosts(me);
      options.reshard_window = window;
      drivers_.emplace_back(std::move(options));
      client_ = drivers_.back().client();
    }
  }

  HostDriver& operator[](PeerId id) { return drivers_[id]; }
  Host& host(PeerId id) { return drivers_[id].host; }
  [[nodiscard]] PeerId client() const { return client_; }

  void fill(Key first, std::uint64_t keys) {
    for (Key key = first; key < first + keys; ++key) ask(0, set(key, std::to_string(key)));
  }
  // What one host answers, acknowledged at once.
  std::string ask(PeerId id, const MessageView& message) {
    drivers_[id].say(client_, message);
    std::string text = "nothing";
    auto& frames = drivers_[id].sink.frames;
    std::erase_if(frames, [&](const SentFrame& frame) {
      if (frame.to != client_) return false;
      const FrameView view = *read_frame(frame.bytes);
      if (!view.is_ack) text = describe(view.message, "");
      return true;
    });
    drivers_[id].ack(client_, drivers_[id].host.peers()[client_].acked +
                                  drivers_[id].host.peers()[client_].window.size());
    return text;
  }
  // Carries what one host has said so far to the others. Returns whether there was anything.
  bool carry(PeerId from) {
    const std::vector<SentFrame> frames = drivers_[from].sink.take();
    for (const SentFrame& frame : frames) drivers_[frame.to].frame(from, frame.bytes);
    return !frames.empty();
  }
  void carry_all() {
    for (bool has_more = true; has_more;) {
      has_more = false;
      for (PeerId from = 0; from < drivers_.size(); ++from) has_more = carry(from) || has_more;
    }
  }
  [[nodiscard]] std::size_t on_their_way(PeerId from, PeerId to) {
    return drivers_[from].host.peers()[to].window.size();
  }
  void check_invariants() const {
    for (const HostDriver& driver : drivers_) driver.host.check_invariants();
  }

 private:
  std::vector<HostDriver> drivers_;
  PeerId client_ = 0;
};

}  // namespace

TEST_CASE("a thousand keys move in steps of at most 61") {
  Hosts hosts;
  hosts.fill(100, 1000);
  const auto id = hosts.host(0).reshard(KeyRange::all(), 1, hosts[0].sink);
  REQUIRE(id.has_value());
  CHECK(*id == 1);
  hosts.carry_all();
  const Reshard& job = hosts.host(0).reshards().back();
  CHECK(job.id == 1);
  CHECK(job.is_handed_over);
  CHECK(job.is_done);
  CHECK(job.keys == 1000);
  CHECK(job.steps == (1000 + 60) / 61);
  CHECK(job.last_number == job.steps);
  CHECK(job.next == KeyBound<Key>::infinity());
  CHECK(job.recipient == 1);
  CHECK(hosts.host(0).is_quiet());
  CHECK(hosts.host(0).table().size() == 0);
  CHECK(hosts.host(1).table().size() == 1000);
  CHECK(hosts.host(1).map().owns(1, KeyRange::all()));
  CHECK(hosts.host(0).map().owns(1, KeyRange::all()));
  for (const Key key : {Key{100}, Key{577}, Key{1099}}) {
    CHECK(hosts.ask(1, get(key)) == "reply  " + std::to_string(key) + "=" + std::to_string(key));
  }
  hosts.check_invariants();
}

TEST_CASE("no more delegates are on their way than the window allows") {
  Hosts hosts(3);
  hosts.fill(0, 1000);
  REQUIRE(hosts.host(0).reshard(KeyRange::all(), 1, hosts[0].sink));
  std::uint64_t steps = 0;
  for (int turn = 0; turn < 100 && !hosts.host(0).is_quiet(); ++turn) {
    CHECK(hosts.on_their_way(0, 1) <= 3);
    const Reshard& job = hosts.host(0).reshards().back();
    CHECK(job.steps >= steps);
    if (job.is_handed_over) CHECK(job.next.is_infinite);
    if (!job.is_handed_over) CHECK(hosts.on_their_way(0, 1) == 3);
    if (!job.next.is_infinite) CHECK(job.keys == 61 * job.steps);
    if (!job.next.is_infinite) CHECK(job.next.key == 61 * job.steps);
    CHECK_FALSE(job.is_done);
    steps = job.steps;
    hosts.carry(0);
    hosts.carry(1);
  }
  CHECK(hosts.host(0).is_quiet());
  CHECK(hosts.host(0).reshards().back().is_done);
  CHECK(hosts.host(1).table().size() == 1000);
}

TEST_CASE("a re-shard is told done only after its last acknowledgement") {
  Hosts hosts(3);
  hosts.fill(0, 100);
  REQUIRE(hosts.host(0).reshard(KeyRange::all(), 1, hosts[0].sink));
  CHECK(hosts[0].told().size() == 2);
  const Reshard& job = hosts.host(0).reshards().back();
  CHECK(job.is_handed_over);
  CHECK(job.last_number == 2);
  hosts[0].ack(1, 1);
  CHECK_FALSE(job.is_done);
  CHECK_FALSE(hosts.host(0).is_quiet());
  hosts[0].ack(1, 2);
  CHECK(job.is_done);
  CHECK(hosts.host(0).is_quiet());
}

TEST_CASE("lost delegates of a re-shard are sent again") {
  Hosts hosts(2);
  hosts.fill(0, 200);
  REQUIRE(hosts.host(0).reshard(KeyRange::all(), 2, hosts[0].sink));
  for (std::uint64_t now = 0; now < 60'000'000 && !hosts.host(0).is_quiet(); now += 100'000) {
    if (now / 100'000 % 3 == 0) hosts[0].told();
    hosts.carry_all();
    hosts[0].tick(now);
  }
  CHECK(hosts.host(0).reshards().back().is_done);
  CHECK(hosts.host(2).table().size() == 200);
  hosts.check_invariants();
}

TEST_CASE("keys that are set during a re-shard end up with the new owner") {
  Hosts hosts(1);
  hosts.fill(0, 500);
  REQUIRE(hosts.host(0).reshard(KeyRange::all(), 1, hosts[0].sink));
  Key fresh = 10'000;
  for (; !hosts.host(0).is_quiet(); ++fresh) {
    REQUIRE(fresh < 11'000);
    const Key next = hosts.host(0).reshards().back().next.is_infinite
                         ? kLastKey
                         : hosts.host(0).reshards().back().next.key;
    // Behind what is handed over it is set at the old owner, before it at the new one.
    const std::string new_key = hosts.ask(0, set(fresh, "fresh"));
    if (fresh < next) {
      CHECK(new_key == "redirect  " + std::to_string(fresh) + " two");
      hosts.ask(1, set(fresh, "fresh"));
    } else {
      CHECK(new_key == "reply  " + std::to_string(fresh) + "=fresh");
    }
    if (next < 500) CHECK(hosts.ask(0, set(next, "changed")) != "nothing");
    hosts.carry(0);
    hosts.carry(1);
  }
  CHECK(fresh > 10'005);
  CHECK(hosts.host(0).table().size() == 0);
  CHECK(hosts[1].value_of(61) == "changed");
  for (Key key = 0; key < 500; ++key) CHECK(hosts[1].value_of(key) != "absent");
  for (Key key = 10'000; key < 10'005; ++key) CHECK(hosts[1].value_of(key) == "fresh");
  hosts.check_invariants();
}

TEST_CASE("only those keys of the range move that belong to the host") {
  Hosts hosts;
  hosts.fill(0, 100);
  REQUIRE(hosts.host(0).reshard(KeyRange::between(20, 40), 2, hosts[0].sink));
  hosts.carry_all();
  REQUIRE(hosts.host(0).reshard(KeyRange::between(10, 60), 1, hosts[0].sink));
  hosts.carry_all();
  CHECK(hosts.host(0).reshards()[1].keys == 30);
  CHECK(hosts.host(0).reshards()[1].steps == 2);
  CHECK(hosts.host(0).table().size() == 50);
  CHECK(hosts.host(1).table().size() == 30);
  CHECK(hosts.host(2).table().size() == 20);
  CHECK(hosts.host(2).map().owns(2, KeyRange::between(20, 40)));
  CHECK(hosts.host(1).map().owns(1, KeyRange::between(10, 20)));
  CHECK(hosts.host(1).map().owns(1, KeyRange::between(40, 60)));
  CHECK(hosts.host(0).map().owns(0, KeyRange::from(60)));
  CHECK(hosts.ask(2, get(25)) == "reply  25=25");
  hosts.check_invariants();
}

TEST_CASE("ranges at both ends of the keys and single keys move") {
  Hosts hosts;
  hosts.ask(0, set(0, "first"));
  hosts.ask(0, set(kLastKey, "last"));
  REQUIRE(hosts.host(0).reshard(KeyRange::only(kLastKey), 1, hosts[0].sink));
  REQUIRE(hosts.host(0).reshard(KeyRange::only(0), 2, hosts[0].sink));
  hosts.carry_all();
  CHECK(hosts[1].value_of(kLastKey) == "last");
  CHECK(hosts[2].value_of(0) == "first");
  CHECK(hosts.host(0).map().owns(0, KeyRange::between(1, kLastKey)));
  CHECK(hosts.host(0).table().size() == 0);
}

TEST_CASE("two re-shards of one range share it and both end") {
  Hosts hosts(1);
  hosts.fill(0, 300);
  REQUIRE(hosts.host(0).reshard(KeyRange::all(), 1, hosts[0].sink));
  REQUIRE(hosts.host(0).reshard(KeyRange::all(), 2, hosts[0].sink));
  hosts.carry_all();
  const std::vector<Reshard>& jobs = hosts.host(0).reshards();
  CHECK(jobs[0].is_done);
  CHECK(jobs[1].is_done);
  CHECK(jobs[0].keys + jobs[1].keys == 300);
  CHECK(jobs[0].keys > 0);
  CHECK(jobs[1].keys > 0);
  CHECK(hosts.host(1).table().size() == jobs[0].keys);
  CHECK(hosts.host(2).table().size() == jobs[1].keys);
  hosts.check_invariants();
}

TEST_CASE("re-shards that cannot be are refused") {
  Hosts hosts;
  const auto refusal = [&](PeerId at, const KeyRange& range, PeerId to) {
    const auto id = hosts.host(at).reshard(range, to, hosts[at].sink);
    return id ? std::string("none") : std::string(to_string(id.error()));
  };
  CHECK(refusal(0, KeyRange::between(7, 7), 1) == to_string(Error::kEmptyRange));
  CHECK(refusal(0, KeyRange::all(), 3) == to_string(Error::kUnknownHost));
  CHECK(refusal(0, KeyRange::all(), hosts.client()) == to_string(Error::kUnknownHost));
  CHECK(refusal(0, KeyRange::all(), 0) == to_string(Error::kMovesToItself));
  CHECK(refusal(1, KeyRange::all(), 0) == to_string(Error::kNotOwner));
  CHECK(hosts.host(0).reshards().empty());
  CHECK(hosts.host(0).is_quiet());
  CHECK(hosts[0].told().empty());
  CHECK(refusal(0, KeyRange::all(), 1) == "none");
  CHECK(refusal(0, KeyRange::all(), 1) == to_string(Error::kNotOwner));
}

TEST_CASE("the last 64 re-shards are remembered and no more can be open") {
  Hosts hosts(1);
  const auto move = [&](Key key) {
    return hosts.host(0).reshard(KeyRange::only(2 * key), 1, hosts[0].sink);
  };
  for (Key key = 0; key < 64; ++key) REQUIRE(move(key));
  CHECK(move(64).error() == Error::kTooManyCalls);
  CHECK(hosts.host(0).reshards().size() == 64);
  CHECK(hosts.on_their_way(0, 1) == 1);
  hosts.carry_all();
  CHECK(hosts.host(0).is_quiet());
  for (Key key = 64; key < 74; ++key) REQUIRE(move(key));
  CHECK(hosts.host(0).reshards().size() == 64);
  CHECK(hosts.host(0).reshards().front().id == 11);
  CHECK(hosts.host(0).reshards().back().id == 74);
  hosts.carry_all();
  CHECK(hosts.host(0).is_quiet());
  for (Key key = 0; key < 74; ++key) CHECK(hosts.host(1).map().owner(2 * key) == 1);
}

}  // namespace quintet::ironkv
