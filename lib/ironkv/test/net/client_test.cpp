// SPDX-License-Identifier: MIT
#include "ironkv/net/client.hpp"

#include <utility>  // before Asio, which misses it
//
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/net/client_awaitable.hpp"
#include "ironkv/test/bytes.hpp"
#include "ironkv/test/net/cluster.hpp"
#include "testing/catch.hpp"

// Clients and servers together, over loopback.
namespace quintet::ironkv {
namespace {

using namespace std::chrono_literals;

BlockingClient client_of(const LocalCluster& cluster, std::uint32_t busy_poll_us = 0) {
  auto client = BlockingClient::create({.servers = cluster.addresses()},
                                       {.timeout = 30s, .busy_poll_us = busy_poll_us});
  REQUIRE(client);
  return std::move(*client);
}

TEST_CASE("what is set is got and what is erased is absent") {
  LocalCluster cluster(1);
  BlockingClient client = client_of(cluster);
  CHECK(client.get(7).value() == std::nullopt);
  CHECK(client.set(7, bytes_of("seven")));
  CHECK(client.get(7).value() == key_of("seven"));
  CHECK(client.set(7, {}));
  CHECK(client.get(7).value() == key_of(""));
  CHECK(client.erase(7));
  CHECK(client.get(7).value() == std::nullopt);
  CHECK(client.set(~Key{0}, std::vector<std::byte>(1023)));
  CHECK(client.get(~Key{0}).value()->size() == 1023);
}

TEST_CASE("a value of 1024 bytes is refused without asking a server") {
  LocalCluster cluster(1);
  BlockingClient client = client_of(cluster);
  const auto refused = client.set(7, std::vector<std::byte>(1024));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == CallError::Kind::kRefused);
  CHECK(refused.error().text.find("1023") != std::string::npos);
}

TEST_CASE("many keys go and come at the same time") {
  LocalCluster cluster(1, {.busy_poll_us = 50});
  BlockingClient client = client_of(cluster, 50);
  std::vector<std::vector<std::byte>> values;
  std::vector<Key> keys;
  for (Key key = 0; key < 3000; ++key) {
    keys.push_back(key * key);
    values.push_back(key_of("value " + std::to_string(key)));
  }
  std::vector<std::pair<Key, Bytes>> pairs;
  for (std::size_t i = 0; i < keys.size(); ++i) pairs.emplace_back(keys[i], values[i]);
  CHECK(client.multi_set(pairs));
  const auto found = client.multi_get(keys).value();
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(found[i] == values[i]);
  CHECK(client.multi_get({}).value().empty());
}

TEST_CASE("a client follows keys that a Shard has moved") {
  LocalCluster cluster(3);
  BlockingClient client = client_of(cluster);
  for (Key key = 0; key < 40; ++key) CHECK(client.set(key, bytes_of(std::to_string(key))));
  CHECK(client.shard(0, KeyRange::between(10, 20), 1));
  CHECK(client.shard(0, KeyRange::from(30), 2));
  for (Key key = 0; key < 40; ++key) {
    CHECK(client.get(key).value() == key_of(std::to_string(key)));
    CHECK(client.set(key, bytes_of("new")));
  }
  CHECK(cluster.ask(1, [](const Host& host, auto) { return host.table().size(); }) == 10);
  CHECK(cluster.ask(2, [](const Host& host, auto) { return host.table().size(); }) == 10);
  BlockingClient other = client_of(cluster);
  for (Key key = 0; key < 40; ++key) CHECK(other.get(key).value() == key_of("new"));
}

TEST_CASE("keys are found though the first server is gone") {
  const ServerId owner = GENERATE(1U, 2U);  // of which the other one has never heard
  LocalCluster cluster(3);
  {
    BlockingClient client = client_of(cluster);
    CHECK(client.set(7, bytes_of("seven")));
    CHECK(client.shard(0, KeyRange::all(), owner));
    CHECK(client.get(7).value() == key_of("seven"));
  }
  cluster.end(0);
  BlockingClient client = client_of(cluster);
  CHECK(client.get(7).value() == key_of("seven"));
  CHECK(client.set(8, bytes_of("eight")));
}

TEST_CASE("a thousand keys move to another server while clients go on") {
  LocalCluster cluster(2);
  BlockingClient client = client_of(cluster);
  for (Key key = 0; key < 1000; ++key) CHECK(client.set(key, bytes_of("0")));
  std::atomic<bool> is_stopped = false;
  std::atomic<int> failures = 0;
  std::thread writer([&] {
    for (Key key = 0; !is_stopped; key = (key + 1) % 1000) {
      if (!client.set(key, bytes_of("1")) || client.get(key) != key_of("1")) ++failures;
    }
  });
  const auto is_done = [&](PeerId server, std::uint64_t id) {
    return cluster.ask(server, [id](const Host& host, auto) {
      for (const Reshard& job : host.reshards()) {
        if (job.id == id) return job.is_done;
      }
      return false;
    });
  };
  for (int i = 0; i < 4; ++i) {
    const PeerId from = i % 2 == 0 ? 0 : 1;
    const auto id = cluster.reshard(from, KeyRange::all(), 1 - from);
    REQUIRE(id);
    CHECK(eventually([&] { return is_done(from, *id); }));
  }
  is_stopped = true;
  writer.join();
  CHECK(failures == 0);
  CHECK(cluster.ask(0, [](const Host& host, auto) { return host.table().size(); }) == 1000);
}

TEST_CASE("calls take effect once each while connections are cut under them") {
  LocalCluster cluster(1);
  boost::asio::io_context loop;
  auto client = Client::create(loop, {.servers = cluster.addresses()});
  REQUIRE(client);
  constexpr int kCalls = 3000;
  int answered = 0;
  int wrong = 0;
  int begun = 0;
  std::function<void()> next = [&] {
    const int call = begun++;
    const std::string value = std::to_string(call);
    const auto taken =
        client->set(Key(call % 7), bytes_of(value), 60s, [&, value](const Answer& a) {
          const bool is_right = a.status == CallStatus::kDone && a.has_value &&
                                key_of(value) == std::vector(a.value.begin(), a.value.end());
          wrong += is_right ? 0 : 1;
          if (++answered % 100 == 0) client->drop(0);
          if (answered == kCalls) return loop.stop();
          if (begun < kCalls) next();
        });
    REQUIRE(taken);
  };
  for (int i = 0; i < 32; ++i) next();
  loop.run();
  CHECK(answered == kCalls);
  CHECK(wrong == 0);
  CHECK(client->core().counters().resent > 0);
  const auto counters = cluster.ask(0, [](const Host& host, auto) { return host.counters(); });
  CHECK(counters.sets == kCalls);  // not one more
  CHECK(cluster.ask(0, [](auto&, const auto& c) { return c.accepted; }) > kCalls / 200);
}

boost::asio::awaitable<void> talk(Client& client, std::vector<std::string>& said) {
  const std::vector<std::byte> value = key_of("coroutine");
  const auto set = co_await co_set(client, 3, Bytes(value), 30s);
  said.push_back(set && set->status == CallStatus::kDone ? "set" : "not set");
  const auto got = co_await co_get(client, 3, 30s);
  said.push_back(got && got->value == value ? "got" : "not got");
  const std::vector<std::byte> large(1024);
  const auto refused = co_await co_set(client, 3, Bytes(large), 30s);
  said.push_back(!refused && refused.error() == Error::kValueTooLong ? "refused" : "not refused");
}

TEST_CASE("coroutines call as well") {
  LocalCluster cluster(1);
  boost::asio::io_context loop;
  auto client = Client::create(loop, {.servers = cluster.addresses()});
  REQUIRE(client);
  std::vector<std::string> said;
  boost::asio::co_spawn(loop, talk(*client, said), [&](std::exception_ptr) { loop.stop(); });
  loop.run();
  CHECK(said == std::vector<std::string>{"set", "got", "refused"});
}

TEST_CASE("a client may be destroyed in the middle of an answer") {
  LocalCluster cluster(1);
  boost::asio::io_context loop;
  auto made = Client::create(loop, {.servers = cluster.addresses()});
  REQUIRE(made);
  auto client = std::make_unique<Client>(std::move(*made));
  int told = 0;
  for (int i = 0; i < 3; ++i) {
    CHECK(client->get(1, 30s, [&](const Answer&) {
      ++told;
      client.reset();
    }));
  }
  loop.run();  // ends, as nothing is left to do
  CHECK(told == 1);
}

TEST_CASE("without a server a call ends in time and says which server and why") {
  auto servers = cluster_of(1);
  {
    LocalCluster gone(1);
    servers = gone.addresses();
  }
  auto client = BlockingClient::create({.servers = servers}, {.timeout = 1000ms});
  REQUIRE(client);
  const auto got = client->get(1);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == CallError::Kind::kTimedOut);
  CHECK(got.error().text == "no answer within 1000 ms (" + servers[0].to_string() +
                                ": Connection refused: see whether it runs there)");
}

TEST_CASE("a call that began before its server is answered when that comes up") {
  auto servers = cluster_of(1);
  {
    LocalCluster gone(1);
    servers = gone.addresses();
  }
  auto client = BlockingClient::create({.servers = servers}, {.timeout = 30s});
  REQUIRE(client);
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    auto server = Server::create({.servers = servers, .port = servers[0].port});
    QT_CHECK(server.has_value());
    std::thread stopper([&] {
      QT_CHECK(client->set(1, bytes_of("late")).has_value());
      server->stop();
    });
    server->run();
    stopper.join();
  });
  CHECK(client->get(1));
  later.join();
}

TEST_CASE("a server that stops hands over what it has begun to") {
  LocalCluster cluster(2);
  BlockingClient client = client_of(cluster);
  for (Key key = 0; key < 500; ++key) CHECK(client.set(key, bytes_of("x")));
  CHECK(cluster.reshard(0, KeyRange::all(), 1));
  cluster.server(0).stop();
  CHECK(eventually([&] {
    return cluster.ask(1, [](const Host& host, auto) { return host.table().size(); }) == 500;
  }));
}

}  // namespace
}  // namespace quintet::ironkv
