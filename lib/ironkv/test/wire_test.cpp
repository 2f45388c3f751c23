// SPDX-License-Identifier: MIT
#include <optional>
#include <string>
#include <vector>

#include "ironkv/test/collecting_sinks.hpp"
#include "ironkv/wire.hpp"
#include "testing/catch.hpp"

// The bytes of every message, against ones written down by hand from the format; and what is
// refused.
namespace quintet::ironkv {
namespace {

const EndPoint kA = from_hex("a1a2a3a4");
const EndPoint kB = from_hex("b1b2b3b4");
const std::vector<std::byte> kDead = from_hex("dead");

struct Golden {
  const char* name;
  FrameView frame;
  std::string hex;
};

std::vector<Golden> golden_frames() {
  static const std::vector<std::byte> entry = [] {
    std::vector<std::byte> bytes;
    append_entry(bytes, 17, kDead);
    return bytes;
  }();
  const auto numbered = [](std::uint64_t number, MessageView message) {
    return FrameView{.number = number, .destination = kA, .message = message};
  };
  const std::string to_a = "0400000000000000a1a2a3a4";
  return {
      {"Ack", {.is_ack = true, .number = 5}, "010500000000000000"},
      {"Get", numbered(1, {.kind = MessageKind::kGet, .key = 7}),
       "000100000000000000" + to_a + "000700000000000000"},
      {"Set", numbered(2, {.kind = MessageKind::kSet, .key = 7, .has_value = true, .value = kDead}),
       "000200000000000000" + to_a + "010700000000000000010200000000000000dead"},
      {"Delete", numbered(3, {.kind = MessageKind::kSet, .key = 7}),
       "000300000000000000" + to_a + "01070000000000000000"},
      {"Reply",
       numbered(1, {.kind = MessageKind::kReply, .key = 7, .has_value = true, .value = kDead}),
       "000100000000000000" + to_a + "020700000000000000010200000000000000dead"},
      {"Reply of an absent key", numbered(1, {.kind = MessageKind::kReply, .key = 7}),
       "000100000000000000" + to_a + "02070000000000000000"},
      {"Redirect", numbered(2, {.kind = MessageKind::kRedirect, .key = 7, .end_point = kB}),
       "000200000000000000" + to_a + "0307000000000000000400000000000000b1b2b3b4"},
      {"Shard",
       numbered(4,
                {.kind = MessageKind::kShard, .end_point = kB, .range = KeyRange::between(16, 32)}),
       "000400000000000000" + to_a +
           "040110000000000000000120000000000000000400000000000000b1b2b3b4"},
      {"Delegate",
       numbered(1,
                {.kind = MessageKind::kDelegate, .range = KeyRange::from(16), .table = {1, entry}}),
       "000100000000000000" + to_a +
           "050110000000000000000001000000000000001100000000000000"
           "0200000000000000dead"},
  };
}

std::string refused(const std::string& hex) {
  return read_frame(from_hex(hex)) ? "accepted" : "refused";
}

}  // namespace

TEST_CASE("each message has the bytes of the format") {
  for (const Golden& golden : golden_frames()) {
    INFO(golden.name);
    CHECK(to_hex(bytes_of(golden.frame)) == golden.hex);
  }
}

TEST_CASE("each message is read back to itself") {
  for (const Golden& golden : golden_frames()) {
    INFO(golden.name);
    const std::vector<std::byte> bytes = from_hex(golden.hex);
    const std::optional<FrameView> frame = read_frame(bytes);
    REQUIRE(frame);
    CHECK(frame->is_ack == golden.frame.is_ack);
    CHECK(frame->number == golden.frame.number);
    CHECK(to_hex(frame->destination) == to_hex(golden.frame.destination));
    CHECK(frame->message.kind == golden.frame.message.kind);
    CHECK(frame->message.key == golden.frame.message.key);
    CHECK(frame->message.has_value == golden.frame.message.has_value);
    CHECK(to_hex(frame->message.value) == to_hex(golden.frame.message.value));
    CHECK(to_hex(frame->message.end_point) == to_hex(golden.frame.message.end_point));
    CHECK(frame->message.table.count == golden.frame.message.table.count);
    CHECK(to_hex(bytes_of(*frame)) == golden.hex);
  }
}

TEST_CASE("a frame that is cut off or has bytes left over is refused") {
  for (const Golden& golden : golden_frames()) {
    INFO(golden.name);
    for (std::size_t digits = 0; digits < golden.hex.size(); digits += 2) {
      CHECK(refused(golden.hex.substr(0, digits)) == "refused");
    }
    CHECK(refused(golden.hex + "00") == "refused");
  }
}

TEST_CASE("unknown tags are refused") {
  CHECK(refused("02") == "refused");
  CHECK(refused("020500000000000000") == "refused");
  CHECK(refused("0001000000000000000000000000000000060700000000000000") == "refused");
  CHECK(refused("0001000000000000000000000000000000000700000000000000") == "accepted");
  CHECK(refused("000100000000000000000000000000000001070000000000000002") == "refused");
}

TEST_CASE("lengths beyond the bytes that follow are refused") {
  CHECK(refused("000100000000000000ffffffffffffffff000700000000000000") == "refused");
  CHECK(refused("00010000000000000000000000000000000107000000000000000100000000000000ff") ==
        "refused");
  // 2^60 entries are announced, one follows.
  const std::string head = "0001000000000000000000000000000000050000";
  CHECK(refused(head + "0000000000000010" + "1100000000000000" + "0200000000000000dead") ==
        "refused");
}

TEST_CASE("the keys of a table must ascend") {
  const std::string head = "00010000000000000000000000000000000500000200000000000000";
  const std::string one = "01000000000000000000000000000000";
  const std::string two = "02000000000000000000000000000000";
  CHECK(refused(head + one + two) == "accepted");
  CHECK(refused(head + two + one) == "refused");
  CHECK(refused(head + one + one) == "refused");
}

TEST_CASE("end points and tables have a longest size") {
  const auto redirect_to = [](std::size_t bytes) {
    const EndPoint owner(bytes);
    return read_frame(
               bytes_of(FrameView{.number = 1,
                                  .message = {.kind = MessageKind::kRedirect, .end_point = owner}}))
        .has_value();
  };
  CHECK(redirect_to(kMostEndPointBytes));
  CHECK_FALSE(redirect_to(kMostEndPointBytes + 1));
  const auto delegate_of = [](std::size_t value_bytes) {
    std::vector<std::byte> table;
    append_entry(table, 1, std::vector<std::byte>(value_bytes));
    const FrameView frame{.number = 1,
                          .message = {.kind = MessageKind::kDelegate, .table = {1, table}}};
    return read_frame(bytes_of(frame)).has_value();
  };
  CHECK(delegate_of(kMostDelegateBytes - 16));
  CHECK_FALSE(delegate_of(kMostDelegateBytes - 15));
}

TEST_CASE("a range that begins at infinity is empty") {
  const std::optional<FrameView> frame =
      read_frame(from_hex("00010000000000000000000000000000000400000000000000000000"));
  REQUIRE(frame);
  CHECK(frame->message.range.is_empty());
}

}  // namespace quintet::ironkv
