// SPDX-License-Identifier: MIT
#pragma once

#include "simulation/paper.hpp"
#include "simulation/workload.hpp"

namespace quintet::simulation {

// The workload on one of the three originals.
inline Measured simulate(Original original, const Run& run, const Parameters& parameters) {
  switch (original) {
    case Original::kUpstream:
      return simulate<SimulatedOriginal<baselines::UpstreamNr>>(run, parameters);
    case Original::kIronsync:
      return simulate<SimulatedOriginal<baselines::IronsyncNr>>(run, parameters);
    case Original::kVerified:
      break;
  }
  return simulate<SimulatedOriginal<baselines::VerifiedNr>>(run, parameters);
}

}  // namespace quintet::simulation
