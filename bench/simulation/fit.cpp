// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/originals.hpp"
#include "simulation/paper.hpp"
#include "simulation/parameters.hpp"

// Finds the parameters of the simulated machine with which the originals come nearest to the
// paper's points: one set for all three, each parameter within its range. Moves one at a time, up
// and down, by steps that shrink; prints every step that was better.
//
//   simulation_fit [rounds [name=value]...]
namespace quintet::simulation {
namespace {

// What an error is measured by, by writes 0, 10, 100.
constexpr std::array kTolerance{0.05, 0.20, 0.10};

double loss(const Parameters& parameters) {
  double sum = 0;
  for (std::size_t w = 0; w < kPaperWrites.size(); ++w) {
    const std::size_t step = w == 0 ? 4 : 2;  // reads scale as they are
    for (const Original original : kOriginals) {
      for (std::size_t t = 0; t < kPaperThreads.size(); t += step) {
        const Run run{.threads = kPaperThreads[t], .writes = kPaperWrites[w]};
        const double paper = kPaper[w][static_cast<std::size_t>(original)][t];
        const double error = std::log(simulate(original, run, parameters).mops / paper);
        const double scaled = error / kTolerance[w];
        // Far points count less than by their square: some cannot be met.
        sum += std::sqrt(1 + scaled * scaled) - 1;
      }
    }
  }
  return sum;
}

std::string text(const Parameters& parameters) {
  std::string all;
  for (const auto& named : kNamedParameters) {
    all += fmt::format(" {}={:.4g}", named.name, parameters.*named.value);
  }
  return all;
}

int fit(int rounds, Parameters best) {
  double least = loss(best);
  fmt::print("{:.3f}{}\n", least, text(best));
  double step = 0.25;
  for (int round = 0; round < rounds; ++round) {
    bool better = false;
    for (const auto& named : kNamedParameters) {
      const double range = named.high - named.low;
      for (const double direction : {1.0, -1.0}) {
        Parameters next = best;
        next.*named.value =
            std::clamp(best.*named.value + direction * step * range, named.low, named.high);
        if (next.*named.value == best.*named.value) continue;
        const double found = loss(next);
        if (found >= least) continue;
        least = found;
        best = next;
        better = true;
        fmt::print("{:.3f} {}={:.4g}\n", least, named.name, best.*named.value);
        std::fflush(stdout);
        break;
      }
    }
    fmt::print("{:.3f}{}\n", least, text(best));
    std::fflush(stdout);
    if (!better) step /= 2;
  }
  return 0;
}

bool set(Parameters& parameters, std::string_view argument) {
  const auto equals = argument.find('=');
  for (const auto& named : kNamedParameters) {
    if (equals == std::string_view::npos || argument.substr(0, equals) != named.name) continue;
    char* end = nullptr;
    const std::string value(argument.substr(equals + 1));
    parameters.*named.value = std::strtod(value.c_str(), &end);
    return !value.empty() && *end == '\0';
  }
  return false;
}

}  // namespace
}  // namespace quintet::simulation

int main(int argc, char** argv) {
  quintet::simulation::Parameters parameters;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 6;
  for (int i = 2; i < argc; ++i) {
    if (quintet::simulation::set(parameters, argv[i])) continue;
    fmt::print(stderr, "simulation_fit: `{}`: use name=value, of simulation/parameters.hpp\n",
               argv[i]);
    return 2;
  }
  return quintet::simulation::fit(rounds, parameters);
}
