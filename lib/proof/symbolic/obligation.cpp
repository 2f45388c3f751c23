// SPDX-License-Identifier: MIT
#include "proof/symbolic/obligation.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace quintet::proof {
namespace {

std::vector<Obligation>& registered() {
  static std::vector<Obligation> all;
  return all;
}
bool add(Obligation obligation) {
  registered().push_back(std::move(obligation));
  return true;
}

}  // namespace

bool obligation(std::string name, std::function<void()> body, std::string reach) {
  return add({.name = std::move(name), .body = std::move(body), .reach = std::move(reach)});
}
bool must_refute(std::string name, std::function<void()> body) {
  return add({.name = std::move(name), .body = std::move(body), .must_refute = true});
}
const std::vector<Obligation>& obligations() { return registered(); }

bool Outcome::as_expected() const {
  return findings.verdict == (obligation->must_refute ? Verdict::kRefuted : Verdict::kProved);
}

Outcome discharge(const Obligation& obligation, const Limits& limits) {
  Paths paths(limits);
  return {&obligation, paths.explore(obligation.body)};
}

std::vector<Outcome> discharge_all(const std::vector<const Obligation*>& list, std::size_t threads,
                                   const Limits& limits,
                                   const std::function<void(const Outcome&)>& done,
                                   bool stop_early) {
  std::vector<std::optional<Outcome>> outcomes(list.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  std::mutex one_at_a_time;
  const auto work = [&] {
    for (std::size_t i = next++; i < list.size() && !stopped; i = next++) {
      outcomes[i] = discharge(*list[i], limits);
      if (stop_early && !outcomes[i]->as_expected()) stopped = true;
      const std::scoped_lock lock(one_at_a_time);
      if (done) done(*outcomes[i]);
    }
  };
  {
    std::vector<std::jthread> team;
    for (std::size_t i = 1; i < threads; ++i) team.emplace_back(work);
    work();
  }
  std::vector<Outcome> result;
  for (auto& outcome : outcomes) {
    if (outcome) result.push_back(std::move(*outcome));
  }
  return result;
}

}  // namespace quintet::proof
