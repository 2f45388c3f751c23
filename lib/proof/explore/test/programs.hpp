// SPDX-License-Identifier: MIT
#pragma once

#include <iostream>
#include <string>

#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"

// What the explorer's own tests share: short names, and the verdict that a program must get.
namespace quintet::proof::explore {

inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

template <class V>
using Atomic = ExploredAtomics::atomic<V>;
template <class V>
using Plain = ExploredAtomics::plain<V>;

template <class V, class Predicate>
V await(const Atomic<V>& cell, std::memory_order order, Predicate predicate) {
  return ExploredAtomics::await(cell, order, predicate);
}
template <class V>
V await_value(const Atomic<V>& cell, std::memory_order order, V wanted) {
  return ExploredAtomics::await(cell, order, [wanted](V value) { return value == wanted; });
}

inline Options with(Model model, Reduction reduction = Reduction::kSourceSets) {
  return {.model = model, .reduction = reduction};
}

inline const std::string kCorrect = "correct";

// Explores, prints a row of README.md's table, and checks the verdict. What holds must have been
// seen in all its executions, and what fails must fail again in the same way from its token.
inline Report expect(FailureKind kind, const std::string& name, const std::string& variant,
                     const Options& options, const Program& program) {
  const Report report = explore(program, options);
  std::cout << "| " << name << " | " << variant << " | " << to_string(options.model) << " | "
            << to_string(report.failure.kind) << " | " << report.executions << " | "
            << report.pruned << " | " << report.steps << " |" << std::endl;
  INFO(name << ", " << variant << ": " << report);
  CHECK(report.failure.kind == kind);
  if (report.held()) {
    CHECK(report.exhaustive());
  } else {
    const Report again = replay(program, report.token);
    CHECK(again.trace == report.trace);
    CHECK(again.failure.kind == report.failure.kind);
    CHECK(again.failure.text == report.failure.text);
  }
  return report;
}
inline Report expect(FailureKind kind, const std::string& name, const std::string& variant,
                     Model model, const Program& program) {
  return expect(kind, name, variant, with(model), program);
}
// The same verdict in both models.
inline void expect_both(FailureKind kind, const std::string& name, const std::string& variant,
                        const Program& program) {
  expect(kind, name, variant, Model::kSequential, program);
  expect(kind, name, variant, Model::kViews, program);
}
// A bug of memory orders: interleavings alone do not show it.
inline void expect_weak(FailureKind kind, const std::string& name, const std::string& variant,
                        const Program& program) {
  expect(FailureKind::kNone, name, variant, Model::kSequential, program);
  expect(kind, name, variant, Model::kViews, program);
}

}  // namespace quintet::proof::explore
