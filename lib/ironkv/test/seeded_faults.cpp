// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "ironkv/test/collecting_sinks.hpp"
#include "ironkv/test/world/run.hpp"
#include "testing/catch.hpp"

// The simulation against the seeded faults: each must be found, and the run that finds it is made
// small.
namespace quintet::ironkv::world {
namespace {

// Too many keys for the runs, and what is no property of them: each has a scenario below.
bool is_found_elsewhere(Fault fault) {
  return fault == Fault::kShardTooMany || fault == Fault::kRedirectAtOnce;
}

const std::vector<EndPoint> kHosts = {end_point("first"), end_point("second")};

// Whether a host hands over `keys` keys when a client asks it to.
template <Fault kFault>
bool hands_over(std::uint32_t keys) {
  auto host = HostOf<kFault>::create({.hosts = kHosts});
  const PeerId client = *host->peer(end_point("client"));
  CollectingSink sink;
  std::uint64_t number = 0;
  const auto say = [&](const MessageView& message) {
    const FrameView frame{.number = ++number, .message = message};
    REQUIRE(host->on_frame(client, bytes_of(frame), sink) == Outcome::kExecuted);
  };
  for (Key key = 0; key < keys; ++key) {
    say({.kind = MessageKind::kSet, .key = key, .has_value = true});
  }
  say({.kind = MessageKind::kShard, .end_point = kHosts[1], .range = KeyRange::all()});
  return host->counters().shards == 1;
}

// How often a client asks, within a millisecond, two hosts that name each other.
template <Fault kFault>
int requests_in_a_circle() {
  auto client = ClientCoreOf<kFault>::create({.servers = kHosts});
  CollectingSink sink;
  client->on_tick(1, sink);
  REQUIRE(client->get(7, 1, 1'000'000, sink));
  std::uint64_t numbers[2] = {0, 0};
  int requests = 0;
  while (!sink.frames.empty() && requests < 100) {
    for (const SentFrame& sent : sink.take()) {
      if (read_frame(sent.bytes)->is_ack) continue;
      ++requests;
      const FrameView answer{
          .number = ++numbers[sent.to],
          .message = {.kind = MessageKind::kRedirect, .key = 7, .end_point = kHosts[1 - sent.to]}};
      client->on_frame(sent.to, bytes_of(answer), sink);
    }
  }
  return requests;
}

}  // namespace

TEST_CASE("the simulation finds every seeded fault") {
  std::string survivors;
  int found_faults = 0;
  for (int f = 1; f < static_cast<int>(Fault::kEnd); ++f) {
    const auto fault = static_cast<Fault>(f);
    if (is_found_elsewhere(fault)) continue;
    const auto failure =
        find_failure([&](const Run& run) { return run_mutant(fault, run); }, 140, 20'000, 20);
    const std::string name(name_of(fault));
    if (!failure) {
      survivors += " '" + name + "'";
      continue;
    }
    ++found_faults;
    std::printf("%-24s %5llu steps: %s\n    %s\n", name.c_str(),
                static_cast<unsigned long long>(failure->run.steps), failure->violation.c_str(),
                to_text(failure->run).c_str());
    // As small as it is, it still fails, and the code without the fault does not.
    CHECK(run_mutant(fault, failure->run).violation == failure->violation);
    CHECK_FALSE(run_real(failure->run).violation);
  }
  INFO("not found:" << survivors);
  CHECK(survivors.empty());
  std::printf("%d faults found\n", found_faults);
}

TEST_CASE("the judge of histories finds faults that change what clients are told") {
  const auto is_refuted = [](Fault fault) {
    for (std::uint64_t number = 0; number < 60; ++number) {
      Run run{variant(number), 1'000 + number, 10'000};
      if (run.options.forgets) continue;
      run.options.is_recorded = true;
      const RunResult result = run_mutant(fault, run);
      if (testing::judge_linearizability(RegisterModel(), result.history).outcome ==
          testing::Linearizable::kNo) {
        return true;
      }
    }
    return false;
  };
  CHECK(is_refuted(Fault::kAckBeforeDurable));
  CHECK(is_refuted(Fault::kServesForeignKeys));
  CHECK(is_refuted(Fault::kShardKeepsOwnership));
  CHECK(is_refuted(Fault::kShardSkipsKey));
  CHECK(is_refuted(Fault::kDelegateFromStranger));
  CHECK(is_refuted(Fault::kMapNotSaved));
}

TEST_CASE("no host hands over more than 61 keys and a fault that lets it do so is found") {
  CHECK(hands_over<Fault::kNone>(61));
  CHECK_FALSE(hands_over<Fault::kNone>(62));
  CHECK(hands_over<Fault::kShardTooMany>(62));
}

TEST_CASE("a client waits when it is sent in a circle and a fault that lets it not is found") {
  CHECK(requests_in_a_circle<Fault::kNone>() == 4);  // two rounds through two hosts
  CHECK(requests_in_a_circle<Fault::kRedirectAtOnce>() == 100);
}

}  // namespace quintet::ironkv::world
