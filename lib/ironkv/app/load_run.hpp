// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "ironkv/app/load_settings.hpp"
#include "ironkv/app/load_signals.hpp"
#include "ironkv/app/load_tally.hpp"

// A load from its first request to its last answer.
namespace quintet::ironkv::app {

struct LoadResult {
  Tally tally{};
  double seconds = 0;   // that were measured
  bool is_cut = false;  // by a signal
};

// Fills the table and lets the clients work. In the way of the reference it prints the lines that
// its client prints. Costs the duration, the warm-up and, if servers do not answer, a few
// time-outs. Requires: signals are caught, so that the threads that it starts do not get them.
[[nodiscard]] Outcome<LoadResult> run_load(const LoadSettings& settings, Signals& signals);

}  // namespace quintet::ironkv::app
