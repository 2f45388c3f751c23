// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>
#include <string_view>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/test/bytes.hpp"
#include "ironkv/test/net/cluster.hpp"
#include "ironkv/test/net/raw_socket.hpp"
#include "testing/catch.hpp"

// The port for those who watch, as they see it; and what people ask over a client's connection.
namespace quintet::ironkv {
namespace {

std::string fetch(std::uint16_t port, std::string_view request) {
  RawSocket socket(port);
  const auto* bytes = reinterpret_cast<const std::byte*>(request.data());
  if (!socket.send({bytes, request.size()})) return "";
  std::string reply;
  for (const std::byte byte : socket.read_to_end()) reply += static_cast<char>(byte);
  return reply;
}

std::string get(std::uint16_t port, const std::string& path) {
  return fetch(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

}  // namespace

TEST_CASE("who watches a server is told counters and its health") {
  LocalCluster cluster(1, {.metrics_port = 0});
  const std::uint16_t port = cluster.server(0).metrics_port();
  REQUIRE(port != 0);
  auto client = BlockingClient::create({.servers = cluster.addresses()});
  REQUIRE(client);
  REQUIRE(client->set(1, owned_bytes("one")));
  const std::string metrics = get(port, "/metrics");
  CHECK(metrics.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(metrics.find("\nironkv_sets_total 1\n") != std::string::npos);
  CHECK(metrics.find("\n# TYPE ironkv_sets_total counter\n") != std::string::npos);
  CHECK(metrics.find("\n# TYPE ironkv_connections gauge\nironkv_connections 1\n") !=
        std::string::npos);
  CHECK(get(port, "/healthz").ends_with("\r\n\r\nok\n"));
}

TEST_CASE("who watches a server that does not serve yet is told for whom it waits") {
  ServerOptions options{.servers = cluster_of(2), .metrics_port = 0};
  options.servers[1].port = 9;
  auto server = Server::create(options);
  REQUIRE(server);
  std::thread thread([&] { server->run(); });
  const std::string health = get(server->metrics_port(), "/healthz");
  CHECK(health.starts_with("HTTP/1.1 503 "));
  CHECK(health.ends_with("waiting for server 2 (127.0.0.1:9)\n"));
  server->stop();
  thread.join();
}

TEST_CASE("other requests of who watches are refused") {
  LocalCluster cluster(1, {.metrics_port = 0});
  const std::uint16_t port = cluster.server(0).metrics_port();
  CHECK(get(port, "/").starts_with("HTTP/1.1 404 "));
  CHECK(fetch(port, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
  CHECK(fetch(port, std::string(10'000, 'x')).empty());  // longer than any request
  CHECK(get(port, "/healthz").ends_with("ok\n"));
}

TEST_CASE("a port for metrics that is in use is told with its number") {
  LocalCluster cluster(1, {.metrics_port = 0});
  const std::uint16_t port = cluster.server(0).metrics_port();
  const auto refused = Server::create({.servers = cluster_of(1), .metrics_port = port});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().find(std::to_string(port)) != std::string::npos);
}

TEST_CASE("a server is asked over the connection of a client") {
  const LocalCluster cluster(2);
  auto client = BlockingClient::create({.servers = cluster.addresses()});
  REQUIRE(client);
  for (Key key = 0; key < 200; ++key) REQUIRE(client->set(key, owned_bytes("value")));
  const auto begun =
      client->ask(0, {.kind = AdminKind::kReshard,
                      .range = KeyRange::from(50),
                      .end_point = end_point_of_key(cluster.addresses()[1].public_key)});
  REQUIRE(begun);
  for (;;) {
    const auto progress = client->ask(0, {.kind = AdminKind::kProgress, .number = begun->reshard});
    REQUIRE(progress);
    if (progress->is_done) {
      CHECK(progress->keys == 150);
      break;
    }
  }
  const auto where = client->ask(1, {.kind = AdminKind::kWhere, .key = 60});
  REQUIRE(where);
  CHECK(where->owner == 1);
  CHECK(client->get(60).value().has_value());
  const auto refused =
      client->ask(0, {.kind = AdminKind::kReshard,
                      .range = KeyRange::from(50),
                      .end_point = end_point_of_key(cluster.addresses()[1].public_key)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == to_string(Error::kNotOwner));
}

TEST_CASE("what is asked of a server that is not there is an error in time") {
  auto addresses = cluster_of(1);
  {
    const LocalCluster cluster(1);
    addresses[0].port = cluster.addresses()[0].port;
  }
  auto client =
      BlockingClient::create({.servers = addresses}, {.timeout = std::chrono::milliseconds(100)});
  REQUIRE(client);
  const auto answer = client->ask(0, {.kind = AdminKind::kHello});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().text.find("does not answer") != std::string::npos);
}

}  // namespace quintet::ironkv
