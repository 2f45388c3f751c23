// SPDX-License-Identifier: MIT
#include "baselines/ironfleet/transport.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace quintet::baselines::ironfleet {

struct Transport::Connection {
  EndPoint peer;
  std::optional<Socket> socket;  // none while it is being made: only the thread that makes it looks
  LockedQueue<Buffer> outgoing;
};

std::expected<std::unique_ptr<Transport>, std::string> Transport::create(TransportOptions options) {
  auto acceptor = Socket::listen(options.servers[options.me]);
  if (!acceptor) return std::unexpected(acceptor.error());
  return std::unique_ptr<Transport>(new Transport(std::move(options), std::move(*acceptor)));
}

Transport::Transport(TransportOptions options, Socket acceptor)
    : options_(std::move(options)), acceptor_(std::move(acceptor)) {
  std::thread([this] { accept_all(); }).detach();
}

void Transport::send(const EndPoint& to, Buffer bytes) {
  ConnectionPointer connection = newest_to(to);
  if (connection == nullptr) {
    const auto server = std::ranges::find_if(options_.servers, [&](const auto& one) {
      return ironkv::end_point_of_key(one.public_key) == to;
    });
    if (server == options_.servers.end()) return;
    connection = std::make_shared<Connection>();
    connection->peer = to;
    add(connection);
    std::thread([this, connection, &at = *server] { serve_dialed(connection, at); }).detach();
  }
  connection->outgoing.push(std::move(bytes));
}

// When it fails, descriptors have run out: some connection will end.
void Transport::accept_all() {
  for (;;) {
    std::optional<Socket> socket = acceptor_.accept();
    if (!socket) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    socket->apply(options_.sockets);
    auto connection = std::make_shared<Connection>();
    connection->socket = std::move(socket);
    std::thread([this, connection] { serve_accepted(connection); }).detach();
  }
}

void Transport::serve_accepted(const ConnectionPointer& connection) {
  const std::optional<Buffer> key = connection->socket->receive_frame();
  if (!key) return;
  connection->peer = ironkv::end_point_of_key(*key);
  add(connection);
  std::thread([connection] { send_all(connection); }).detach();
  receive_all(connection);
}

void Transport::serve_dialed(const ConnectionPointer& connection, const ironkv::ServerAddress& to) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries && !connection->socket; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    connection->socket = Socket::connect(to);
  }
  if (!connection->socket) return remove(connection);
  connection->socket->apply(options_.sockets);
  if (!connection->socket->send_frame(options_.servers[options_.me].public_key)) {
    return remove(connection);
  }
  std::thread([this, connection] { receive_all(connection); }).detach();
  send_all(connection);
}

void Transport::receive_all(const ConnectionPointer& connection) {
  while (std::optional<Buffer> frame = connection->socket->receive_frame()) {
    arrived_.push({connection->peer, std::move(*frame)});
  }
  remove(connection);
}

void Transport::send_all(const ConnectionPointer& connection) {
  while (const std::optional<Buffer> frame = connection->outgoing.pop()) {
    if (!connection->socket->send_frame(*frame)) break;
  }
  connection->socket->shut_down();
}

void Transport::add(const ConnectionPointer& connection) {
  const std::lock_guard lock(mutex_);
  connections_[connection->peer].push_back(connection);
}

void Transport::remove(const ConnectionPointer& connection) {
  connection->outgoing.close();
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(connection->peer);
  std::erase(found->second, connection);
  if (found->second.empty()) connections_.erase(found);
}

Transport::ConnectionPointer Transport::newest_to(const EndPoint& to) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(to);
  return found == connections_.end() ? nullptr : found->second.back();
}

}  // namespace quintet::baselines::ironfleet
