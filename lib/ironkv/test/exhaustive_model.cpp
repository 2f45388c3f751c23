// SPDX-License-Identifier: MIT
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "ironkv/test/world/exploration.hpp"
#include "testing/catch.hpp"

// Small clusters, in every state that any network can bring them to.
namespace quintet::ironkv::world {
namespace {

constexpr Key kLeft = 7;
constexpr Key kRight = 9;
const EndPoint kFirstHost = {std::byte{1}, std::byte{0}};
const EndPoint kSecondHost = {std::byte{1}, std::byte{1}};
const EndPoint kThirdHost = {std::byte{1}, std::byte{2}};

Bytes value(std::uint8_t number) {
  static const auto values = [] {
    std::array<std::array<std::byte, 8>, 16> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i][0] = static_cast<std::byte>(i);
    return all;
  }();
  return values[number];
}
MessageView get(Key key) { return {.kind = MessageKind::kGet, .key = key}; }
MessageView set(Key key, std::uint8_t number) {
  return {.kind = MessageKind::kSet, .key = key, .has_value = true, .value = value(number)};
}
MessageView erase(Key key) { return {.kind = MessageKind::kSet, .key = key}; }
MessageView shard(const KeyRange& range, const EndPoint& to) {
  return {.kind = MessageKind::kShard, .end_point = to, .range = range};
}

// Two hosts, one client, two keys, one Shard.
ExplorationOptions one_shard() {
  return {.hosts = 2,
          .keys = {kLeft, kRight},
          .requests = {
              {set(kRight, 1), shard(KeyRange::from(8), kSecondHost), set(kLeft, 2), get(kRight)},
              {get(kRight), set(kRight, 3), get(kLeft)}}};
}
// There and back, while both hosts are asked.
ExplorationOptions there_and_back() {
  return {.hosts = 2,
          .keys = {kLeft, kRight},
          .requests = {{set(kRight, 1), shard(KeyRange::from(8), kSecondHost), get(kRight)},
                       {set(kRight, 2), shard(KeyRange::all(), kFirstHost),
                        shard(KeyRange::only(kRight), kFirstHost), erase(kRight)}}};
}
// Two moves that follow each other through three hosts.
ExplorationOptions three_hosts() {
  return {.hosts = 3,
          .keys = {kLeft, kRight},
          .requests = {{set(kLeft, 1), shard(KeyRange::all(), kSecondHost), get(kLeft)},
                       {set(kLeft, 2), shard(KeyRange::between(0, 8), kThirdHost)},
                       {get(kLeft), set(kLeft, 3)}}};
}

// Ranges within one another that go round, and come back in parts.
ExplorationOptions round_trip() {
  return {.hosts = 3,
          .keys = {kLeft, kRight},
          .requests = {{set(kLeft, 1), shard(KeyRange::all(), kSecondHost), get(kRight)},
                       {set(kRight, 2), shard(KeyRange::between(5, 8), kThirdHost),
                        shard(KeyRange::only(kRight), kFirstHost)},
                       {erase(kLeft), shard(KeyRange::only(kLeft), kFirstHost)}}};
}

template <Fault kFault>
bool finds() {
  for (auto options : {one_shard(), there_and_back(), three_hosts(), round_trip()}) {
    options.most_states = 20'000;
    if (Exploration<kFault>(options).run().violation) return true;
  }
  return false;
}

void explore(const char* name, const ExplorationOptions& options) {
  const ExplorationResult result = Exploration<Fault::kNone>(options).run();
  std::printf("explored %s: %llu states, %llu steps, %llu packets\n", name,
              static_cast<unsigned long long>(result.states),
              static_cast<unsigned long long>(result.steps),
              static_cast<unsigned long long>(result.packets));
  CHECK(result.violation.value_or("") == "");
  CHECK(result.is_complete);
  CHECK(result.states > 500);
}

}  // namespace

TEST_CASE("every state of two hosts and one shard keeps the invariants") {
  explore("one shard", one_shard());
}
TEST_CASE("every state of a range that goes there and back keeps the invariants") {
  explore("there and back", there_and_back());
}
TEST_CASE("every state of three hosts and two shards keeps the invariants") {
  explore("three hosts", three_hosts());
}

TEST_CASE("every state of ranges that go round three hosts keeps the invariants") {
  explore("round trip", round_trip());
}

TEST_CASE("exploring all states finds the faults that the network can bring to light") {
  CHECK(finds<Fault::kDuplicateExecuted>());
  CHECK(finds<Fault::kGapAccepted>());
  CHECK(finds<Fault::kEndNotPinned>());
  CHECK(finds<Fault::kMergesOthers>());
  CHECK(finds<Fault::kShardKeepsKeys>());
  CHECK(finds<Fault::kShardKeepsOwnership>());
  CHECK(finds<Fault::kShardNotOwner>());
  CHECK(finds<Fault::kDelegateNotOwned>());
  CHECK(finds<Fault::kServesForeignKeys>());
  CHECK(finds<Fault::kTombstoneNotSaved>());
  CHECK(finds<Fault::kWindowNotSaved>());
  CHECK(finds<Fault::kMapNotSaved>());
}

}  // namespace quintet::ironkv::world
