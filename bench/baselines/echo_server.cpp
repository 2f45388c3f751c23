// SPDX-License-Identifier: MIT
#include "baselines/echo_server.hpp"

// Asio of Boost 1.74 misses <utility> with g++ 12.
#include <utility>
// Then the rest.
#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <vector>

namespace quintet::baselines {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// At once. A write that is larger than a socket takes would be two anyway.
constexpr std::size_t kMostRead = 64 << 10;
constexpr std::size_t kMostWrite = 4 << 20;

bool is_retry(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::interrupted;
}

}  // namespace

struct EchoServer::Impl {
  struct Session {
    explicit Session(tcp::socket its_socket) : socket(std::move(its_socket)) {}
    tcp::socket socket;
    std::list<Session>::iterator place{};
    std::size_t part = 0;  // bytes of a request that is not whole
    std::size_t owed = 0;  // bytes of replies
  };

  explicit Impl(const Options& its_options)
      : options(its_options),
        zeros(std::min(kMostWrite, (kMostRead / options.request_bytes + 1) * options.reply_bytes)) {
  }

  error_code listen();
  void accept();
  void adopt(tcp::socket socket);
  void wait_to_read(Session& session);
  void wait_to_write(Session& session);
  void on_read(Session& session, const error_code& error, std::size_t bytes);
  void answer(Session& session);
  void end(Session& session) { sessions.erase(session.place); }

  const Options options;
  const std::vector<char> zeros;
  std::array<char, kMostRead> space;  // of all reads: nobody looks at what arrives
  asio::io_context loop{1};
  tcp::acceptor acceptor{loop};
  std::list<Session> sessions;
};

error_code EchoServer::Impl::listen() {
  error_code error;
  const tcp::endpoint at(asio::ip::address_v4::loopback(), options.port);
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

void EchoServer::Impl::accept() {
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    if (!error) adopt(std::move(socket));
    accept();
  });
}

void EchoServer::Impl::adopt(tcp::socket socket) {
  error_code error;
  socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;
  Session& session = sessions.emplace_back(std::move(socket));
  session.place = std::prev(sessions.end());
  wait_to_read(session);
}

void EchoServer::Impl::wait_to_read(Session& session) {
  session.socket.async_read_some(asio::buffer(space),
                                 [this, &session](const error_code& error, std::size_t bytes) {
                                   on_read(session, error, bytes);
                                 });
}

void EchoServer::Impl::wait_to_write(Session& session) {
  session.socket.async_wait(tcp::socket::wait_write,
                            [this, &session](const error_code&) { answer(session); });
}

void EchoServer::Impl::on_read(Session& session, const error_code& error, std::size_t bytes) {
  if (error && !is_retry(error)) return end(session);
  session.part += bytes;
  session.owed = session.part / options.request_bytes * options.reply_bytes;
  session.part %= options.request_bytes;
  answer(session);
}

// All that is owed, before anything more is read.
void EchoServer::Impl::answer(Session& session) {
  while (session.owed > 0) {
    const std::size_t most = std::min(session.owed, zeros.size());
    error_code error;
    session.owed -= session.socket.write_some(asio::buffer(zeros.data(), most), error);
    if (error && is_retry(error)) return wait_to_write(session);
    if (error) return end(session);
  }
  wait_to_read(session);
}

std::expected<EchoServer, std::string> EchoServer::create(const Options& options) {
  const auto is_wrong = [](std::size_t bytes) { return bytes == 0 || bytes > kMostBytes; };
  if (is_wrong(options.request_bytes) || is_wrong(options.reply_bytes)) {
    return std::unexpected("requests and replies have 1 to " + std::to_string(kMostBytes) +
                           " bytes");
  }
  auto impl = std::make_unique<Impl>(options);
  if (const error_code error = impl->listen()) {
    return std::unexpected("cannot listen on 127.0.0.1:" + std::to_string(options.port) + ": " +
                           error.message() + "; choose another port, or 0 for any");
  }
  return EchoServer(std::move(impl));
}

EchoServer::EchoServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EchoServer::EchoServer(EchoServer&&) noexcept = default;
EchoServer::~EchoServer() = default;

std::uint16_t EchoServer::port() const { return impl_->acceptor.local_endpoint().port(); }

void EchoServer::run() {
  impl_->accept();
  impl_->loop.run();
}

void EchoServer::stop() { impl_->loop.stop(); }

}  // namespace quintet::baselines
