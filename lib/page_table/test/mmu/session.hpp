// SPDX-License-Identifier: MIT
#pragma once

// What a test needs to hold a meeting with every MMU that can be had here: open them, put the same
// tables before each, and say loudly who was absent and how many probes each one answered.
//
// Threading: none.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "page_table/test/mmu/machine.hpp"
#include "page_table/test/mmu/oracle.hpp"

namespace quintet::page_table::mmu {

/// The machines available here. Prints one line per absent machine, with the remedy, and at the end
/// `mmu: qemu answered N probes, kvm answered M probes`.
class Panel {
 public:
  Panel();
  Panel(const Panel&) = delete;
  Panel& operator=(const Panel&) = delete;
  ~Panel();

  [[nodiscard]] const std::vector<std::unique_ptr<Machine>>& machines() const { return machines_; }

 private:
  std::vector<std::unique_ptr<Machine>> machines_;
};

/// Everything one run has shown.
struct Inspection {
  std::vector<std::uint64_t> before;  // guest memory, when it started
  std::vector<Batch> batches;         // as asked: without the probes that the machine cannot judge
  std::vector<Answer> answers;
  Verdict answered;  // against spec::access
  Verdict memory;    // against the stores that spec::access allows

  [[nodiscard]] bool agrees() const { return answered.disagreements + memory.disagreements == 0; }
  [[nodiscard]] std::string report() const;  // counts, and the first disagreements one per line
};

/// Runs the batches on the machine and compares answers and memory with the specification.
/// Errors: as Machine::run.
std::expected<Inspection, std::string> inspect(Machine& machine, Guest& guest,
                                               std::vector<Batch> batches);

}  // namespace quintet::page_table::mmu
