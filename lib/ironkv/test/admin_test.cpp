// SPDX-License-Identifier: MIT
#include "ironkv/admin.hpp"

#include <string>
#include <vector>

#include "ironkv/test/collecting_sinks.hpp"
#include "testing/catch.hpp"

// What people ask a host: each question and its answer, and bytes that are neither.
namespace quintet::ironkv {
namespace {

const std::vector<EndPoint> kHosts = {end_point("first"), end_point("second")};

struct Asked {
  Host host = std::move(*Host::create({.hosts = kHosts}));
  PeerId me = *host.peer(end_point("people"));
  CollectingSink sink;

  AdminAnswer ask(AdminRequest request) {
    request.id = 77;
    const std::vector<std::byte> bytes = write_admin_request(request);
    REQUIRE(is_admin_request(bytes));
    const auto read = read_admin_request(bytes);
    REQUIRE(read);
    const auto answer = answer_admin(host, me, *read, "more 1\n", sink);
    REQUIRE(is_admin_answer(answer));
    CHECK(admin_answer_id(answer) == 77);
    const auto told = read_admin_answer(answer, request.kind);
    REQUIRE(told);
    return *told;
  }
  void set(Key key) {
    const FrameView frame{.number = host.peers()[me].last_received + 1,
                          .message = {.kind = MessageKind::kSet, .key = key, .has_value = true}};
    REQUIRE(host.on_frame(me, bytes_of(frame), sink) == Outcome::kExecuted);
  }
};

}  // namespace

TEST_CASE("a host says who it is and what it has heard") {
  Asked asked;
  asked.set(1);
  const AdminAnswer answer = asked.ask({.kind = AdminKind::kHello});
  CHECK(answer.me == 0);
  CHECK(answer.last_received == 1);
  CHECK(answer.acked == 0);
  CHECK(answer.delegations == kNoDelegations);
  asked.host.on_frame(asked.me, bytes_of(FrameView{.is_ack = true, .number = 1}), asked.sink);
  REQUIRE(asked.host.reshard(KeyRange::between(10, 20), 1, asked.sink));
  const AdminAnswer later = asked.ask({.kind = AdminKind::kHello});
  CHECK(later.acked == 1);
  CHECK(later.delegations == kNoDelegations + 1);
}

TEST_CASE("a host says whose a key is and what is around it") {
  Asked asked;
  REQUIRE(asked.host.reshard(KeyRange::between(10, 20), 1, asked.sink));
  const AdminAnswer moved = asked.ask({.kind = AdminKind::kWhere, .key = 15});
  CHECK(moved.owner == 1);
  CHECK(moved.owner_end_point == kHosts[1]);
  CHECK(moved.run == KeyRange::between(10, 20));
  const AdminAnswer last = asked.ask({.kind = AdminKind::kWhere, .key = ~Key{0}});
  CHECK(last.owner == 0);
  CHECK(last.run == KeyRange::from(20));
}

TEST_CASE("a re-shard is begun and told of until it is done") {
  Asked asked;
  for (Key key = 0; key < 100; ++key) asked.set(key);
  const AdminAnswer begun =
      asked.ask({.kind = AdminKind::kReshard, .range = KeyRange::all(), .end_point = kHosts[1]});
  REQUIRE(begun.error.empty());
  const AdminRequest progress{.kind = AdminKind::kProgress, .number = begun.reshard};
  AdminAnswer answer = asked.ask(progress);
  CHECK(answer.keys == 100);
  CHECK(answer.steps == 2);
  CHECK(answer.next == KeyBound<Key>::infinity());
  CHECK_FALSE(answer.is_done);
  const FrameView ack{.is_ack = true, .number = 2};
  REQUIRE(asked.host.on_frame(1, bytes_of(ack), asked.sink) == Outcome::kAck);
  CHECK(asked.ask(progress).is_done);
}

TEST_CASE("a re-shard that cannot be is refused with the reason") {
  Asked asked;
  const auto refusal = [&](const KeyRange& range, const EndPoint& to) {
    return asked.ask({.kind = AdminKind::kReshard, .range = range, .end_point = to}).error;
  };
  CHECK(refusal(KeyRange::all(), end_point("nobody")) == to_string(Error::kUnknownHost));
  CHECK(refusal(KeyRange::all(), end_point("people")) == to_string(Error::kUnknownHost));
  CHECK(refusal(KeyRange::all(), kHosts[0]) == to_string(Error::kMovesToItself));
  CHECK(refusal(KeyRange::between(5, 5), kHosts[1]) == to_string(Error::kEmptyRange));
  CHECK(asked.ask({.kind = AdminKind::kProgress, .number = 9}).error.find("no such re-shard") == 0);
}

TEST_CASE("a host counts its keys and names the one of a rank") {
  Asked asked;
  for (const Key key : {Key{30}, Key{10}, Key{20}}) asked.set(key);
  CHECK(asked.ask({.kind = AdminKind::kNth, .number = 1}).nth == 20);
  CHECK(asked.ask({.kind = AdminKind::kNth, .number = 1}).total == 3);
  CHECK_FALSE(asked.ask({.kind = AdminKind::kNth, .number = 3}).nth);
}

TEST_CASE("statistics are lines of a name and a value") {
  Asked asked;
  asked.set(1);
  const std::string text = asked.ask({.kind = AdminKind::kStatistics}).text;
  CHECK(text.find("ironkv_sets_total 1\n") != std::string::npos);
  CHECK(text.find("ironkv_keys 1\n") != std::string::npos);
  CHECK(text.find("more 1\n") != std::string::npos);
}

TEST_CASE("requests and answers that are cut off or have bytes left over are refused") {
  Asked asked;
  const std::vector<std::byte> request = write_admin_request({.kind = AdminKind::kWhere});
  const auto answer =
      answer_admin(asked.host, asked.me, *read_admin_request(request), "", asked.sink);
  for (std::size_t size = 0; size < request.size(); ++size) {
    CHECK_FALSE(read_admin_request(Bytes(request).first(size)));
  }
  for (std::size_t size = 0; size < answer.size(); ++size) {
    CHECK_FALSE(read_admin_answer(Bytes(answer).first(size), AdminKind::kWhere));
  }
  std::vector<std::byte> longer = request;
  longer.push_back({});
  CHECK_FALSE(read_admin_request(longer));
  std::vector<std::byte> unknown = request;
  unknown[9] = std::byte{6};  // the kind
  CHECK_FALSE(read_admin_request(unknown));
}

TEST_CASE("the reference's hosts drop what people ask") {
  const std::vector<std::byte> request = write_admin_request({.kind = AdminKind::kHello});
  CHECK_FALSE(read_frame(request));
}

}  // namespace quintet::ironkv
