// SPDX-License-Identifier: MIT
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/net/framing.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/test/net/cluster.hpp"
#include "ironkv/test/net/raw_socket.hpp"
#include "testing/catch.hpp"

// Servers and clients over TLS: who is let in, and who is not.
namespace quintet::ironkv {
namespace {

using namespace std::chrono_literals;
using SharedIdentity = std::shared_ptr<const Identity>;

SharedIdentity new_identity(std::string_view name) {
  auto made = Identity::make(2048, name, 10);
  REQUIRE(made);
  return std::make_shared<const Identity>(std::move(*made));
}

ServerAddress address_of(const Identity& identity, std::string name) {
  return {"127.0.0.1", 0, {identity.public_key().begin(), identity.public_key().end()}, name};
}

// Two servers, made once: keys take time.
struct Pair {
  std::vector<SharedIdentity> identities{new_identity("server1"), new_identity("server2")};
  std::vector<ServerAddress> servers{address_of(*identities[0], "server1"),
                                     address_of(*identities[1], "server2")};
};
const Pair& pair_of_servers() {
  static const Pair pair;
  return pair;
}
const SharedIdentity& some_client() {
  static const SharedIdentity identity = new_identity("client");
  return identity;
}

BlockingClient client_of(std::vector<ServerAddress> servers, SharedIdentity identity,
                         std::chrono::milliseconds timeout = 30s) {
  auto client = BlockingClient::create(
      {.servers = std::move(servers), .use_tls = true, .identity = std::move(identity)},
      {.timeout = timeout});
  REQUIRE(client);
  return std::move(*client);
}

// Whether a client of these servers gets an answer.
bool is_let_in(const std::vector<ServerAddress>& servers, const SharedIdentity& identity) {
  return client_of(servers, identity).get(1).has_value();
}
// Whether it gets none, and says one of these as the reason. A busy machine may need a few tries to
// come so far.
bool is_refused(const std::vector<ServerAddress>& servers, const SharedIdentity& identity,
                const std::vector<std::string>& reasons) {
  return eventually([&] {
    const auto got = client_of(servers, identity, 300ms).get(1);
    return !got && std::ranges::any_of(reasons, [&](const std::string& reason) {
      return got.error().text.find(reason) != std::string::npos;
    });
  });
}
// By the server, which closes the connection; perhaps before it has read all.
const std::vector<std::string> kByServer = {"closed by the other side", "reset by peer",
                                            "closed during the handshake"};

TEST_CASE("keys are set got and moved over TLS") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  BlockingClient client = client_of(cluster.addresses(), some_client());
  const std::vector<std::byte> value(1000, std::byte{5});
  std::vector<Key> keys;
  std::vector<std::pair<Key, Bytes>> pairs;
  for (Key key = 0; key < 2000; ++key) {
    keys.push_back(key);
    pairs.emplace_back(key, value);
  }
  CHECK(client.multi_set(pairs));
  REQUIRE(cluster.reshard(0, KeyRange::from(500), 1));  // the servers dial each other
  CHECK(eventually([&] {
    return cluster.ask(1, [](const Host& host, auto) { return host.table().size(); }) == 1500;
  }));
  const auto found = client.multi_get(keys);
  REQUIRE(found);
  for (const auto& one : *found) CHECK(one == value);
}

TEST_CASE("a client that brings no identity gets one") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  CHECK(client_of(cluster.addresses(), nullptr).get(1).value() == std::nullopt);
}

TEST_CASE("a client refuses a server with another key or another name") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  auto servers = cluster.addresses();
  servers[0].public_key = address_of(*some_client(), "x").public_key;
  CHECK(is_refused(servers, some_client(), {"another key than the service file"}));
  servers = cluster.addresses();
  servers[0].name = "server9";
  CHECK(is_refused(servers, some_client(), {"not of the name server9"}));
  CHECK(cluster.ask(0, [](const Host& host, auto) { return host.counters().gets; }) == 0);
}

TEST_CASE("a client with an expired certificate is refused") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  const SharedIdentity expired = new_identity("client");
  ASN1_TIME* const past = X509_gmtime_adj(nullptr, -60);
  X509_set1_notAfter(expired->certificate(), past);
  ASN1_TIME_free(past);
  CHECK(is_refused(cluster.addresses(), expired, kByServer));
  CHECK(cluster.ask(0, [](const Host& host, auto) { return host.counters().gets; }) == 0);
  CHECK(is_let_in(cluster.addresses(), some_client()));
}

TEST_CASE("the key of a server is taken only under its name") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  // As somebody would who had the key: the same, in a certificate of another name.
  const std::vector<ServerAddress> first = {cluster.addresses()[0]};
  CHECK(is_let_in(first, pair.identities[1]));
  const SharedIdentity renamed = std::make_shared<const Identity>(
      std::move(*Identity::from_pkcs12(*pair.identities[1]->to_pkcs12())));
  X509_NAME* const name = X509_NAME_new();
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("other"), -1, -1, 0);
  X509_set_subject_name(renamed->certificate(), name);
  X509_NAME_free(name);
  i2d_re_X509_tbs(renamed->certificate(), nullptr);  // its bytes are kept otherwise
  CHECK(is_refused(first, renamed, kByServer));
}

TEST_CASE("who does not speak TLS to a TLS port changes nothing") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities, {.handshake_ms = 400});
  RawSocket plain(cluster.addresses()[0].port);
  CHECK(plain.send_frame(address_of(*pair.identities[1], "").public_key));
  CHECK(plain.is_closed_in_time());
  RawSocket stalled(cluster.addresses()[0].port);
  CHECK(is_let_in(cluster.addresses(), some_client()));
  CHECK(stalled.is_closed_in_time());
}

// A client whose end of the handshake and first request leave in one piece.
class HastyClient {
 public:
  HastyClient(std::uint16_t port, const Identity& identity, Bytes request) : socket_(port) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    while (SSL_connect(ssl_.get()) != 1) {
      pass_on();
      if (!receive()) return;
    }
    ask(request);
    pass_on();
  }
  // Requests that come without a pause, each after new keys, for which the server has to say
  // something of its own.
  void ask_with_new_keys(std::span<const std::vector<std::byte>> requests) {
    for (const auto& request : requests) {
      SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
      ask(request);
      pass_on();
    }
  }
  // The server says something within half a minute.
  bool is_answered() {
    std::byte some[256];
    while (SSL_read(ssl_.get(), some, sizeof(some)) <= 0) {
      if (!receive()) return false;
    }
    return true;
  }

  // To how many of `count` requests the server gives an answer, some perhaps again; half a minute
  // without any is the end.
  std::size_t answers(std::size_t count) {
    InputBuffer input;
    std::set<std::uint64_t> found;
    while (found.size() < count) {
      const auto space = input.space();
      const int got = SSL_read(ssl_.get(), space.data(), static_cast<int>(space.size()));
      if (got <= 0 && !receive()) break;
      if (got > 0) input.received(static_cast<std::size_t>(got));
      while (const auto frame = input.next()) {
        const auto view = read_frame(*frame);
        if (view && !view->is_ack) found.insert(view->number);
      }
    }
    return found.size();
  }

 private:
  void ask(Bytes request) {
    std::byte length[kLengthBytes];
    store_be64(length, request.size());
    SSL_write(ssl_.get(), length, kLengthBytes);
    SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
  }
  void pass_on() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
    socket_.send({reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)});
    BIO_reset(SSL_get_wbio(ssl_.get()));
  }
  bool receive() {
    std::byte some[8192];
    pollfd poll{.fd = socket_.descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, 30'000) != 1) return false;
    const ssize_t got = ::recv(socket_.descriptor(), some, sizeof(some), 0);
    return got > 0 && BIO_write(SSL_get_rbio(ssl_.get()), some, static_cast<int>(got)) == got;
  }

  RawSocket socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()),
                                                             &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

TEST_CASE("a request that comes together with the end of the handshake is answered") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  const FrameView get{.number = 1, .message = {.kind = MessageKind::kGet, .key = 7}};
  std::vector<std::byte> request(frame_bytes(get));
  write_frame(get, request.data());
  HastyClient client(cluster.addresses()[0].port, *some_client(), request);
  CHECK(client.is_answered());
}

TEST_CASE("who asks for new keys with each request is answered") {
  const Pair& pair = pair_of_servers();
  LocalCluster cluster(pair.servers, pair.identities);
  std::vector<std::vector<std::byte>> requests;
  for (std::uint64_t number = 1; number <= 1'000; ++number) {
    const FrameView get{.number = number, .message = {.kind = MessageKind::kGet, .key = 7}};
    write_frame(get, requests.emplace_back(frame_bytes(get)).data());
  }
  HastyClient client(cluster.addresses()[0].port, *some_client(), requests[0]);
  client.ask_with_new_keys(std::span(requests).subspan(1));
  CHECK(client.answers(1'000) == 1'000);
}

TEST_CASE("a server with the private key of another is refused") {
  const Pair& pair = pair_of_servers();
  const auto server =
      Server::create({.servers = pair.servers, .me = 0, .identity = pair.identities[1]});
  REQUIRE_FALSE(server);
  CHECK(server.error().find("not that of server 0") != std::string::npos);
}

}  // namespace
}  // namespace quintet::ironkv
