// SPDX-License-Identifier: MIT
#include "ironkv/introduction.hpp"

#include <cstdint>
#include <vector>

#include "ironkv/test/collecting_sinks.hpp"
#include "testing/catch.hpp"

// Whom a host that begins with nothing asks, and what it makes of the answers.
namespace quintet::ironkv {
namespace {

constexpr std::uint64_t kNonce = 77;

struct Told {
  std::uint64_t last_received = 0;
  std::uint64_t acked = 0;
  std::uint64_t delegations = kNoDelegations;
  std::uint64_t id = kNonce;
};
std::vector<std::byte> answer(PeerId from, const Told& told) {
  std::vector<std::byte> bytes = internal::granted(told.id);
  for (const std::uint64_t number :
       {std::uint64_t{from}, told.last_received, told.acked, told.delegations}) {
    internal::append_number(bytes, number);
  }
  return bytes;
}

}  // namespace

TEST_CASE("a host that need not ask serves at once") {
  CHECK(Introduction().may_serve());
  CHECK(Introduction(0, 1, kNonce).may_serve());
  CHECK_FALSE(Introduction().first_missing());
}

TEST_CASE("a host that begins with nothing serves when all others do not know it") {
  Introduction introduction(1, 3, kNonce);
  CHECK(introduction.question().kind == AdminKind::kHello);
  CHECK(introduction.question().id == kNonce);
  CHECK_FALSE(introduction.is_missing(1));
  CHECK(introduction.first_missing() == 0);
  CHECK(introduction.hear(0, answer(0, {})));
  CHECK_FALSE(introduction.may_serve());
  CHECK(introduction.first_missing() == 2);
  CHECK(introduction.hear(2, answer(2, {})));
  CHECK(introduction.may_serve());
  CHECK_FALSE(introduction.first_missing());
  CHECK_FALSE(introduction.hear(2, answer(2, {.acked = 1})));  // it has answered
  CHECK(introduction.may_serve());
}

TEST_CASE("a host that another one knows does not serve") {
  for (const Told& told : {Told{.last_received = 1}, Told{.acked = 1}}) {
    Introduction introduction(1, 3, kNonce);
    introduction.hear(2, answer(2, told));
    introduction.hear(0, answer(0, {}));
    CHECK_FALSE(introduction.may_serve());
    CHECK(introduction.who_remembers() == 2);
  }
}

TEST_CASE("only the first host minds that ranges have moved without it") {
  Introduction first(0, 2, kNonce);
  first.hear(1, answer(1, {.delegations = kNoDelegations + 1}));
  CHECK_FALSE(first.may_serve());
  CHECK(first.who_remembers() == 1);
  Introduction second(1, 2, kNonce);
  second.hear(0, answer(0, {.delegations = kNoDelegations + 1}));
  CHECK(second.may_serve());
}

TEST_CASE("what is no answer to the question is not heard") {
  Introduction introduction(0, 2, kNonce);
  CHECK_FALSE(introduction.hear(1, answer(1, {.id = kNonce - 1})));  // of an earlier beginning
  CHECK_FALSE(introduction.hear(0, answer(0, {})));
  CHECK_FALSE(introduction.hear(7, answer(7, {})));
  CHECK_FALSE(introduction.hear(1, {}));
  CHECK_FALSE(introduction.hear(1, internal::refused(kNonce, "no")));
  std::vector<std::byte> shortened = answer(1, {});
  shortened.pop_back();
  CHECK_FALSE(introduction.hear(1, shortened));
  CHECK(introduction.first_missing() == 1);
}

TEST_CASE("two hosts that begin together let each other in and one that returns not") {
  const std::vector<EndPoint> hosts = {end_point("first"), end_point("second")};
  Host first = std::move(*Host::create({.hosts = hosts, .me = 0}));
  Host second = std::move(*Host::create({.hosts = hosts, .me = 1}));
  CollectingSink sink;
  const auto may_serve = [&](PeerId me, Host& asked) {
    Introduction introduction(me, 2, kNonce);
    introduction.hear(1 - me, answer_admin(asked, me, introduction.question(), "", sink));
    return introduction.may_serve();
  };
  CHECK(may_serve(0, second));
  CHECK(may_serve(1, first));
  REQUIRE(first.reshard(KeyRange::all(), 1, sink));
  CHECK(may_serve(1, first));  // has not taken it, as far as the first one knows
  for (const SentFrame& sent : sink.take()) second.on_frame(0, sent.bytes, sink);
  CHECK_FALSE(may_serve(0, second));
  first.on_frame(1, bytes_of(FrameView{.is_ack = true, .number = 1}), sink);
  CHECK_FALSE(may_serve(1, first));
}

}  // namespace quintet::ironkv
