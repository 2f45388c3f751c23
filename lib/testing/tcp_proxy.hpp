// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

// A proxy on the loopback interface that treats connections badly: it breaks them, stalls them,
// holds bytes back and passes them on one by one. It never changes, repeats or reorders a byte:
// what TCP promises holds, what people hope beyond that does not.
// A seed chooses: the n-th connection's treatment depends on the seed, on n and on the pieces that
// the kernel hands over, of which only the last may differ between two runs.
// Threading: a thread of its own; calls from any thread.
namespace quintet::testing {

// Of 1000 pieces (up to 4096 bytes each) in one direction, so many are treated so.
struct ProxyFaults {
  std::uint32_t resets = 0;    // part of the piece is passed on, then both sides see a reset
  std::uint32_t stalls = 0;    // the piece and all behind it wait for stall_us
  std::uint32_t delays = 0;    // for a random time below delay_most_us
  std::uint32_t dribbles = 0;  // the piece is passed on in single bytes
  std::uint32_t stall_us = 300'000;
  std::uint32_t delay_most_us = 20'000;
};

struct ProxyCounters {
  std::uint64_t connections = 0;
  std::uint64_t unreachable = 0;  // of them: nobody listened behind the proxy
  std::uint64_t resets = 0, stalls = 0, delays = 0, dribbles = 0;
  std::uint64_t pieces = 0, bytes = 0;
};

class TcpProxy {
 public:
  // Listens on a free port of 127.0.0.1 and passes connections on to another. Throws
  // std::system_error if there is no port.
  TcpProxy(std::uint16_t target_port, std::uint64_t seed, ProxyFaults faults);
  // Closes all connections.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // From the next piece on.
  void set_faults(const ProxyFaults& faults);
  // Where connections to come go.
  void set_target(std::uint16_t port);
  [[nodiscard]] ProxyCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quintet::testing
