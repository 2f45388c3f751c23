// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "baselines/ironfleet/host.hpp"
#include "baselines/ironfleet/locked_queue.hpp"
#include "baselines/ironfleet/socket.hpp"

// The network of the re-created host: a thread that accepts connections and, for each connection,
// one that receives and one that sends, with locked queues between them and the host. Whoever
// connects says its key first; the SHA-256 of that is its end point. What is for a host that is not
// connected waits while the connection is being made, what is for an unknown client is dropped.
// Threading: receive() and send() by the host's thread; the transport lives until the process ends,
// as its threads do.
namespace quintet::baselines::ironfleet {

struct TransportOptions {
  std::vector<ironkv::ServerAddress> servers{};  // in the order of the host's list
  std::size_t me = 0;
  SocketOptions sockets{};
};

class Transport : public Network {
 public:
  // Listens at the address of servers[me]; an error is one sentence.
  [[nodiscard]] static std::expected<std::unique_ptr<Transport>, std::string> create(
      TransportOptions options);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  std::optional<Received> receive() override { return arrived_.try_pop(); }
  void send(const EndPoint& to, Buffer bytes) override;

 private:
  struct Connection;
  using ConnectionPointer = std::shared_ptr<Connection>;

  Transport(TransportOptions options, Socket acceptor);

  void accept_all();
  // Each for one connection, by a thread of its own.
  void serve_accepted(const ConnectionPointer& connection);
  void serve_dialed(const ConnectionPointer& connection, const ironkv::ServerAddress& to);
  void receive_all(const ConnectionPointer& connection);
  static void send_all(const ConnectionPointer& connection);

  void add(const ConnectionPointer& connection);
  void remove(const ConnectionPointer& connection);
  ConnectionPointer newest_to(const EndPoint& to);

  const TransportOptions options_;
  const Socket acceptor_;
  LockedQueue<Received> arrived_;
  std::mutex mutex_;                                        // of what follows
  ByEndPoint<std::vector<ConnectionPointer>> connections_;  // the newest last
};

}  // namespace quintet::baselines::ironfleet
