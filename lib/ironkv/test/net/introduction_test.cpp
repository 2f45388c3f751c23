// SPDX-License-Identifier: MIT
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/test/bytes.hpp"
#include "ironkv/test/net/cluster.hpp"
#include "ironkv/test/net/folder.hpp"
#include "ironkv/test/net/raw_socket.hpp"
#include "testing/catch.hpp"

// Servers that begin with nothing, together and alone.
namespace quintet::ironkv {
namespace {

// Whether something arrives, and the connection is not closed.
bool has_answer(const RawSocket& socket) {
  pollfd poll{.fd = socket.descriptor(), .events = POLLIN, .revents = 0};
  std::byte first{};
  return ::poll(&poll, 1, 30'000) == 1 && ::recv(socket.descriptor(), &first, 1, 0) == 1;
}

// Servers that are started and ended one by one.
class Servers {
 public:
  explicit Servers(std::size_t size, ServerOptions options = {}) : options_(std::move(options)) {
    options_.servers = cluster_of(size);
    servers_.resize(size);
    threads_.resize(size);
    for (PeerId me = 0; me < size; ++me) {  // who has which port is known when all listen
      create(me);
      options_.servers[me].port = servers_[me]->port();
    }
    for (const auto& server : servers_) {
      for (PeerId of = 0; of < size; ++of) server->set_port_of(of, options_.servers[of].port);
    }
  }
  ~Servers() {
    for (PeerId me = 0; me < servers_.size(); ++me) end(me);
  }
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  void create(PeerId me) {
    ServerOptions options = options_;
    options.me = me;
    options.port = options.servers[me].port;
    options.durability = folders_.empty() ? Durability::kNone : Durability::kAlways;
    if (!folders_.empty()) options.journal.folder = folders_[me];
    auto server = Server::create(std::move(options));
    if (!server) FAIL(server.error());
    servers_[me] = std::make_unique<Server>(std::move(*server));
  }
  void run(PeerId me) {
    threads_[me] = std::thread([&server = *servers_[me]] { server.run(); });
  }
  void run_all() {
    for (PeerId me = 0; me < servers_.size(); ++me) run(me);
  }
  void end(PeerId me) {
    if (servers_[me]) servers_[me]->stop();
    if (threads_[me].joinable()) threads_[me].join();
    servers_[me].reset();
  }
  // Until it ends by itself. Returns why.
  std::string failure_of(PeerId me) {
    threads_[me].join();
    return servers_[me]->failure();
  }
  Server& operator[](PeerId me) { return *servers_[me]; }
  [[nodiscard]] const ServerAddress& address_of(PeerId me) const { return options_.servers[me]; }
  [[nodiscard]] std::string name_of(PeerId me) const { return address_of(me).to_string(); }
  [[nodiscard]] EndPoint end_point_of(PeerId me) const {
    return end_point_of_key(options_.servers[me].public_key);
  }
  // From now on servers keep what they have, each in a folder of its own.
  void keep_in(std::vector<std::string> folders) { folders_ = std::move(folders); }

  BlockingClient client(std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    auto client = BlockingClient::create({.servers = options_.servers}, {.timeout = timeout});
    REQUIRE(client);
    return std::move(*client);
  }
  void move_all(PeerId from, PeerId to) {
    BlockingClient asker = client();
    const auto begun = asker.ask(
        from,
        {.kind = AdminKind::kReshard, .range = KeyRange::all(), .end_point = end_point_of(to)});
    if (!begun) FAIL(begun.error().text);
    REQUIRE(eventually([&] {
      const auto progress =
          asker.ask(from, {.kind = AdminKind::kProgress, .number = begun->reshard});
      return progress && progress->is_done;
    }));
  }

 private:
  ServerOptions options_;
  std::vector<std::string> folders_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::thread> threads_;
};

TEST_CASE("servers that begin with nothing serve when all of them are there") {
  Servers servers(3);
  CHECK(servers[0].awaits() == 1);
  CHECK(servers[2].awaits() == 0);
  servers.run(0);
  servers.run(2);
  REQUIRE(eventually([&] { return servers[2].awaits() == 1; }));
  CHECK_FALSE(servers.client(std::chrono::milliseconds(200)).set(1, bytes_of("early")));
  const auto refused = servers.client().ask(0, {.kind = AdminKind::kReshard,
                                                .range = KeyRange::all(),
                                                .end_point = servers.end_point_of(2)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text ==
        "it does not serve yet: it waits for server 2 (" + servers.name_of(1) + ")");
  CHECK(servers.client().ask(0, {.kind = AdminKind::kStatistics}));
  std::promise<Result<std::uint64_t>> told;
  servers[0].reshard(KeyRange::all(), 1, [&](Result<std::uint64_t> id) { told.set_value(id); });
  CHECK(told.get_future().get() == std::unexpected(Error::kNotServing));
  RawSocket raw(servers[0].port());  // who says nothing twice
  CHECK(raw.send_frame(bytes_of("raw")));
  const FrameView get{.number = 1, .message = {.kind = MessageKind::kGet, .key = 7}};
  std::vector<std::byte> frame(frame_bytes(get));
  write_frame(get, frame.data());
  CHECK(raw.send_frame(frame));
  BlockingClient patient = servers.client();
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    servers.run(1);
  });
  CHECK(patient.set(2, bytes_of("late")));
  late.join();
  CHECK(has_answer(raw));
  CHECK(patient.get(2).value() == key_of("late"));
  CHECK(eventually([&] { return !servers[0].awaits() && !servers[2].awaits(); }));
}

TEST_CASE("a server that has forgotten what others count on ends and says who") {
  Servers servers(3);
  servers.run_all();
  servers.move_all(0, 1);
  const PeerId forgetful = GENERATE(0U, 1U);
  const PeerId other = 1 - forgetful;
  servers.end(forgetful);
  servers.create(forgetful);
  servers.run(forgetful);
  CHECK(
      servers.failure_of(forgetful) ==
      "server " + std::to_string(other + 1) + " (" + servers.name_of(other) +
          ") knows this server, number " + std::to_string(forgetful + 1) +
          ", from before, and counts on what it has forgotten: start all servers anew, without any "
          "key. What outlives a restart needs durability");
}

TEST_CASE("a server that nobody counts on may return alone") {
  Servers servers(3);
  servers.run_all();
  servers.move_all(0, 1);
  servers.end(2);
  servers.create(2);
  servers.run(2);
  CHECK(eventually([&] { return !servers[2].awaits(); }));
  servers.move_all(1, 2);
  CHECK(servers.client().set(5, bytes_of("there")));
}

TEST_CASE("a server that is told to start alone asks nobody") {
  Servers servers(2, {.asks_others = false});
  CHECK_FALSE(servers[0].awaits());
  servers.run(0);
  CHECK(servers.client().set(1, bytes_of("alone")));
}

TEST_CASE("a durable server returns alone with its folder and not with a new one") {
  const Folder folder;
  const auto folder_of = [&](const char* name) { return folder / name; };
  Servers servers(2);
  servers.keep_in({folder_of("first"), folder_of("second")});
  for (PeerId me = 0; me < 2; ++me) {
    servers.end(me);
    servers.create(me);
  }
  CHECK(servers[0].awaits() == 1);
  servers.run_all();
  servers.move_all(0, 1);
  servers.end(0);
  servers.end(1);
  servers.create(1);
  CHECK_FALSE(servers[1].awaits());
  servers.run(1);
  auto client = BlockingClient::create({.servers = {servers.address_of(1)}});
  REQUIRE(client);
  CHECK(client->set(1, bytes_of("kept")));
  servers.keep_in({folder_of("another"), folder_of("second")});
  servers.create(0);
  servers.run(0);
  const std::string why = servers.failure_of(0);
  CHECK(
      why.ends_with("start it with the folder that it had, or all servers anew, with new folders "
                    "and without any key"));
  servers.keep_in({folder_of("first"), folder_of("second")});
  servers.end(0);
  servers.create(0);
  CHECK_FALSE(servers[0].awaits());
}

}  // namespace
}  // namespace quintet::ironkv
