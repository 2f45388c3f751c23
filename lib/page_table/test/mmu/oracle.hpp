// SPDX-License-Identifier: MIT
#pragma once

// Compares what a machine answered with what the specification says, probe by probe, and the
// memory it left behind with the memory that the allowed stores leave behind.
//
// Invariant: reads tables from the snapshot taken before the run, so that nothing the machine
// wrote can influence the expectation. Threading: none.

#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "page_table/spec/mmu.hpp"
#include "page_table/test/mmu/machine.hpp"

namespace quintet::page_table::mmu {

using Words = std::span<const std::uint64_t>;
using Read = std::function<std::uint64_t(std::uint64_t)>;
using Outcome = std::expected<spec::Translation, spec::Fault>;

/// Decides one probe; the specification's walker, or a broken one to see the comparison bite.
using Walk =
    std::function<Outcome(const Read&, std::uint64_t root, const Probe&, const spec::Controls&)>;
Walk spec_walk();

struct Verdict {
  std::size_t disagreements = 0;
  std::size_t faults = 0;             // probes for which the walk expects an exception
  std::vector<std::string> examples;  // the first few, one line each
};

/// Every answer against `walk`: exception, error code, CR2, loaded value, fetched value; later
/// loads see earlier stores. A page outside memory is checked for its exception only.
Verdict compare_answers(Words before, std::span<const Batch> batches,
                        std::span<const Answer> answers, const Walk& walk = spec_walk());
/// Whether some answer contradicts `walk`.
bool refutes(Words before, std::span<const Batch> batches, std::span<const Answer> answers,
             const Walk& walk);

/// Guest memory after the run: data words as the allowed stores leave them; table words unchanged
/// but for accessed and dirty bits, which must be set where a successful access needs them, dirty
/// nowhere else, and accessed (if `exact_accessed`) on no entry that no walk has read.
Verdict compare_memory(Words before, Words after, std::span<const Batch> batches,
                       bool exact_accessed);

std::string describe(const Probe& probe);
std::string describe(const Batch& batch);

}  // namespace quintet::page_table::mmu
