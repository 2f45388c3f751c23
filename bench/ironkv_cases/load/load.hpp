// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ironkv/net/stream.hpp"
#include "ironkv_cases/load/session.hpp"
#include "support/case.hpp"

// Load on one server: connections of one thread, each with requests on their way, on io_uring where
// it can be had: a load that takes as long for a request as the server does shows no difference
// between servers. Closed loop: an answer is followed by the next request. Open loop: requests are
// due at a fixed rate, and what a request waited before it was sent counts. Each connection asks
// for keys one after the other, from its own 1 on, as the figure's clients do.
namespace quintet::bench::ironkv_cases {

inline constexpr int kPatienceMs = 10'000;

struct LoadPlan {
  Request request = Request::kGet;
  std::size_t connections = 10;
  std::size_t depth = 1;   // requests on their way, of each connection
  std::uint64_t rate = 0;  // of all connections in a second; 0: a closed loop
  bool is_busy = false;    // looks for answers without sleeping
  std::uint64_t keys = 1;  // they are stored before
  std::uint64_t load_ms = 1;
  ironkv::SocketEngine sockets = ironkv::SocketEngine::kAuto;
};

struct LoadTarget {
  std::uint16_t port = 0;  // on the loopback interface
  std::function<std::unique_ptr<Session>()> session{};
  // How to talk over a socket; plain if empty.
  std::function<std::unique_ptr<ironkv::Stream>(ironkv::Channel& channel)> stream{};
};

struct LoadResult {
  double seconds = 0;
  std::vector<std::uint32_t> latencies{};  // of each request, in nanoseconds
};

// After the keys are stored and a tenth of `load_ms` went by. Throws std::runtime_error when a
// connection breaks, an answer is wrong, or none comes for 10 seconds. `begin` is called where the
// measurement begins.
[[nodiscard]] LoadResult run_load(const LoadPlan& plan, const LoadTarget& target,
                                  const std::function<void()>& begin);

// kops, p50_us, p99_us, p999_us and max_us. Reorders the latencies. Failure: nothing was done.
[[nodiscard]] Outcome load_sample(LoadResult& result);

}  // namespace quintet::bench::ironkv_cases
