// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <vector>

#include "ironkv/test/host_driver.hpp"
#include "testing/catch.hpp"

// What outlives a restart: snapshots, and the records of a journal; and damaged ones.
namespace quintet::ironkv {
namespace {

// Keeps a journal, as a durable host does: a record before the frame takes effect.
struct JournalingSink {
  Host* host = nullptr;
  std::vector<std::vector<std::byte>> records{};

  std::byte* frame(PeerId, std::size_t) { return nullptr; }
  void ack(PeerId, std::uint64_t) {}
  void executed(PeerId source, Bytes frame) {
    records.emplace_back();
    host->append_record(source, frame, records.back());
  }
};

// Replies, of an empty value and an absent key, too, redirects and delegates are unacknowledged.
void fill(HostDriver& driver) {
  const PeerId client = driver.client();
  const PeerId other = driver.client("other");
  for (const MessageView& message :
       {set(1, "one"), set(2, ""), set(9, "nine"), set(5, "gone"), erase(5), get(3)}) {
    driver.say(client, message);
  }
  driver.ack(client, 2);
  driver.say(client, shard(KeyRange::between(8, 10), "two"));
  driver.say(client, shard(KeyRange::from(kLastKey), "three"));
  driver.say(other, get(9));
  driver.say(other, get(1));
  driver.say(1, get(1));
  driver.told();
}

Result<void> restored(const HostOptions& options, Bytes snapshot) {
  HostDriver driver(options);
  const Result<void> result = driver.host.restore(snapshot);
  if (!result) return result;
  driver.host.check_invariants();
  for (PeerId id = 0; id < driver.host.peers().end(); ++id) {
    driver.host.on_connected(id, driver.sink);
  }
  for (const SentFrame& frame : driver.sink.frames) QT_CHECK(read_frame(frame.bytes).has_value());
  driver.sink.frames.clear();
  driver.say(driver.client(), set(1, "more"));
  driver.say(driver.client(), shard(KeyRange::only(2), "two"));
  driver.say(1, delegate(KeyRange::only(4), {}, 0));
  driver.host.check_invariants();
  return result;
}

}  // namespace

TEST_CASE("a restored host is as the one that was saved") {
  HostDriver driver;
  fill(driver);
  const std::vector<std::byte> snapshot = driver.snapshot();
  HostDriver again(three_hosts(), snapshot);
  CHECK(again.snapshot() == snapshot);
  again.host.check_invariants();
  CHECK(again.host.delegations() == driver.host.delegations());
  CHECK(again.host.map().entries() == driver.host.map().entries());
  for (PeerId id = 0; id < driver.host.peers().end(); ++id) {
    INFO("end point " << id);
    driver.host.on_connected(id, driver.sink);
    again.host.on_connected(id, again.sink);
    const Texts expected = driver.told();
    CHECK(again.told() == expected);
    CHECK(expected.empty() == (id == 0));
  }
  CHECK(again.say_as(6, again.client(), get(1)) == Outcome::kDuplicate);
  CHECK(again.say_as(9, again.client(), get(1)) == Outcome::kExecuted);
  CHECK(again.told() == Texts{"3: ack 6", "3: ack 9", "3: reply 7 1=one"});
}

TEST_CASE("a fresh host and one that only clients know are restored") {
  const HostDriver fresh(three_hosts(2));
  HostDriver driver(three_hosts(2), fresh.snapshot());
  CHECK(driver.snapshot() == fresh.snapshot());
  driver.say(driver.client(), get(1));
  HostDriver again(three_hosts(2), driver.snapshot());
  CHECK(again.snapshot() == driver.snapshot());
}

TEST_CASE("a snapshot without its end is refused") {
  HostDriver driver;
  fill(driver);
  const std::vector<std::byte> snapshot = driver.snapshot();
  for (std::size_t bytes = 0; bytes < snapshot.size(); ++bytes) {
    INFO(bytes << " bytes");
    const Result<void> result = restored(three_hosts(), Bytes(snapshot).first(bytes));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error() == Error::kBadSnapshot);
  }
  std::vector<std::byte> longer = snapshot;
  longer.push_back(std::byte{0});
  CHECK(restored(three_hosts(), longer).error() == Error::kBadSnapshot);
}

// No checksum tells: what is restored may be another state, but it is one.
TEST_CASE("a snapshot with any byte changed is refused or restored to a state that works") {
  HostDriver driver;
  fill(driver);
  const std::vector<std::byte> snapshot = driver.snapshot();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < snapshot.size(); ++at) {
    for (const unsigned flipped : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 255U}) {
      std::vector<std::byte> changed = snapshot;
      changed[at] ^= static_cast<std::byte>(flipped);
      INFO("byte " << at << " ^ " << flipped);
      if (!restored(three_hosts(), changed)) ++refused;
    }
  }
  CHECK(refused > 2 * snapshot.size());
}

TEST_CASE("a snapshot that stores a key of another host is refused") {
  HostDriver driver;
  driver.say(driver.client(), set(5, "value"));
  std::vector<std::byte> snapshot = driver.snapshot();
  const std::size_t owner_at = 8 + (8 + 3) + 8 + (8 + 3) + (8 + 3) + (8 + 5) + 8 + 8 + 8;
  REQUIRE(load_le64(snapshot.data() + owner_at) == 0);
  store_le64(snapshot.data() + owner_at, 1);
  HostDriver again;
  CHECK(again.host.restore(snapshot).error() == Error::kBadSnapshot);
}

TEST_CASE("a snapshot is refused whose unacknowledged messages have wrong numbers or kinds") {
  HostDriver driver;
  driver.say(driver.client(), set(5, "value"));
  const std::vector<std::byte> snapshot = driver.snapshot();
  const FrameView last{
      .number = 1, .destination = bytes_of("client"), .message = reply(5, "value")};
  const std::size_t at = snapshot.size() - frame_bytes(last);
  REQUIRE(to_hex(Bytes(snapshot).subspan(at)) == to_hex(bytes_of(last)));
  const auto refusal = [&](std::uint64_t number, MessageKind kind) {
    FrameView changed = last;
    changed.number = number;
    changed.message.kind = kind;  // of the same length
    std::vector<std::byte> bytes = snapshot;
    write_frame(changed, bytes.data() + at);
    const Result<void> result = restored(three_hosts(), bytes);
    return result ? "none" : std::string(to_string(result.error()));
  };
  CHECK(refusal(1, MessageKind::kReply) == "none");
  CHECK(refusal(0, MessageKind::kReply) == to_string(Error::kBadSnapshot));
  CHECK(refusal(2, MessageKind::kReply) == to_string(Error::kBadSnapshot));
  CHECK(refusal(1, MessageKind::kSet) == to_string(Error::kBadSnapshot));
}

TEST_CASE("the snapshot of another host or list of hosts is refused by name") {
  const HostDriver driver;
  const std::vector<std::byte> snapshot = driver.snapshot();
  const auto refusal = [&](HostOptions options) {
    HostDriver other(std::move(options));
    return other.host.restore(snapshot).error();
  };
  CHECK(refusal(three_hosts(1)) == Error::kSnapshotOfAnother);
  HostOptions options = three_hosts();
  options.hosts[2] = end_point("fourr");
  CHECK(refusal(options) == Error::kSnapshotOfAnother);
  options.hosts.pop_back();
  CHECK(refusal(options) == Error::kSnapshotOfAnother);
  CHECK(refusal({.hosts = {end_point("one")}}) == Error::kSnapshotOfAnother);
}

TEST_CASE("a snapshot of more end points than the options allow is refused") {
  HostDriver driver;
  driver.client("a");
  driver.client("b");
  HostOptions options = three_hosts();
  options.max_peers = 4;
  CHECK(restored(options, driver.snapshot()).error() == Error::kBadSnapshot);
}

namespace {

// A host that lives, its journal, and the snapshot that the journal follows.
struct Journaled {
  HostDriver driver{};
  std::vector<std::byte> base{};
  JournalingSink journal{};

  Journaled() {
    fill(driver);
    base = driver.snapshot();
    journal.host = &driver.host;
  }
  Outcome say(PeerId source, const MessageView& message) {
    const std::uint64_t number = driver.host.peers()[source].last_received + 1;
    return driver.host.on_frame(source, bytes_of(FrameView{.number = number, .message = message}),
                                journal);
  }
  void ack(PeerId source, std::uint64_t number) {
    driver.host.on_frame(source, bytes_of(FrameView{.is_ack = true, .number = number}), journal);
  }
};

}  // namespace

TEST_CASE("records lead from a snapshot to the state that followed") {
  Journaled live;
  const PeerId client = live.driver.client();
  const PeerId late = live.driver.client("late");
  const std::vector<std::byte> table = entries(20, 3, "carried");
  const std::string too_long(1024, 'x');
  live.ack(client, 4);
  for (const MessageView& message :
       {set(1, "new"), erase(2), get(1), set(3, too_long), shard(KeyRange::only(1), "three"),
        shard(KeyRange::all(), "three"), get(1), reply(1, "nothing")}) {
    REQUIRE(live.say(client, message) == Outcome::kExecuted);
  }
  live.ack(client, 6);
  live.say(client, get(6));
  live.say(late, set(7, "late"));
  live.say(1, delegate(KeyRange::between(20, 30), table, 3));
  live.say(2, delegate(KeyRange::between(5, 5), {}, 0));
  live.ack(1, 1);
  live.say(1, get(20));
  REQUIRE(live.driver.host.reshard(KeyRange::between(18, 40), 2, live.journal));
  CHECK(live.journal.records.size() == 14);
  HostDriver again(three_hosts(), live.base);
  for (const std::vector<std::byte>& record : live.journal.records) {
    REQUIRE(again.host.replay(record));
  }
  again.host.check_invariants();
  CHECK(again.snapshot() == live.driver.snapshot());
}

TEST_CASE("an acknowledgement after the last record of its sender may be lost and nothing else") {
  Journaled live;
  const PeerId client = live.driver.client();
  live.say(client, get(1));
  live.ack(client, 5);
  HostDriver again(three_hosts(), live.base);
  REQUIRE(again.host.replay(live.journal.records.at(0)));
  CHECK(again.snapshot() != live.driver.snapshot());
  again.ack(client, 5);
  CHECK(again.snapshot() == live.driver.snapshot());
}

TEST_CASE("more answers than the options allow are replayed as they were once given") {
  Journaled live;
  const PeerId client = live.driver.client();
  for (int i = 0; i < 20; ++i) live.say(client, get(1));
  HostOptions options = three_hosts();
  options.max_unacked = 2;
  HostDriver again(options, live.base);
  for (const std::vector<std::byte>& record : live.journal.records) {
    REQUIRE(again.host.replay(record));
  }
  CHECK(again.snapshot() == live.driver.snapshot());
}

TEST_CASE("a forgotten client is forgotten by those who replay it") {
  Journaled live;
  const PeerId client = live.driver.client("other");
  std::vector<std::byte> record;
  live.driver.host.append_forget_record(client, record);
  live.driver.host.forget(client);
  live.say(live.driver.client("other"), get(1));
  HostDriver again(three_hosts(), live.base);
  REQUIRE(again.host.replay(record));
  CHECK(again.host.peers().known() == 4);
  REQUIRE(again.host.replay(live.journal.records.at(0)));
  CHECK(again.snapshot() == live.driver.snapshot());
}

TEST_CASE("records that are none are refused") {
  Journaled live;
  live.say(live.driver.client(), set(1, "new"));
  const std::vector<std::byte> good = live.journal.records.at(0);
  const auto refusal = [&](Bytes record) {
    HostDriver again(three_hosts(), live.base);
    const Result<void> result = again.host.replay(record);
    again.host.check_invariants();
    return result.has_value() ? "none" : std::string(to_string(result.error()));
  };
  const std::string bad(to_string(Error::kBadRecord));
  CHECK(refusal(good) == "none");
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
    CHECK(refusal(Bytes(good).first(bytes)) == bad);
  }
  std::vector<std::byte> changed = good;
  changed.push_back(std::byte{0});
  CHECK(refusal(changed) == bad);
  changed = good;
  changed[0] = std::byte{2};
  CHECK(refusal(changed) == bad);
  for (std::size_t at = 0; at < good.size(); ++at) {  // ends in an answer, sane or not
    changed = good;
    changed[at] ^= std::byte{0x81};
    refusal(changed);
  }
  std::vector<std::byte> forget;
  live.driver.host.append_forget_record(live.driver.client(), forget);
  CHECK(refusal(forget) == "none");
  CHECK(refusal(Bytes(forget).first(forget.size() - 1)) == bad);
  forget.push_back(std::byte{0});
  CHECK(refusal(forget) == bad);
  std::vector<std::byte> of_host;
  live.driver.host.append_forget_record(1, of_host);
  CHECK(refusal(of_host) == bad);
  std::vector<std::byte> of_stranger{std::byte{1}};
  const EndPoint stranger = end_point("stranger");
  of_stranger.resize(1 + 8 + stranger.size());
  store_bytes(of_stranger.data() + 1, stranger);
  CHECK(refusal(of_stranger) == bad);
}

TEST_CASE("a record is refused that is replayed twice or without the one before it") {
  Journaled live;
  live.say(live.driver.client(), set(1, "a"));
  live.say(live.driver.client(), set(1, "b"));
  HostDriver again(three_hosts(), live.base);
  CHECK(again.host.replay(live.journal.records.at(1)).error() == Error::kBadRecord);
  CHECK(again.host.replay(live.journal.records.at(0)).has_value());
  CHECK(again.host.replay(live.journal.records.at(0)).error() == Error::kBadRecord);
  CHECK(again.host.replay(live.journal.records.at(1)).has_value());
  CHECK(again.snapshot() == live.driver.snapshot());
}

}  // namespace quintet::ironkv
