// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

// What the simulated machine costs, in nanoseconds, and what the structure on it costs. One set for
// everybody who runs on it; fit.cpp found the values within the ranges below (README.md).
namespace quintet::simulation {

struct Shape {
  unsigned sockets = 4;
  unsigned cores = 24;   // of a socket
  unsigned threads = 2;  // of a core

  [[nodiscard]] unsigned all_cores() const { return sockets * cores; }
};

struct Parameters {
  // A line in the core's own caches.
  double l1_hit = 0.75;
  double l2_hit = 3;
  double l1_lines =
      480;            // so many newer lines push one out; less than 512 since sets fill unevenly
  double rmw = 10.5;  // a locked instruction on a line that is owned, beyond the hit
  // A line from elsewhere.
  double local_dirty = 70;  // from another core of the socket
  double local_clean = 45;  // from the socket's last-level cache
  double remote_dirty = 179;
  double remote_clean = 100;
  double local_upgrade = 30;  // making a line that is held the only one
  double remote_upgrade = 145;
  double memory = 80;
  double service = 1;  // a line that is shared goes to one core at a time
  // How much of such a latency a thread feels: the processor works ahead.
  double load_exposed = 1.29;    // of a load that is not waited for
  double stream_exposed = 0.35;  // of a load of the next line after the last one
  double store_exposed = 1;      // of a store before the next may be seen
  double spin_exposed = 1;       // of a load by which a wait ends
  double pause = 80;
  double division = 15;
  double hyperthread = 1.33;       // everything that is no transfer, if the sibling is in use
  double hyperthread_miss = 1.25;  // and what is felt of transfers
  double jitter = 0.1;             // of work, up and down
  // The workload: a page table of 512 GiB in 4 KiB pages.
  double loop = 10;  // the benchmark's own loop
  double apply = 85;
  double read = 131;
};

struct NamedParameter {
  const char* name;
  double Parameters::* value;
  double low;  // what may be fitted lies between
  double high;
};

inline constexpr std::array kNamedParameters{
    NamedParameter{"l1_hit", &Parameters::l1_hit, 0.5, 1.5},
    NamedParameter{"l2_hit", &Parameters::l2_hit, 1.0, 6.0},
    NamedParameter{"l1_lines", &Parameters::l1_lines, 256, 512},
    NamedParameter{"rmw", &Parameters::rmw, 5, 15},
    NamedParameter{"local_dirty", &Parameters::local_dirty, 45, 80},
    NamedParameter{"local_clean", &Parameters::local_clean, 18, 45},
    NamedParameter{"remote_dirty", &Parameters::remote_dirty, 110, 200},
    NamedParameter{"remote_clean", &Parameters::remote_clean, 80, 140},
    NamedParameter{"local_upgrade", &Parameters::local_upgrade, 15, 60},
    NamedParameter{"remote_upgrade", &Parameters::remote_upgrade, 70, 160},
    NamedParameter{"memory", &Parameters::memory, 80, 140},
    NamedParameter{"service", &Parameters::service, 1, 25},
    NamedParameter{"load_exposed", &Parameters::load_exposed, 0.15, 1.3},
    NamedParameter{"stream_exposed", &Parameters::stream_exposed, 0.1, 1.0},
    NamedParameter{"store_exposed", &Parameters::store_exposed, 0.15, 1.0},
    NamedParameter{"spin_exposed", &Parameters::spin_exposed, 0.8, 1.3},
    NamedParameter{"pause", &Parameters::pause, 5, 80},
    NamedParameter{"division", &Parameters::division, 5, 40},
    NamedParameter{"hyperthread", &Parameters::hyperthread, 1.2, 1.6},
    NamedParameter{"hyperthread_miss", &Parameters::hyperthread_miss, 1.0, 1.8},
    NamedParameter{"jitter", &Parameters::jitter, 0.1, 0.1},
    NamedParameter{"loop", &Parameters::loop, 5, 25},
    NamedParameter{"apply", &Parameters::apply, 30, 140},
    NamedParameter{"read", &Parameters::read, 110, 165},
};

}  // namespace quintet::simulation
