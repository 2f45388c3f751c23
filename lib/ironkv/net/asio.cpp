// SPDX-License-Identifier: MIT
#include "ironkv/net/asio.hpp"

#include <chrono>

#include "ironkv/net/socket_service.hpp"

namespace quintet::ironkv {
namespace {

constexpr int kRingWaitMs = 1;
constexpr std::uint64_t kRestEveryUs = 50;

}  // namespace

std::uint64_t now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// With io_uring, waiting for sockets and for the rest of the loop are two: as long as sockets are
// busy the loop waits for these, and looks after the rest now and then.
void run_loop(asio::io_context& loop, std::uint32_t busy_poll_us) {
  SocketService& sockets = SocketService::of(loop);
  const bool is_ring = sockets.engine() == SocketEngine::kIoUring;
  if (busy_poll_us == 0 && !is_ring) {
    loop.run();
    return;
  }
  const int wait_ms = busy_poll_us == 0 ? kRingWaitMs : 0;
  const std::uint64_t poll_every = is_ring ? kRestEveryUs : 0;
  std::uint64_t active_at = now_us();
  std::uint64_t polled_at = 0;
  while (!loop.stopped()) {
    const bool has_posted = sockets.take_posted();
    bool was_ready = sockets.serve(has_posted ? 0 : wait_ms);
    const std::uint64_t now = now_us();
    const bool is_over = !was_ready && now - active_at > busy_poll_us;
    if (has_posted || is_over || now - polled_at >= poll_every) {
      was_ready = loop.poll() > 0 || was_ready;
      polled_at = now;
    }
    if (was_ready) {
      active_at = now;
    } else if (is_over) {
      if (sockets.before_sleep()) loop.run_one();
      active_at = polled_at = now_us();
    }
  }
}

}  // namespace quintet::ironkv
