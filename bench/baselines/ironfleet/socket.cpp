// SPDX-License-Identifier: MIT
#include "baselines/ironfleet/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "ironkv/net/framing.hpp"

namespace quintet::baselines::ironfleet {
namespace {

using ironkv::kLengthBytes;
using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const ironkv::ServerAddress& server, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(server.port);
  if (::getaddrinfo(server.address.c_str(), port.c_str(), &wanted, &found) != 0) found = nullptr;
  return {found, &::freeaddrinfo};
}

Socket socket_for(const addrinfo& address) {
  return Socket(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0));
}

}  // namespace

Socket::Socket(Socket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), splits_frames_(other.splits_frames_) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(splits_frames_, other.splits_frames_);
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<Socket> Socket::connect(const ironkv::ServerAddress& to) {
  const Addresses addresses = resolve(to, AI_NUMERICSERV);
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    Socket socket = socket_for(*at);
    if (::connect(socket.descriptor_, at->ai_addr, at->ai_addrlen) == 0) return socket;
  }
  return std::nullopt;
}

std::expected<Socket, std::string> Socket::listen(const ironkv::ServerAddress& at) {
  const Addresses addresses = resolve(at, AI_NUMERICSERV | AI_PASSIVE);
  if (!addresses)
    return std::unexpected("cannot listen on " + at.to_string() + ": no such address");
  Socket socket = socket_for(*addresses);
  const int on = 1;
  ::setsockopt(socket.descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(socket.descriptor_, addresses->ai_addr, addresses->ai_addrlen) != 0 ||
      ::listen(socket.descriptor_, SOMAXCONN) != 0) {
    return std::unexpected("cannot listen on " + at.to_string() + ": " + std::strerror(errno) +
                           "; choose another address or port");
  }
  return socket;
}

std::optional<Socket> Socket::accept() const {
  const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  return Socket(descriptor);
}

void Socket::apply(const SocketOptions& options) {
  const int no_delay = options.no_delay ? 1 : 0;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
  splits_frames_ = options.splits_frames;
}

std::uint16_t Socket::port() const {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  // The port of both families lies in the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

std::optional<Buffer> Socket::receive_frame() const {
  std::array<std::byte, kLengthBytes> length;
  if (!receive_all(length.data(), length.size())) return std::nullopt;
  const std::uint64_t size = ironkv::load_be64(length.data());
  if (size > ironkv::kMostFrameBytes) return std::nullopt;
  Buffer frame(static_cast<std::size_t>(size));
  if (!receive_all(frame.data(), frame.size())) return std::nullopt;
  return frame;
}

bool Socket::send_frame(const Buffer& frame) const {
  std::array<std::byte, kLengthBytes> length;
  ironkv::store_be64(length.data(), frame.size());
  if (splits_frames_) return send_all(length) && send_all(frame);
  Buffer whole(length.begin(), length.end());
  whole.insert(whole.end(), frame.begin(), frame.end());
  return send_all(whole);
}

void Socket::shut_down() const { ::shutdown(descriptor_, SHUT_RDWR); }

bool Socket::receive_all(std::byte* at, std::size_t bytes) const {
  while (bytes > 0) {
    const ssize_t got = ::recv(descriptor_, at, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

bool Socket::send_all(Bytes bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace quintet::baselines::ironfleet
