// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "proof/symbolic/path.hpp"

// Obligations: named things to be proved, and how a list of them is worked off.
//
//   const bool kRegistered = quintet::proof::obligation("room/property", [] { ... prove(...); });
//
// A seeded fault is an obligation that must be refuted: registered with `must_refute`, it counts
// as killed when there is a counterexample, and as a survivor otherwise.
// Threading: register before main; each obligation runs on one thread, with a solver of its own.
namespace quintet::proof {

struct Obligation {
  std::string name;  // <system>/<property>, or <system>/<property>/<fault> for a seeded fault
  std::function<void()> body;
  bool must_refute = false;
  std::string reach = "unbounded";  // what the proof covers
};

// Adds one to the program's list, which is in order of registration. Names are unique (the main
// program refuses others). Returns true.
// `reach` names the bound of one that is checked up to a size only.
bool obligation(std::string name, std::function<void()> body, std::string reach = "unbounded");
bool must_refute(std::string name, std::function<void()> body);
[[nodiscard]] const std::vector<Obligation>& obligations();

struct Outcome {
  const Obligation* obligation;
  Findings findings;
  // Proved, or refuted as it must be.
  [[nodiscard]] bool as_expected() const;
};

// Proves one.
[[nodiscard]] Outcome discharge(const Obligation& obligation, const Limits& limits = {});

// Proves all of `list` on `threads` threads; `done` is called for each as it ends, one at a time.
// The outcomes are in the order of `list`. With `stop_early`, those not begun after the first that
// did not end as expected are left out.
[[nodiscard]] std::vector<Outcome> discharge_all(
    const std::vector<const Obligation*>& list, std::size_t threads, const Limits& limits,
    const std::function<void(const Outcome&)>& done = {}, bool stop_early = false);

}  // namespace quintet::proof
