// SPDX-License-Identifier: MIT
#include "testing/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <tuple>

#include "testing/catch.hpp"

// The proxy between a client and a server that echoes: what it passes on, and what it breaks.
namespace quintet::testing {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_all(int socket, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t put = ::send(socket, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (put <= 0) return;
    at += static_cast<std::size_t>(put);
  }
}

// Sends back what it reads, one connection after the other, until it is destroyed.
class EchoServer {
 public:
  EchoServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_, 16) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~EchoServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void run() const {
    for (;;) {
      const int peer = ::accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      std::string some(65'536, '\0');
      for (ssize_t got = 0; (got = ::recv(peer, some.data(), some.size(), 0)) > 0;) {
        send_all(peer, some.substr(0, static_cast<std::size_t>(got)));
      }
      ::close(peer);
    }
  }

  int socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class Dialed {
 public:
  explicit Dialed(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address = loopback(port);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Dialed() { ::close(socket_); }
  Dialed(const Dialed&) = delete;
  Dialed& operator=(const Dialed&) = delete;

  void send(const std::string& text) const { send_all(socket_, text); }
  void end() const { ::shutdown(socket_, SHUT_WR); }
  // So many bytes, or fewer if the connection ends before; then `error` says how (0: in order).
  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t have = 0;
    error = 0;
    while (have < bytes) {
      const ssize_t got = ::recv(socket_, text.data() + have, bytes - have, 0);
      if (got < 0) error = errno;
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
  }
  int error = 0;

 private:
  int socket_;
};

std::string numbered(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
  return text.substr(0, bytes);
}

TEST_CASE("a proxy without faults passes on all bytes and the end") {
  const EchoServer server;
  const TcpProxy proxy(server.port(), 1, {});
  Dialed client(proxy.port());
  const std::string text = numbered(60'000);
  client.send(text);
  client.end();
  REQUIRE(client.read(text.size() + 1) == text);
  REQUIRE(client.error == 0);
  REQUIRE(proxy.counters().connections == 1);
  REQUIRE(proxy.counters().bytes == 2 * text.size());
}

TEST_CASE("stalls delays and single bytes change no byte") {
  const EchoServer server;
  const TcpProxy proxy(
      server.port(), 2,
      {.stalls = 300, .delays = 300, .dribbles = 300, .stall_us = 5'000, .delay_most_us = 3'000});
  for (int i = 0; i < 3; ++i) {
    Dialed client(proxy.port());
    const std::string text = numbered(40'000);
    client.send(text);
    client.end();
    REQUIRE(client.read(text.size() + 1) == text);
    REQUIRE(client.error == 0);
  }
  const ProxyCounters counters = proxy.counters();
  REQUIRE(counters.stalls > 0);
  REQUIRE(counters.delays > 0);
  REQUIRE(counters.dribbles > 0);
  REQUIRE(counters.resets == 0);
}

TEST_CASE("a stalled piece waits and so does what comes behind it") {
  const EchoServer server;
  TcpProxy proxy(server.port(), 3, {.stalls = 1000, .stall_us = 100'000});
  Dialed client(proxy.port());
  const auto began = std::chrono::steady_clock::now();
  client.send("first");
  REQUIRE(client.read(5) == "first");
  REQUIRE(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(200));
  proxy.set_faults({});
  client.send("second");
  REQUIRE(client.read(6) == "second");
  REQUIRE(proxy.counters().stalls == 2);
}

TEST_CASE("a reset is seen as one after a part of the piece") {
  const EchoServer server;
  const TcpProxy proxy(server.port(), 4, {.resets = 1000});
  for (std::uint64_t i = 1; i <= 5; ++i) {
    Dialed client(proxy.port());
    client.send(numbered(1'000));
    REQUIRE(client.read(1'000).size() < 1'000);
    REQUIRE(client.error == ECONNRESET);
    REQUIRE(proxy.counters().resets == i);
  }
}

TEST_CASE("a seed repeats what a proxy does") {
  const EchoServer server;
  const auto treatment = [&](std::uint64_t seed) {
    const TcpProxy proxy(server.port(), seed,
                         {.delays = 200, .dribbles = 400, .delay_most_us = 10});
    for (int i = 0; i < 2; ++i) {
      Dialed client(proxy.port());
      for (int n = 0; n < 50; ++n) {
        client.send("x");
        REQUIRE(client.read(1) == "x");
      }
    }
    const ProxyCounters counters = proxy.counters();
    return std::tuple(counters.pieces, counters.delays, counters.dribbles);
  };
  REQUIRE(treatment(5) == treatment(5));
  REQUIRE(treatment(5) != treatment(6));
}

TEST_CASE("a server that does not listen closes what the proxy has accepted") {
  std::uint16_t nobody = 0;
  {
    const EchoServer server;
    nobody = server.port();
  }
  TcpProxy proxy(nobody, 7, {});
  Dialed client(proxy.port());
  REQUIRE(client.read(1).empty());
  REQUIRE(proxy.counters().unreachable == 1);
  const EchoServer server;
  proxy.set_target(server.port());
  Dialed again(proxy.port());
  again.send("x");
  REQUIRE(again.read(1) == "x");
}

}  // namespace
}  // namespace quintet::testing
