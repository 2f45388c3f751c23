// SPDX-License-Identifier: MIT
#include "baselines/echo_server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "ironkv/test/net/raw_socket.hpp"
#include "testing/catch.hpp"

namespace quintet::baselines {
namespace {

using ironkv::RawSocket;
using Buffer = std::vector<std::byte>;

class Running {
 public:
  Running(std::size_t request_bytes, std::size_t reply_bytes)
      : server_(EchoServer::create({.request_bytes = request_bytes, .reply_bytes = reply_bytes})
                    .value()),
        thread_([this] { server_.run(); }) {}
  ~Running() {
    server_.stop();
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
  EchoServer server_;
  std::thread thread_;
};

bool receives_zeros(const RawSocket& socket, std::size_t bytes) {
  Buffer got(bytes, std::byte{1});
  const ssize_t size = ::recv(socket.descriptor(), got.data(), bytes, MSG_WAITALL);
  return size == static_cast<ssize_t>(bytes) &&
         std::ranges::all_of(got, [](std::byte byte) { return byte == std::byte{0}; });
}

// What has not been asked for does not come: shuts the sending half and reads to the end.
std::size_t rest_of(RawSocket& socket) {
  ::shutdown(socket.descriptor(), SHUT_WR);
  return socket.read_to_end().size();
}

TEST_CASE("the echo server answers each request with its number of zeros") {
  for (const auto& [request, reply] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {66, 203}, {203, 17}, {5, 70'000}}) {
    const Running server(request, reply);
    RawSocket socket(server.port());
    for (int i = 0; i < 20; ++i) {
      REQUIRE(socket.send(Buffer(request, std::byte{7})));
      REQUIRE(receives_zeros(socket, reply));
    }
    CHECK(rest_of(socket) == 0);
  }
}

TEST_CASE("the echo server counts bytes and not reads") {
  const Running server(10, 3);
  RawSocket socket(server.port());
  for (int i = 0; i < 9; ++i) REQUIRE(socket.send(Buffer(1)));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(::recv(socket.descriptor(), std::array<char, 1>().data(), 1, MSG_DONTWAIT) == -1);
  REQUIRE(socket.send(Buffer(1 + 25)));  // the end of the first one, two more, and a half
  REQUIRE(receives_zeros(socket, 9));
  REQUIRE(socket.send(Buffer(5)));
  REQUIRE(receives_zeros(socket, 3));
  REQUIRE(socket.send(Buffer(9)));
  CHECK(rest_of(socket) == 0);
}

TEST_CASE("the echo server answers many at once and waits for who does not read") {
  constexpr std::size_t kRequests = 200'000;
  constexpr std::size_t kReply = 500;  // 100 MB: more than sockets hold
  const Running server(2, kReply);
  RawSocket socket(server.port());
  std::thread sender([&] { socket.send(Buffer(2 * kRequests)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  RawSocket other(server.port());
  CHECK(other.send(Buffer(2)));
  CHECK(receives_zeros(other, kReply));
  bool is_good = true;
  for (std::size_t i = 0; i < kRequests / 100 && is_good; ++i) {
    is_good = receives_zeros(socket, 100 * kReply);
  }
  sender.join();
  CHECK(is_good);
  CHECK(rest_of(socket) == 0);
}

TEST_CASE("the echo server serves many connections and forgets those that end") {
  const Running server(4, 8);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<RawSocket>> sockets;
    for (int i = 0; i < 50; ++i) sockets.push_back(std::make_unique<RawSocket>(server.port()));
    for (const auto& socket : sockets) REQUIRE(socket->send(Buffer(4 + 2)));
    for (const auto& socket : sockets) REQUIRE(receives_zeros(*socket, 8));
  }
}

TEST_CASE("the echo server refuses sizes of nothing and ports that are taken") {
  const auto why = [](const EchoServer::Options& options) {
    return EchoServer::create(options).error();
  };
  CHECK(why({.request_bytes = 0}) == "requests and replies have 1 to 1048576 bytes");
  CHECK(why({.reply_bytes = EchoServer::kMostBytes + 1}) ==
        "requests and replies have 1 to 1048576 bytes");
  const Running server(1, 1);
  CHECK(why({.port = server.port()}).starts_with("cannot listen on 127.0.0.1:"));
}

}  // namespace
}  // namespace quintet::baselines
