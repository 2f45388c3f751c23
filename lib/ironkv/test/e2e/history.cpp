// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>

#include "ironkv/test/e2e/process_cluster.hpp"
#include "ironkv/test/e2e/workload.hpp"
#include "testing/random.hpp"

// ironkv-e2e-history: three server processes, clients, ranges that move all the time and, if
// wanted, faults; what the clients were told is judged by a checker that knows nothing of servers.
// A round has keys of its own, and is a history of its own.
namespace quintet::ironkv {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr testing::ProxyFaults kFaults = {.resets = 4,
                                          .stalls = 2,
                                          .delays = 60,
                                          .dribbles = 60,
                                          .stall_us = 150'000,
                                          .delay_most_us = 5'000};
constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 25;  // of the checker; seconds

struct Arguments {
  ClusterSettings cluster{};
  WorkloadSettings workload{};
  bool kills = false;
  bool has_proxies = false;
  double seconds = 8;
  std::uint64_t calls = 3'000;  // of a round
};

struct Totals {
  std::uint64_t histories = 0, calls = 0, open = 0, steps = 0, kills = 0;
};

int fail(const std::string& text) {
  fmt::print("FAILED: {}\n", text);
  return 1;
}

void print(const Arguments& a, const Totals& totals, const Mover::Counts& moves,
           const testing::ProxyCounters& proxies) {
  fmt::print(
      "seed {}: {} histories judged, {} calls, {} of them never answered, {} steps of the checker\n"
      "re-shards: {} begun, {} seen finished, {} of what another has, {} without an answer; {} "
      "Shards\n",
      a.cluster.seed, totals.histories, totals.calls, totals.open, totals.steps, moves.begun,
      moves.finished, moves.refused, moves.unanswered, moves.shards);
  if (a.kills) fmt::print("kills: {}\n", totals.kills);
  if (!a.has_proxies) return;
  fmt::print(
      "proxies: {} connections, {} pieces, {} resets, {} stalls, {} delays, {} in single bytes\n",
      proxies.connections, proxies.pieces, proxies.resets, proxies.stalls, proxies.delays,
      proxies.dribbles);
}

// While the round lasts. Returns what went wrong.
std::string make_trouble(ProcessCluster& cluster, const Workload& workload, const Arguments& a,
                         testing::Random& random, Totals& totals) {
  auto next_kill = Clock::now() + milliseconds(random.below(300));
  while (workload.is_working()) {
    std::this_thread::sleep_for(milliseconds(2));
    if (!a.kills || Clock::now() < next_kill) continue;
    const auto victim = random.below(static_cast<std::uint32_t>(a.cluster.size));
    if (const auto again = cluster.crash(victim); !again) return again.error();
    ++totals.kills;
    next_kill = Clock::now() + milliseconds(random.below(300));
  }
  for (std::size_t i = 0; i < a.cluster.size; ++i) {
    if (!cluster.server(i).is_running()) {
      return fmt::format("server {} has ended: {}", i + 1, cluster.server(i).ending());
    }
  }
  return {};
}

// Empty if it is linearizable.
std::string judge(const world::RegisterHistory& history, Totals& totals) {
  const auto judgement =
      testing::judge_linearizability(world::RegisterModel(), history, {.max_steps = kMostSteps});
  ++totals.histories;
  totals.calls += history.size();
  totals.steps += judgement.steps;
  for (const auto& call : history) totals.open += call.answer ? 0 : 1;
  return judgement.explanation;
}

// What a run must have had to say anything.
std::string what_is_missing(const Arguments& a, const Totals& totals, const Mover::Counts& moves,
                            const testing::ProxyCounters& proxies) {
  if (totals.calls == 0) return "no call was answered";
  if (moves.begun == 0) return "no range has moved";
  if (a.kills && totals.kills == 0) return "no server was killed";
  if (a.has_proxies && proxies.resets + proxies.stalls == 0) return "no proxy had a fault";
  return {};
}

int run(const Arguments& a) {
  auto cluster = ProcessCluster::create(a.cluster);
  if (!cluster) return fail(cluster.error());
  const ClientSettings servers = (*cluster)->client_settings();
  auto workload = Workload::create(servers, a.workload);
  if (!workload) return fail(workload.error());
  auto mover = Mover::create(servers, a.workload.keys, a.cluster.seed + 77);
  if (!mover) return fail(mover.error());
  testing::Random random(a.cluster.seed + 78);
  Totals totals;
  const auto until = Clock::now() + milliseconds(static_cast<std::int64_t>(a.seconds * 1000));
  for (Key first = 1'000; Clock::now() < until; first += 1'000) {
    (*mover)->look_at(first);
    (*mover)->pause(false);
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    (*workload)->begin_round(first, a.calls, std::min(left, milliseconds(4'000)));
    const std::string trouble = make_trouble(**cluster, **workload, a, random, totals);
    if (!trouble.empty()) return fail(trouble);
    const auto history = (*workload)->end_round();
    if (!(*workload)->trouble().empty()) return fail((*workload)->trouble());
    (*mover)->pause(true);
    const std::string verdict = judge(history, totals);
    if (!verdict.empty()) {
      print(a, totals, (*mover)->counts(), (*cluster)->proxy_counters());
      return fail(verdict);
    }
  }
  const auto moves = (*mover)->counts();
  const auto proxies = (*cluster)->proxy_counters();
  print(a, totals, moves, proxies);
  const std::string missing = what_is_missing(a, totals, moves, proxies);
  return missing.empty() ? 0 : fail(missing + ": run it for longer, --seconds");
}

}  // namespace
}  // namespace quintet::ironkv

int main(int count, char** arguments) {
  quintet::ironkv::Arguments a;
  CLI::App app("Judges what clients of real servers are told", "ironkv-e2e-history");
  app.add_option("server", a.cluster.server, "The program ironkv-server")->required();
  app.add_flag("--tls", a.cluster.use_tls, "Over TLS");
  app.add_flag("--kills", a.kills, "Servers are durable, killed and started again");
  app.add_flag("--proxies", a.has_proxies, "Through proxies with faults");
  app.add_option("--seconds", a.seconds, "About so long")
      ->envname("QT_IRONKV_E2E_SECONDS")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--server-flag", a.cluster.flags, "Of each server; may come again");
  app.add_option("--calls", a.calls, "In one history")->check(CLI::Range(100, 100'000));
  app.add_option("--clients", a.workload.clients, "Each with 2 threads")->check(CLI::Range(2, 100));
  app.add_option("--keys", a.workload.keys, "That they share")->check(CLI::Range(1, 500));
  app.add_option("--seed", a.cluster.seed, "Of all choices")->envname("QT_IRONKV_E2E_SEED");
  CLI11_PARSE(app, count, arguments);
  a.cluster.is_durable = a.kills;
  a.workload.seed = a.cluster.seed * 1'000;
  if (a.has_proxies) a.cluster.faults = quintet::ironkv::kFaults;
  try {
    return quintet::ironkv::run(a);
  } catch (const std::exception& error) {
    return quintet::ironkv::fail(error.what());
  }
}
