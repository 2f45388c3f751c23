// SPDX-License-Identifier: MIT
#pragma once

// The one place that includes Boost.Asio, of which we use sockets, timers and the loop. Asio of
// Boost 1.74 misses <utility> with g++ 12.
#include <utility>
// Then the rest.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

namespace quintet::ironkv {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Microseconds of the clock that hosts and clients are told.
[[nodiscard]] std::uint64_t now_us();

// Runs what is ready on `loop` until it is stopped. When nothing is ready it goes on looking for
// `busy_poll_us` before it sleeps.
void run_loop(asio::io_context& loop, std::uint32_t busy_poll_us);

}  // namespace quintet::ironkv
