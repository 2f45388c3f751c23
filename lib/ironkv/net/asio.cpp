// SPDX-License-Identifier: MIT
#include "ironkv/net/asio.hpp"

#include <chrono>

#include "ironkv/net/readiness.hpp"

namespace quintet::ironkv {

std::uint64_t now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

void run_loop(asio::io_context& loop, std::uint32_t busy_poll_us) {
  if (busy_poll_us == 0) {
    loop.run();
    return;
  }
  Readiness& sockets = Readiness::of(loop);
  std::uint64_t last = now_us();
  while (!loop.stopped()) {
    const bool was_ready = sockets.serve();
    if (loop.poll() > 0 || was_ready) {
      last = now_us();
    } else if (now_us() - last > busy_poll_us) {
      loop.run_one();
      last = now_us();
    }
  }
}

}  // namespace quintet::ironkv
