// SPDX-License-Identifier: MIT
#include "ironkv/net/socket.hpp"

namespace quintet::ironkv {

std::expected<std::unique_ptr<SocketSet>, std::string> make_socket_set(SocketEngine engine,
                                                                       SocketSet::Owner* owner) {
  if (engine != SocketEngine::kEpoll) {
    auto ring = internal::make_ring_set(owner);
    if (ring || engine == SocketEngine::kIoUring) return ring;
  }
  return internal::make_epoll_set(owner);
}

}  // namespace quintet::ironkv
