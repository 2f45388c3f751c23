// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

// A server that does nothing but move bytes: for every `request_bytes` that arrive it sends
// `reply_bytes` zeros. No server on Boost.Asio with one thread is faster at these sizes. It waits
// until a socket is readable, reads once, and writes all answers at once: three system calls, no
// allocation and no copy of its own for each event. (async_read_some would first try a read that
// finds nothing, a fourth one.) Any number of connections; TCP_NODELAY; the loopback interface.
// Threading: one thread; stop() from any.
namespace quintet::baselines {

class EchoServer {
 public:
  struct Options {
    std::uint16_t port = 0;  // 0: any that is free
    std::size_t request_bytes = 1;
    std::size_t reply_bytes = 1;
  };
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;  // of a request, and of a reply

  // Listens. An error is one sentence.
  [[nodiscard]] static std::expected<EchoServer, std::string> create(const Options& options);
  EchoServer(EchoServer&&) noexcept;
  EchoServer& operator=(EchoServer&&) = delete;
  ~EchoServer();

  [[nodiscard]] std::uint16_t port() const;
  void run();  // until stop()
  void stop();

 private:
  struct Impl;
  explicit EchoServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quintet::baselines
