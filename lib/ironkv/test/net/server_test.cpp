// SPDX-License-Identifier: MIT
#include "ironkv/net/server.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/test/bytes.hpp"
#include "ironkv/test/hex.hpp"
#include "ironkv/test/net/cluster.hpp"
#include "ironkv/test/net/folder.hpp"
#include "ironkv/test/net/raw_socket.hpp"
#include "testing/catch.hpp"

// What a server does with connections, good and bad ones.
namespace quintet::ironkv {
namespace {

BlockingClient client_of(const LocalCluster& cluster) {
  auto client = BlockingClient::create({.servers = cluster.addresses()},
                                       {.timeout = std::chrono::seconds(30)});
  REQUIRE(client);
  return std::move(*client);
}

bool works(const LocalCluster& cluster) {
  BlockingClient client = client_of(cluster);
  if (!client.set(1, bytes_of("well"))) return false;
  const auto value = client.get(1);
  return value && *value == key_of("well");
}

std::vector<std::byte> get_frame(std::uint64_t number, Key key) {
  FrameView frame{.number = number};
  frame.message = {.kind = MessageKind::kGet, .key = key};
  std::vector<std::byte> bytes(frame_bytes(frame));
  write_frame(frame, bytes.data());
  return bytes;
}

TEST_CASE("a port in use is told with its number") {
  LocalCluster cluster(1);
  const std::uint16_t port = cluster.addresses()[0].port;
  const auto second = Server::create({.servers = cluster_of(1), .port = port});
  REQUIRE_FALSE(second);
  CHECK(second.error() == "cannot listen on 127.0.0.1:" + std::to_string(port) +
                              ": the port is in use: choose another, or end who has it");
}

TEST_CASE("options that make no sense are refused in a sentence") {
  const auto error_of = [](ServerOptions options) {
    const auto server = Server::create(std::move(options));
    return server ? std::string("none") : server.error();
  };
  CHECK(error_of({}).find("must be one of the list") != std::string::npos);
  CHECK(error_of({.servers = cluster_of(1), .listen_address = "nowhere.invalid"})
            .find("nowhere.invalid:0: no such address") != std::string::npos);
  CHECK(error_of({.servers = cluster_of(1), .listen_address = "0.0.0.0"})
            .find("stay on the loopback interface") != std::string::npos);
  CHECK(error_of({.servers = cluster_of(1), .max_connections = 0}).find("max_connections") == 0);
  auto twice = cluster_of(2);
  twice[1].public_key = twice[0].public_key;
  CHECK(error_of({.servers = twice}).find("the same end point") != std::string::npos);
  CHECK(error_of({.servers = cluster_of(1),
                  .listen_address = "0.0.0.0",
                  .allow_plain_anywhere = true}) == "none");
}

TEST_CASE("garbage on the port changes nothing and closes only what it came on") {
  LocalCluster cluster(1);
  {
    RawSocket http(cluster.addresses()[0].port);
    CHECK(http.send(bytes_of("GET / HTTP/1.1\r\nHost: here\r\n\r\n")));
    CHECK(http.is_closed_in_time());  // "GET / HT" is a long key
    RawSocket garbage(cluster.addresses()[0].port);
    CHECK(garbage.send_frame(bytes_of("some key")));
    CHECK(garbage.send_frame(bytes_of("no frame at all")));
    CHECK(garbage.send_frame({}));
    CHECK(eventually([&] {
      return cluster.ask(0, [](const Host& host, auto) { return host.counters().bad_frames; }) == 2;
    }));
  }
  CHECK(cluster.ask(0, [](const Host& host, auto) { return host.table().size(); }) == 0);
  CHECK(works(cluster));
}

TEST_CASE("who never said anything is forgotten at once") {
  LocalCluster cluster(1);
  {
    RawSocket silent(cluster.addresses()[0].port);
    CHECK(silent.send_frame(bytes_of("some key")));
    CHECK(eventually([&] {
      return cluster.ask(0, [](const Host& host, auto) { return host.peers().known(); }) == 2;
    }));
  }
  CHECK(eventually([&] {
    return cluster.ask(0, [](const Host& host, auto) { return host.peers().known(); }) == 1;
  }));
}

TEST_CASE("a client that is gone for long is forgotten and one that returns is not") {
  LocalCluster cluster(1, {.idle_identity_seconds = 2});
  const std::uint16_t port = cluster.addresses()[0].port;
  const auto known = [&] {
    return cluster.ask(0, [](const Host& host, auto) { return host.peers().known(); });
  };
  auto first = std::make_unique<RawSocket>(port);
  CHECK(first->send_frame(bytes_of("some key")));
  CHECK(first->send_frame(get_frame(1, 5)));
  CHECK(eventually([&] {
    return cluster.ask(0, [](const Host& host, auto) { return host.counters().gets; }) == 1;
  }));
  first = std::make_unique<RawSocket>(port);
  CHECK(first->send_frame(bytes_of("some key")));
  CHECK(first->send_frame(get_frame(1, 5)));
  CHECK(eventually([&] {
    return cluster.ask(0, [](const Host& host, auto) { return host.counters().duplicates; }) == 1;
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  CHECK(known() == 2);
  first.reset();
  CHECK(eventually([&] { return known() == 1; }));
}

TEST_CASE("a frame over the limit closes only its connection") {
  LocalCluster cluster(1, {.max_frame_bytes = 100'000});
  RawSocket good(cluster.addresses()[0].port);
  CHECK(good.send_frame(bytes_of("good key")));
  RawSocket bad(cluster.addresses()[0].port);
  CHECK(bad.send_frame(bytes_of("bad key")));
  CHECK(bad.send(from_hex("00000000000186a1")));  // 100,001
  CHECK(bad.is_closed_in_time());
  CHECK(good.send_frame(std::vector<std::byte>(100'000)));
  CHECK(good.send_frame(get_frame(1, 5)));
  CHECK(eventually([&] {
    return cluster.ask(0, [](const Host& host, auto) { return host.counters().gets; }) == 1;
  }));
}

TEST_CASE("who says that it is the server itself is refused") {
  LocalCluster cluster(1);
  RawSocket self(cluster.addresses()[0].port);
  CHECK(self.send_frame(bytes_of("server 0")));
  CHECK(self.is_closed_in_time());
  CHECK(cluster.ask(0, [](auto&, const ServerCounters& counters) { return counters.refused; }) ==
        1);
}

TEST_CASE("a stalled dialer stops nobody and is closed after a while") {
  LocalCluster cluster(1, {.handshake_ms = 400});
  RawSocket stalled(cluster.addresses()[0].port);
  CHECK(stalled.send(from_hex("00000000")));  // half a length
  CHECK(works(cluster));
  CHECK(stalled.is_closed_in_time());
  CHECK(cluster.ask(0, [](auto&, const auto& counters) { return counters.handshakes_late; }) == 1);
}

TEST_CASE("connections over the limit are refused until others are closed") {
  LocalCluster cluster(1, {.max_connections = 1});
  auto first = std::make_unique<RawSocket>(cluster.addresses()[0].port);
  CHECK(first->send_frame(bytes_of("first")));
  CHECK(eventually([&] {
    return cluster.ask(0, [](auto&, const auto& counters) { return counters.connections; }) == 1;
  }));
  RawSocket second(cluster.addresses()[0].port);
  CHECK(second.is_closed_in_time());
  first.reset();
  CHECK(works(cluster));
}

TEST_CASE("a reader that is too slow is cut off and its memory is bounded") {
  constexpr std::size_t kMost = 100'000;
  LocalCluster cluster(1, {.host = {.max_unacked = 1 << 20}, .max_output_bytes = kMost});
  {
    BlockingClient client = client_of(cluster);
    CHECK(client.set(5, std::vector<std::byte>(1000)));
  }
  RawSocket slow(cluster.addresses()[0].port);
  const int small = 4096;
  ::setsockopt(slow.descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  CHECK(slow.send_frame(bytes_of("slow")));
  std::uint64_t number = 0;
  while (number < 100'000 && slow.send_frame(get_frame(number + 1, 5))) ++number;
  CHECK(number < 100'000);
  CHECK(works(cluster));
}

TEST_CASE("the latest connection of a client gets the answers and then the one before it") {
  LocalCluster cluster(1);
  const std::uint16_t port = cluster.addresses()[0].port;
  const auto connections = [&] {
    return cluster.ask(0, [](const Host& host, const auto& c) {
      return host.peers().known() == 2 ? c.connections : 0;
    });
  };
  const auto has_answer = [](RawSocket& socket) {
    pollfd poll{.fd = socket.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 30'000) == 1;
  };
  RawSocket first(port);
  CHECK(first.send_frame(bytes_of("same")));
  CHECK(eventually([&] { return connections() == 1; }));
  {
    RawSocket second(port);
    CHECK(second.send_frame(bytes_of("same")));
    CHECK(second.send_frame(get_frame(1, 1)));
    CHECK(has_answer(second));
    std::byte some[100];
    CHECK(::recv(first.descriptor(), some, sizeof(some), MSG_DONTWAIT) == -1);
  }
  CHECK(eventually([&] { return connections() == 1; }));
  CHECK(first.send_frame(get_frame(2, 1)));
  CHECK(has_answer(first));
}

TEST_CASE("a durable server takes only its own folder, with all servers that it had") {
  const Folder folder;
  const auto trouble = [&](std::size_t servers, PeerId me) {
    const auto server = Server::create({.servers = cluster_of(servers),
                                        .me = me,
                                        .durability = Durability::kAlways,
                                        .journal = {.folder = folder.path()},
                                        .asks_others = false});
    return server ? std::string("none") : server.error();
  };
  CHECK(trouble(2, 0) == "none");
  CHECK(trouble(2, 0) == "none");
  CHECK(trouble(2, 1).find(folder.path() + " is of another server") == 0);
  CHECK(trouble(1, 0).find(folder.path() + " was kept with other servers") == 0);
  CHECK(trouble(3, 0).find(folder.path() + " was kept with other servers") == 0);
  CHECK(trouble(2, 0) == "none");
}

}  // namespace
}  // namespace quintet::ironkv
