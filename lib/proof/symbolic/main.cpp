// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "proof/symbolic/obligation.hpp"

// The main program of every collection of obligations: proves them, and prints a table.
namespace quintet::proof {
namespace {

constexpr const char* kUsage =
    R"(Proves the obligations of this program, and prints a table of them.

  --list           name them, and prove nothing
  --only REGEX     only those whose name matches somewhere
  --faults         only the seeded faults, which must be refuted
  --no-faults      only what must be proved
  --explain        with the counterexample of every seeded fault
  --stop-at-first  end at the first that does not turn out as it must
  --jobs N         obligations at a time (default: one for each core)
  --query-seconds N  the solver gives up on a query after that (default: 60)
  --decisions N    the prover gives up on a path with more of them, as in a loop without a bound
                   (default: 500)
  --smt-bytes      measure the queries as SMT-LIB text, which takes longer
  --output FILE    the table into FILE as well
  --help           this text

Exit status: 0 when all turned out as they must, 1 when one did not, 2 for a wrong command line.
)";

struct WrongUsage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  bool list = false, faults = true, claims = true, explain = false, stop_at_first = false;
  bool help = false;
  std::string pattern;
  std::regex only{""};
  std::string output;
  std::size_t jobs = std::max(1U, std::thread::hardware_concurrency());
  Limits limits;
};

unsigned number_of(const std::string& flag, const std::string& text) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoul(text) == 0) {
    throw WrongUsage(flag + ": `" + text + "` is not a number from 1 to 99999");
  }
  return static_cast<unsigned>(std::stoul(text));
}
std::regex regex_of(const std::string& text) try {
  return std::regex(text);
} catch (const std::regex_error&) {
  throw WrongUsage("--only: `" + text + "` is not a regular expression");
}

// One flag; `value()` fetches the word after it.
template <class Value>
void read_flag(const std::string& flag, Options& options, Value value) {
  if (flag == "--list") {
    options.list = true;
  } else if (flag == "--only") {
    options.pattern = value();
    options.only = regex_of(options.pattern);
  } else if (flag == "--faults") {
    options.claims = false;
  } else if (flag == "--no-faults") {
    options.faults = false;
  } else if (flag == "--explain") {
    options.explain = true;
  } else if (flag == "--stop-at-first") {
    options.stop_at_first = true;
  } else if (flag == "--jobs") {
    options.jobs = number_of(flag, value());
  } else if (flag == "--query-seconds") {
    options.limits.query_ms = 1000 * number_of(flag, value());
  } else if (flag == "--decisions") {
    options.limits.decisions = number_of(flag, value());
  } else if (flag == "--smt-bytes") {
    options.limits.count_smt_bytes = true;
  } else if (flag == "--output") {
    options.output = value();
  } else if (flag == "--help") {
    options.help = true;
  } else {
    throw WrongUsage("unknown argument `" + flag + "`: see --help");
  }
}

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& flag = words[i];
    read_flag(flag, options, [&] {
      if (++i == words.size()) throw WrongUsage(flag + " needs a value: see --help");
      return words[i];
    });
  }
  if (!options.claims && !options.faults)
    throw WrongUsage("--faults and --no-faults: nothing left");
  return options;
}

std::string nothing_chosen(const Options& options) {
  const std::string kind = options.claims && options.faults ? "obligation"
                           : options.faults                 ? "seeded fault (must_refute)"
                                                            : "obligation that must be proved";
  const std::string where = options.pattern.empty() ? "here" : "matches `" + options.pattern + "`";
  return "no " + kind + " " + where + ": --list names all";
}

std::vector<const Obligation*> chosen(const Options& options) {
  if (obligations().empty()) {
    throw WrongUsage("no obligation(...) is registered here: see docs/proving.md");
  }
  std::set<std::string> names;
  for (const Obligation& each : obligations()) {
    if (!names.insert(each.name).second) {
      throw WrongUsage("two obligations are called `" + each.name + "`: rename one");
    }
  }
  std::vector<const Obligation*> list;
  for (const Obligation& each : obligations()) {
    const bool wanted = each.must_refute ? options.faults : options.claims;
    if (wanted && std::regex_search(each.name, options.only)) list.push_back(&each);
  }
  if (list.empty()) throw WrongUsage(nothing_chosen(options));
  return list;
}

// Standard output, and a copy.
class Report {
 public:
  explicit Report(const std::string& copy) {
    if (copy.empty()) return;
    copy_.open(copy);
    if (!copy_) throw WrongUsage("--output: cannot write `" + copy + "`");
  }
  void print(const std::string& text) {
    std::cout << text << std::flush;
    copy_ << text << std::flush;
  }
  template <class... Values>
  void row(const Values&... values) {
    std::array<char, 256> line{};
    std::snprintf(line.data(), line.size(), "%-46s %-8s %-9s %8s %7s %9s %8s\n", values...);
    print(line.data());
  }

 private:
  std::ofstream copy_;
};

std::string fixed(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

void print_outcome(const Outcome& outcome, const Options& options, Report& report) {
  const Findings& f = outcome.findings;
  const bool bytes = options.limits.count_smt_bytes;
  report.row(outcome.obligation->name.c_str(), to_string(f.verdict),
             outcome.obligation->reach.c_str(), std::to_string(f.queries).c_str(),
             std::to_string(f.paths).c_str(),
             bytes ? fixed(static_cast<double>(f.smt_bytes) / 1e3, 0).c_str() : "-",
             fixed(f.seconds, 2).c_str());
  if (!outcome.as_expected()) {
    const char* wanted = outcome.obligation->must_refute ? "REFUTED" : "PROVED";
    const bool survived = f.verdict == Verdict::kProved;
    report.print("  MUST BE " + std::string(wanted) + ": " +
                 (survived ? "every goal holds all the same" : f.detail) + "\n");
  } else if (outcome.obligation->must_refute) {
    // Its first line says which goal fails.
    report.print("  " + (options.explain ? f.detail : f.detail.substr(0, f.detail.find(":\n"))) +
                 "\n");
  }
}

void print_summary(const std::vector<const Obligation*>& list, const std::vector<Outcome>& outcomes,
                   double seconds, std::size_t jobs, Report& report) {
  std::size_t claims = 0, proved = 0, killed = 0;
  for (const Obligation* each : list) claims += each->must_refute ? 0 : 1;
  for (const Outcome& o : outcomes) {
    if (o.as_expected()) ++(o.obligation->must_refute ? killed : proved);
  }
  const std::size_t faults = list.size() - claims;
  std::string text;
  if (claims > 0) {
    text += std::to_string(proved) + " of " + std::to_string(claims) + " obligations proved, ";
  }
  if (faults > 0) {
    text += std::to_string(killed) + " of " + std::to_string(faults) + " seeded faults refuted, ";
  }
  report.print(text + "in " + fixed(seconds, 1) + " s on " + std::to_string(jobs) + " threads\n");
}

// Returns the exit status.
int prove_all(const Options& options) {
  const auto list = chosen(options);
  Report report(options.output);
  if (options.list) {
    for (const Obligation* each : list) {
      report.print(each->name + (each->must_refute ? "  (must be refuted)\n" : "\n"));
    }
    return 0;
  }
  report.row("obligation", "verdict", "reach", "queries", "paths", "smt kB", "seconds");
  const auto start = std::chrono::steady_clock::now();
  const auto done = [&](const Outcome& o) { print_outcome(o, options, report); };
  const auto outcomes =
      discharge_all(list, options.jobs, options.limits, done, options.stop_at_first);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  print_summary(list, outcomes, seconds.count(), options.jobs, report);
  const bool good = std::ranges::all_of(outcomes, &Outcome::as_expected);
  return good && outcomes.size() == list.size() ? 0 : 1;
}

}  // namespace
}  // namespace quintet::proof

int main(int argc, char** argv) {
  using namespace quintet::proof;
  try {
    const Options options = parse({argv + 1, argv + argc});
    if (options.help) {
      std::cout << kUsage;
      return 0;
    }
    return prove_all(options);
  } catch (const WrongUsage& error) {
    std::cerr << std::filesystem::path(argv[0]).filename().string() << ": " << error.what() << "\n";
    return 2;
  }
}
