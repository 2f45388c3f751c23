// SPDX-License-Identifier: MIT
#include "support/reporter.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <sstream>
#include <string_view>

namespace quintet::bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

bool is_skip(const Run& run) { return run.error_message.starts_with("SKIP:"); }

bool is_finite(const Run& run) {
  return std::isfinite(run.real_accumulated_time) && std::isfinite(run.cpu_accumulated_time) &&
         std::ranges::all_of(
             run.counters, [](const auto& counter) { return std::isfinite(counter.second.value); });
}

void count(const Run& run, Tally& tally) {
  if (run.run_type != Run::RT_Iteration) return;
  if (run.error_occurred) {
    (is_skip(run) ? tally.skipped : tally.failed) += 1;
  } else {
    tally.ok += 1;
  }
}

class Console : public benchmark::ConsoleReporter {
 public:
  using benchmark::ConsoleReporter::ConsoleReporter;

  // Prints what Google Benchmark would, less the lines that say nothing here.
  bool ReportContext(const Context& context) override {
    std::ostream& err = GetErrorStream();
    std::stringstream text;
    SetErrorStream(&text);
    const bool go_on = ConsoleReporter::ReportContext(context);
    SetErrorStream(&err);
    for (std::string line; std::getline(text, line);) {
      const bool noise =
          line.starts_with("qt_") || line.find("Library was built as DEBUG") != line.npos;
      if (!noise) err << line << '\n';
    }
    return go_on;
  }

 protected:
  void PrintRunData(const Run& run) override {
    if (!is_skip(run)) return ConsoleReporter::PrintRunData(run);
    GetOutputStream() << run.benchmark_name() << "  " << run.error_message << '\n';
  }
};

std::unique_ptr<benchmark::BenchmarkReporter> make_reporter(Format format) {
  using Options = benchmark::ConsoleReporter::OutputOptions;
  switch (format) {
    case Format::kJson:
      return std::make_unique<benchmark::JSONReporter>();
    case Format::kConsoleColor:
      return std::make_unique<Console>(Options::OO_Color);
    case Format::kConsoleTabular:
      return std::make_unique<Console>(Options::OO_Tabular);
    case Format::kConsole:
      break;
  }
  return std::make_unique<Console>(Options::OO_None);
}

}  // namespace

CheckedReporter::CheckedReporter(Format format, Tally* tally)
    : inner_(make_reporter(format)), tally_(tally) {
  // Until a run starts there is only "nothing matched" to hear, and main says what to do then.
  SetErrorStream(&before_context_);
}

bool CheckedReporter::ReportContext(const Context& context) {
  inner_->SetOutputStream(&GetOutputStream());  // set by Google Benchmark after construction
  SetErrorStream(&std::cerr);
  inner_->SetErrorStream(&std::cerr);
  return inner_->ReportContext(context);
}

void CheckedReporter::ReportRuns(const std::vector<Run>& runs) {
  std::vector<Run> kept;
  for (const Run& run : runs) {
    if (tally_ != nullptr) count(run, *tally_);
    // The coefficient of variation of zeros is NaN: such an aggregate says nothing.
    if (is_finite(run)) kept.push_back(run);
  }
  if (!kept.empty()) inner_->ReportRuns(kept);
}

void CheckedReporter::Finalize() { inner_->Finalize(); }

}  // namespace quintet::bench
