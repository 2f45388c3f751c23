// SPDX-License-Identifier: MIT
#pragma once
#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

// Reporters around Google Benchmark's, which keep what would make results unreadable out of them:
// NaN and infinity (no JSON), the warning that Debian's library is a debug build (it is not ours),
// and on the console the machine facts, which belong to the file.
namespace quintet::bench {

// What became of the rows that were run.
struct Tally {
  std::size_t ok = 0;
  std::size_t skipped = 0;
  std::size_t failed = 0;
};

enum class Format { kConsole, kConsoleColor, kConsoleTabular, kJson };

class CheckedReporter : public benchmark::BenchmarkReporter {
 public:
  // `tally` counts every row that passes; may be null; must outlive the reporter.
  CheckedReporter(Format format, Tally* tally);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  std::unique_ptr<benchmark::BenchmarkReporter> inner_;
  Tally* tally_;
  std::ostringstream before_context_;
};

}  // namespace quintet::bench
