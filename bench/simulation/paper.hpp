// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>

// The points of the paper's figure in Mops/s, as in tools/paper/fig10.csv: measured on the machine
// that is simulated, four sockets of Xeon Platinum 8260.
namespace quintet::simulation {

enum class Original : std::size_t { kUpstream, kIronsync, kVerified };
inline constexpr std::array kOriginals{Original::kUpstream, Original::kIronsync,
                                       Original::kVerified};
inline constexpr std::array kOriginalNames{"upstream", "ironsync", "verified"};
inline constexpr std::array<unsigned, 3> kPaperWrites{0, 10, 100};
inline constexpr std::array<unsigned, 17> kPaperThreads{4,   12,  24,  36,  48,  60,  72,  84, 96,
                                                        108, 120, 132, 144, 156, 168, 180, 192};

using PaperSeries = std::array<double, kPaperThreads.size()>;
// By writes, then original.
inline constexpr std::array<std::array<PaperSeries, 3>, 3> kPaper{{
    {{{24.1, 71.9, 141, 213, 283, 355, 425, 497, 567, 604, 640, 679, 716, 753, 792, 828, 866},
      {24.1, 71.4, 141, 212, 282, 353, 422, 493, 562, 600, 638, 677, 714, 752, 792, 830, 867},
      {23.3, 69.3, 137, 206, 274, 343, 411, 480, 547, 587, 626, 667, 706, 746, 786, 825, 866}}},
    {{{8.71, 14.4, 20.4, 21.1, 27.1, 26.0, 31.7, 29.9, 34.7, 34.6, 34.0, 34.1, 33.6, 33.6, 32.9,
       35.1, 37.1},
      {6.83, 15.4, 25.4, 24.0, 31.4, 30.8, 36.2, 33.3, 36.9, 36.3, 36.1, 35.2, 34.0, 33.0, 31.0,
       35.1, 35.7},
      {8.03, 14.9, 22.2, 22.2, 32.3, 24.8, 31.3, 29.3, 33.2, 34.7, 34.8, 33.5, 33.0, 32.4, 32.3,
       36.3, 35.7}}},
    {{{2.36, 2.32, 2.56, 3.34, 3.57, 4.22, 4.36, 4.75, 4.88, 4.59, 4.64, 4.43, 4.45, 4.28, 4.26,
       4.06, 4.12},
      {1.34, 2.38, 2.99, 3.62, 4.05, 4.53, 4.72, 4.93, 5.09, 4.73, 4.70, 4.36, 4.38, 4.01, 4.00,
       3.65, 3.69},
      {2.20, 3.10, 3.36, 3.87, 4.21, 4.51, 4.72, 4.80, 4.86, 4.77, 4.79, 4.55, 4.55, 4.23, 4.14,
       4.04, 4.00}}},
}};

// Nothing: the paper has no such point.
[[nodiscard]] constexpr std::optional<double> paper_point(Original original, unsigned writes,
                                                          unsigned threads) {
  for (std::size_t w = 0; w < kPaperWrites.size(); ++w) {
    for (std::size_t t = 0; t < kPaperThreads.size(); ++t) {
      if (kPaperWrites[w] == writes && kPaperThreads[t] == threads) {
        return kPaper[w][static_cast<std::size_t>(original)][t];
      }
    }
  }
  return std::nullopt;
}

}  // namespace quintet::simulation
