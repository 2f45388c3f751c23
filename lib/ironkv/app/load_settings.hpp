// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ironkv/app/addresses.hpp"
#include "ironkv/app/load_requests.hpp"
#include "ironkv/app/outcome.hpp"

// What ironkv-load is to do.
namespace quintet::ironkv::app {

enum class Workload : std::uint8_t { kGet, kSet, kMix };

struct LoadSettings {
  std::string service{};  // a service file,
  std::string servers{};  // or the servers themselves
  Cluster cluster{};      // which they name
  std::uint32_t clients = 10;
  std::uint32_t loops = 1;  // threads
  double duration = 30;     // seconds; 0: until a signal
  double warmup = 1;        // seconds before that
  Workload workload = Workload::kGet;
  std::uint32_t reads = 100;  // percent
  Key first_key = 0;
  std::uint64_t keys = 1000;
  std::size_t value_bytes = 128;
  KeyOrder order = KeyOrder::kSequential;
  std::uint64_t seed = 1;
  std::uint32_t depth = 0;  // of each client; 0: 1, or 1024 of an open loop
  std::uint64_t rate = 0;   // of all clients together; 0: a closed loop
  std::uint32_t timeout_ms = 5000;
  std::uint32_t busy_poll_us = 0;
  double report_every = 0;  // seconds; 0: not at all
  std::string json{};       // a file, or -
  bool preload = true;
  bool overwrite = false;  // also values that are not of this program
  bool check = false;
  bool reference = false;   // interface and output are the reference's
  bool functional = false;  // its workload f

  [[nodiscard]] std::uint32_t most_open() const { return depth > 0 ? depth : rate > 0 ? 1024 : 1; }
};

[[nodiscard]] std::string_view to_string(Workload workload);
[[nodiscard]] std::string_view to_string(KeyOrder order);

// An argument of the reference's client, such as nthreads=10.
[[nodiscard]] Outcome<void> apply_key_value(std::string_view argument, LoadSettings& settings);

// What the reference's client does if nothing else is said.
void set_reference_defaults(LoadSettings& settings);

// Refuses what makes no sense together, and looks up the servers.
[[nodiscard]] Outcome<LoadSettings> checked(LoadSettings settings);

}  // namespace quintet::ironkv::app
