// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "simulation/originals.hpp"
#include "simulation/paper.hpp"

// What the simulated machine says.
//
//   simulation_report                             the originals beside the paper's points, and ours
//   simulation_report <impl> <writes> <threads>   where the time of an operation goes
namespace quintet::simulation {
namespace {

constexpr std::string_view kOurs = "quintet";

std::optional<Original> original_named(std::string_view name) {
  for (const Original original : kOriginals) {
    if (name == kOriginalNames[static_cast<std::size_t>(original)]) return original;
  }
  return std::nullopt;
}

Measured run_one(std::optional<Original> original, const Run& run) {
  if (original) return simulate(*original, run, Parameters{});
  return simulate<SimulatedQuintet>(run, Parameters{});
}

void print_heads() {
  fmt::print("{:>6} {:<9}", "writes", "Mops/s");
  for (const unsigned threads : kPaperThreads) fmt::print("{:>11}", threads);
  fmt::print("\n");
}

void validate() {
  fmt::print("The originals, and how far from the paper in percent\n");
  print_heads();
  for (const unsigned writes : kPaperWrites) {
    double panel = 0;
    double panel_most = 0;
    for (const Original original : kOriginals) {
      const auto* const name = kOriginalNames[static_cast<std::size_t>(original)];
      fmt::print("{:>5}% {:<9}", writes, name);
      double sum = 0;
      double most = 0;
      for (const unsigned threads : kPaperThreads) {
        const double mops = run_one(original, {.threads = threads, .writes = writes}).mops;
        const double error = 100 * (mops / *paper_point(original, writes, threads) - 1);
        sum += std::abs(error);
        most = std::max(most, std::abs(error));
        fmt::print(" {:>5.4g}{:>+5.0f}", mops, error);
      }
      panel += sum;
      panel_most = std::max(panel_most, most);
      fmt::print("  mean {:.1f} most {:.1f}\n", sum / kPaperThreads.size(), most);
    }
    fmt::print("{:>5}% all: mean {:.1f} most {:.1f}\n", writes,
               panel / (kPaperThreads.size() * kOriginals.size()), panel_most);
  }
}

void predict() {
  fmt::print("\nOurs, and times the paper's upstream\n");
  print_heads();
  for (const unsigned writes : kPaperWrites) {
    fmt::print("{:>5}% {:<9}", writes, kOurs);
    for (const unsigned threads : kPaperThreads) {
      const double mops = run_one(std::nullopt, {.threads = threads, .writes = writes}).mops;
      const double paper = *paper_point(Original::kUpstream, writes, threads);
      fmt::print(" {:>5.4g}x{:<4.2f}", mops, mops / paper);
    }
    fmt::print("\n");
  }
}

void break_down(std::optional<Original> original, unsigned writes, unsigned threads) {
  const Measured measured =
      run_one(original, {.threads = threads, .writes = writes, .account = true});
  const auto operations = static_cast<double>(measured.operations);
  fmt::print("{:.4g} Mops/s, {:.0f} ns an operation of a thread\n", measured.mops,
             measured.ns_per_op);
  fmt::print("{:<18} {:<7} {:>10} {:>9} {:>9}\n", "line", "kind", "ns/op", "of an op", "ns each");
  for (const auto& row : measured.account.rows()) {
    if (row.ns < 0.001 * threads * operations) break;
    fmt::print("{:<18} {:<7} {:>10.1f} {:>9.3f} {:>9.1f}\n", row.line,
               kSpentNames[static_cast<std::size_t>(row.kind)], row.ns / operations,
               static_cast<double>(row.count) / operations,
               row.ns / static_cast<double>(row.count));
  }
}

int complain(std::string_view what) {
  fmt::print(stderr,
             "simulation_report: {}: use no arguments, or <upstream|ironsync|verified|quintet> "
             "<writes 0 to 100> <threads 1 to 192>\n",
             what);
  return 2;
}

}  // namespace

int report(int argc, char** argv) {
  if (argc == 1) {
    validate();
    predict();
    return 0;
  }
  if (argc != 4) return complain("three arguments or none");
  const auto original = original_named(argv[1]);
  if (!original && argv[1] != kOurs) return complain(argv[1]);
  const auto number = [](const char* text, unsigned most) -> std::optional<unsigned> {
    char* end = nullptr;
    const unsigned long value = std::strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value > most) return std::nullopt;
    return static_cast<unsigned>(value);
  };
  const auto writes = number(argv[2], 100);
  if (!writes) return complain(argv[2]);
  const auto threads = number(argv[3], 192);
  if (!threads || *threads == 0) return complain(argv[3]);
  break_down(original, *writes, *threads);
  return 0;
}

}  // namespace quintet::simulation

int main(int argc, char** argv) { return quintet::simulation::report(argc, argv); }
