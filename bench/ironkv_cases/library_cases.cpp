// SPDX-License-Identifier: MIT
#include <algorithm>
#include <span>
#include <string>

#include "ironkv_cases/deployment.hpp"
#include "ironkv_cases/load/library_load.hpp"
#include "ironkv_cases/settings.hpp"
#include "ironkv_cases/spinning.hpp"
#include "platform/clock.hpp"
#include "support/percentiles.hpp"

// What only our own client can ask for: figure 9's load by the library, keys that move to another
// host and back under load, and hosts that share the keys.
namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::KeyRange;
using platform::now_ns;

constexpr std::uint32_t kBusyPollUs = 1'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kPause = 20 * kMs;  // between two moves

struct LibraryCase {
  LibraryLoad::Plan plan{};
  QuintetSettings servers{};
};

std::int64_t span_ns() { return static_cast<std::int64_t>(load_ms()) * kMs; }

// Starts the servers, stores the keys and shares them out.
template <class Measure>
Outcome with_load(LibraryCase one, Measure measure) {
  if (auto bound = places().topology.bind_current_thread(places().load); !bound) {
    return fail("cannot run the load on a processor of its own");
  }
  one.plan.keys = keys();
  auto deployed = deploy_quintet(one.servers, one.plan.value_bytes);
  if (!deployed) return std::unexpected(deployed.error());
  const WhileSpinning ordinary(one.plan.busy_poll_us > 0);
  LibraryLoad load(one.plan, deployed->servers);
  load.store_keys();
  return measure(load, *deployed);
}

Outcome drive(LibraryLoad& load, const Deployment& deployment) {
  LoadResult result;
  bool is_measured = false;
  load.begin([&](std::uint64_t, std::int64_t since, std::int64_t now) {
    if (is_measured) result.latencies.push_back(static_cast<std::uint32_t>(now - since));
  });
  load.drive_until(now_ns() + span_ns() / 10);
  is_measured = true;
  const std::int64_t from = now_ns();
  const double cpu_before = deployment.cpu_seconds();
  result.seconds = static_cast<double>(load.drive_until(from + span_ns()) - from) * 1e-9;
  const double cpu = deployment.cpu_seconds() - cpu_before;
  const auto ops = static_cast<double>(result.latencies.size());
  auto sample = load_sample(result);
  if (!sample) return sample;
  return std::move(*sample).with("server_us_per_op", cpu * 1e6 / ops);
}

// All keys go to the second host and back, again and again.
class Moves {
 public:
  Moves(LibraryLoad& load, std::uint64_t keys) : load_(load), longest_(keys) {}

  void begin() {
    begun_at_ = now_ns();
    is_moving_ = true;
    const KeyRange range = KeyRange::between(0, longest_.size());
    load_.begin_move(range, place_, 1 - place_, [this] { end(); });
    place_ = 1 - place_;
  }

  void answered(std::uint64_t key, std::int64_t since, std::int64_t now) {
    ++(is_moving_ ? moving_ops_ : still_ops_);
    // Requests that were on their way while keys moved.
    if (is_moving_ || since < ended_at_) longest_[key] = std::max(longest_[key], now - since);
  }

  // Begins the next move when it is time.
  void look(std::int64_t now) {
    if (is_moving_ || now < ended_at_ + kPause) return;
    still_ns_ += now - ended_at_;
    collect();
    begin();
  }

  void forget() {
    gaps_.clear();
    moves_.clear();
    moving_ops_ = still_ops_ = 0;
    moving_ns_ = still_ns_ = 0;
  }

  Outcome sample(double seconds) {
    if (gaps_.empty() || still_ns_ == 0) return fail("nothing was moved: use a larger --load_ms");
    const auto gap = percentiles(std::span(gaps_));
    const auto move = percentiles(std::span(moves_));
    const double moving = static_cast<double>(moving_ops_) / static_cast<double>(moving_ns_);
    const double still = static_cast<double>(still_ops_) / static_cast<double>(still_ns_);
    const auto ms = [](std::int64_t ns) { return static_cast<double>(ns) * 1e-6; };
    return Sample{.seconds = seconds}
        .with("kops", static_cast<double>(moving_ops_ + still_ops_) / seconds * 1e-3)
        .with("gap_p50_ms", ms(gap.p50))
        .with("gap_p99_ms", ms(gap.p99))
        .with("gap_max_ms", ms(gap.max))
        .with("move_ms", ms(move.p50))
        .with("moves", static_cast<double>(moves_.size()))
        .with("dip_percent", 100 * (1 - moving / still));
  }

 private:
  void end() {
    ended_at_ = now_ns();
    is_moving_ = false;
    moving_ns_ += ended_at_ - begun_at_;
    moves_.push_back(ended_at_ - begun_at_);
  }
  void collect() {
    for (std::int64_t& longest : longest_) {
      if (longest > 0) gaps_.push_back(longest);
      longest = 0;
    }
  }

  LibraryLoad& load_;
  std::vector<std::int64_t> longest_;  // for each key, in this move
  std::vector<std::int64_t> gaps_;     // of keys, in all moves
  std::vector<std::int64_t> moves_;
  ironkv::ServerId place_ = 0;
  bool is_moving_ = false;
  std::int64_t begun_at_ = 0;
  std::int64_t ended_at_ = 0;
  std::int64_t moving_ns_ = 0;
  std::int64_t still_ns_ = 0;
  std::uint64_t moving_ops_ = 0;
  std::uint64_t still_ops_ = 0;
};

Outcome drive_with_moves(LibraryLoad& load, const Deployment&) {
  Moves moves(load, keys());
  load.begin([&](std::uint64_t key, std::int64_t since, std::int64_t now) {
    moves.answered(key, since, now);
  });
  load.drive_until(now_ns() + span_ns() / 10);
  moves.begin();
  moves.forget();
  const std::int64_t from = now_ns();
  // At least two moves, in however little time.
  std::int64_t now = from;
  for (const std::int64_t end = from + std::max(span_ns(), 3 * kPause); now < end;) {
    now = load.drive_until(std::min(end, now + kMs));
    moves.look(now);
  }
  return moves.sample(static_cast<double>(now - from) * 1e-9);
}

void add(const std::string& operation, const std::string& implementation,
         const std::string& parameters, const LibraryCase& one) {
  register_case("ironkv/" + operation + "/" + implementation + "/" + parameters,
                [=] { return with_load(one, drive); });
}

// Host i gets the i-th part of the keys.
Outcome drive_shared_out(LibraryLoad& load, const Deployment& deployment) {
  const std::size_t hosts = deployment.servers.size();
  for (std::size_t i = 1; i < hosts; ++i) {
    load.move(KeyRange::between(keys() * i / hosts, keys() * (i + 1) / hosts), 0,
              static_cast<ironkv::ServerId>(i));
  }
  return drive(load, deployment);
}

}  // namespace

void register_library_cases() {
  for (const Request request : {Request::kGet, Request::kSet}) {
    const std::string name = request == Request::kGet ? "get" : "set";
    for (const std::size_t value : {128U, 256U, 512U}) {
      add(name, "quintet_library", "value:" + std::to_string(value) + "/clients:10",
          {.plan = {.request = request, .value_bytes = value}});
    }
    LibraryCase shared{.plan = {.request = request, .is_shared = true}};
    add("shared_" + name, "quintet_library", "value:128/callers:10", shared);
    shared.plan.busy_poll_us = kBusyPollUs;
    shared.servers.busy_poll_us = kBusyPollUs;
    add("shared_" + name, "quintet_library_busy", "value:128/callers:10", shared);
  }
  register_case("ironkv/reshard/quintet_library/keys:" + std::to_string(keys()) + "/clients:10",
                [] { return with_load({}, drive_with_moves); });
  for (std::size_t hosts = 1; hosts <= kMostHosts; ++hosts) {
    register_case("ironkv/hosts/quintet_library/hosts:" + std::to_string(hosts), [=] {
      return with_load({.servers = {.hosts = hosts, .spreads = true}}, drive_shared_out);
    });
  }
}

}  // namespace quintet::bench::ironkv_cases
