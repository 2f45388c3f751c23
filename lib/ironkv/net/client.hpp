// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ironkv/admin.hpp"
#include "ironkv/client_core.hpp"
#include "ironkv/net/address.hpp"
#include "ironkv/net/identity.hpp"

namespace boost::asio {
class io_context;
}

// A client of IronKV on the network: ClientCore (client_core.hpp) on a loop of Boost.Asio. It keeps
// one connection to each server, over which any number of calls are on their way; it connects
// again, follows redirects and repeats requests, and each takes effect once at most.
// Coroutines: client_awaitable.hpp. Threads that block: blocking_client.hpp.
// Threading: all calls on the thread that runs the loop, which the client keeps busy until it is
// destroyed. Errors of create() are sentences without a full stop.
namespace quintet::ironkv {

struct ClientSettings {
  std::vector<ServerAddress> servers{};  // all of the cluster, in the order of its service file
  ClientOptions core{};                  // its servers are set from the above
  // Over TLS, with this identity; if there is none, one of 2048 bits is made, which takes a while.
  bool use_tls = false;
  std::shared_ptr<const Identity> identity{};
  // Without TLS: what the client says that its public key is; 32 random bytes if empty. Neither of
  // them may be used twice: servers remember what its owner sent.
  std::vector<std::byte> key{};
  std::size_t max_frame_bytes = std::size_t{2} << 20;
  std::size_t max_output_bytes = std::size_t{64} << 20;
};

// Those of a service that a file describes (service_file.hpp).
struct ServiceFile;
[[nodiscard]] ClientSettings settings_for(const ServiceFile& service);

class Client {
 public:
  // Told once, from the loop and never from within the call. It may call the client, or destroy it.
  using Done = std::move_only_function<void(const Answer& answer)>;
  using Timeout = std::chrono::microseconds;

  [[nodiscard]] static std::expected<Client, std::string> create(boost::asio::io_context& loop,
                                                                 ClientSettings settings);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;
  // Calls that are open are told nothing.
  ~Client();

  // As of ClientCore. All calls of one handler of the loop go out with one write.
  Result<void> get(Key key, Timeout timeout, Done done);
  Result<void> set(Key key, std::optional<Bytes> value, Timeout timeout, Done done);
  Result<void> shard(ServerId from, const KeyRange& range, ServerId to, Timeout timeout, Done done);

  // Asks one server something of admin.hpp; the id is filled in. Sent once: if the connection
  // breaks before the answer, that is the error, and the server may have done it.
  using Told = std::move_only_function<void(std::expected<AdminAnswer, std::string> answer)>;
  void ask(ServerId server, const AdminRequest& request, Timeout timeout, Told told);

  [[nodiscard]] const ClientCore& core() const;
  [[nodiscard]] bool is_connected(ServerId server) const;
  // For people: what is wrong with each server that is not connected. Empty if all are.
  [[nodiscard]] std::string troubles() const;
  // Closes the connection to a server, as a fault of the network would.
  void drop(ServerId server);

 private:
  struct Impl;
  explicit Client(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace quintet::ironkv
