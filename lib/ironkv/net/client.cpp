// SPDX-License-Identifier: MIT
#include "ironkv/net/client.hpp"

#include <random>
#include <utility>

#include "ironkv/net/client_impl.hpp"
#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv {
namespace {

std::vector<std::byte> random_key() {
  std::vector<std::byte> key(32);
  std::random_device device;
  for (std::byte& byte : key) byte = static_cast<std::byte>(device());
  return key;
}

}  // namespace

ClientSettings settings_for(const ServiceFile& service) {
  ClientSettings settings{.use_tls = service.use_ssl};
  for (const ServerEntry& entry : service.servers) {
    settings.servers.push_back({entry.address, entry.port, entry.public_key, entry.friendly_name});
  }
  return settings;
}

std::expected<Client, std::string> Client::create(boost::asio::io_context& loop,
                                                  ClientSettings settings) {
  if (settings.key.empty()) settings.key = random_key();
  for (const ServerAddress& server : settings.servers) {
    settings.core.servers.push_back(end_point_of_key(server.public_key));
  }
  auto core = ClientCore::create(settings.core);
  if (!core) return std::unexpected("the cluster: " + std::string(to_string(core.error())));
  auto impl = std::make_shared<Impl>(loop, std::move(settings), std::move(*core));
  if (auto secured = impl->secure(); !secured) return std::unexpected(secured.error());
  impl->start();
  return Client(std::move(impl));
}

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() {
  if (impl_) impl_->shut_down();
}

Result<void> Client::get(Key key, Timeout timeout, Done done) {
  const std::uint64_t deadline = impl_->begin_call(timeout);
  const std::uint64_t token = impl_->take(std::move(done));
  auto taken = impl_->core.get(key, token, deadline, *impl_);
  if (!taken) impl_->give_back(token);
  return taken;
}

Result<void> Client::set(Key key, std::optional<Bytes> value, Timeout timeout, Done done) {
  const std::uint64_t deadline = impl_->begin_call(timeout);
  const std::uint64_t token = impl_->take(std::move(done));
  auto taken = impl_->core.set(key, value, token, deadline, *impl_);
  if (!taken) impl_->give_back(token);
  return taken;
}

Result<void> Client::shard(ServerId from, const KeyRange& range, ServerId to, Timeout timeout,
                           Done done) {
  const std::uint64_t deadline = impl_->begin_call(timeout);
  const std::uint64_t token = impl_->take(std::move(done));
  auto taken = impl_->core.shard(from, range, to, token, deadline, *impl_);
  if (!taken) impl_->give_back(token);
  return taken;
}

const ClientCore& Client::core() const { return impl_->core; }
bool Client::is_connected(ServerId server) const {
  return impl_->connections[server] && impl_->connections[server]->is_open();
}
std::string Client::troubles() const { return impl_->troubles(); }
void Client::drop(ServerId server) {
  if (const auto connection = impl_->connections[server]) connection->close("dropped");
}

}  // namespace quintet::ironkv
