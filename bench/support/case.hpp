// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

// How a family says what it measures. A case has a name and a body; the body builds its workload,
// times it with a Stopwatch, and returns a Sample, a skip or a failure. Google Benchmark sees one
// iteration of manual time per repetition.
//
//   register_case("page_table/map/quintet", [] { ...; return Sample::per_op(seconds, pages); });
//
// Names are `<system>/<operation>/<implementation>[/<key>:<value>]...`, in lower case, digits and
// underscores (values also . and -); ours is `quintet`, or `quintet_<what>` for an ablation.
namespace quintet::bench {

// What one run of a case measured. Counters carry their unit in the name (ns_per_op, mops).
struct Sample {
  double seconds = 0;
  std::map<std::string, double> counters = {};
  std::string label = {};  // beside the numbers, where there is something to say

  // Requires: ops > 0. Adds the counter ns_per_op.
  [[nodiscard]] static Sample per_op(double seconds, std::uint64_t ops);

  // The same sample with one more counter.
  [[nodiscard]] Sample with(std::string counter, double value) && {
    counters[std::move(counter)] = value;
    return std::move(*this);
  }
};

// Why there is no sample: a failure makes the binary exit with 1, a skip is a row of its own.
struct NoSample {
  std::string message;
};

using Outcome = std::expected<Sample, NoSample>;
using CaseBody = std::function<Outcome()>;

// This machine lacks what the case needs; names the Debian package that brings it.
[[nodiscard]] Outcome skip(std::string_view package);

// The case went wrong.
[[nodiscard]] Outcome fail(std::string_view reason);

// Adds a case. Throws std::invalid_argument for a malformed or repeated name: a mistake in the
// family, which main reports. A body may throw: that is a failure of its case.
void register_case(const std::string& name, CaseBody body);

// Empty if `name` follows the grammar, else what is wrong.
[[nodiscard]] std::string name_error(std::string_view name);

// `filter` such that `$` means the end of a case name as it was registered: Google Benchmark
// appends a constant ending to every name, which users should not have to know.
[[nodiscard]] std::string filter_for_full_names(std::string_view filter);

}  // namespace quintet::bench
