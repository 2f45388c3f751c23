// SPDX-License-Identifier: MIT
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "ironkv/net/server_impl.hpp"

// Of Server: a port for those who watch it, on the loopback interface. As much of HTTP as they
// speak: GET /metrics and GET /healthz, one request per connection.
namespace quintet::ironkv {
namespace {

constexpr std::size_t kMostRequestBytes = 8 << 10;
constexpr auto kPatience = std::chrono::seconds(5);

std::string response(std::string_view status, std::string_view text) {
  std::string all = "HTTP/1.1 ";
  all.append(status).append("\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: ");
  all.append(std::to_string(text.size())).append("\r\nConnection: close\r\n\r\n").append(text);
  return all;
}

// With the type of each in front of it, by its name.
std::string with_types(std::string_view statistics) {
  std::string text;
  while (!statistics.empty()) {
    const std::string_view line = statistics.substr(0, statistics.find('\n') + 1);
    const std::string_view name = line.substr(0, line.find(' '));
    text.append("# TYPE ").append(name).append(name.ends_with("_total") ? " counter\n"
                                                                        : " gauge\n");
    text.append(line);
    statistics.remove_prefix(line.size());
  }
  return text;
}

}  // namespace

// One connection, kept alive by its handlers; it is closed when its time is over.
struct Server::Impl::Watcher : std::enable_shared_from_this<Watcher> {
  Watcher(Impl& its_server, tcp::socket its_socket)
      : server(its_server), socket(std::move(its_socket)), timer(socket.get_executor()) {
    ++server.watchers;
  }
  ~Watcher() { --server.watchers; }

  void start() {
    timer.expires_after(kPatience);
    timer.async_wait([self = shared_from_this()](const error_code& stopped) {
      error_code ignored;
      if (!stopped) self->socket.close(ignored);
    });
    asio::async_read_until(
        socket, asio::dynamic_buffer(request, kMostRequestBytes), "\r\n\r\n",
        [self = shared_from_this()](const error_code& error, std::size_t) { self->answer(error); });
  }

  void answer(const error_code& error) {
    if (error) return finish();
    reply = server.answer_watcher(request.substr(0, request.find("\r\n")));
    asio::async_write(
        socket, asio::buffer(reply),
        [self = shared_from_this()](const error_code&, std::size_t) { self->finish(); });
  }

  void finish() {
    error_code ignored;
    timer.cancel();
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    socket.close(ignored);
  }

  Impl& server;
  tcp::socket socket;
  asio::steady_timer timer;
  std::string request;
  std::string reply;
};

std::expected<void, std::string> Server::Impl::listen_to_watchers() {
  if (!options.metrics_port) return {};
  error_code error;
  const tcp::endpoint at(asio::ip::address_v4::loopback(), *options.metrics_port);
  watch.open(at.protocol(), error);
  if (!error) watch.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) watch.bind(at, error);
  if (!error) watch.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return std::unexpected("cannot listen on 127.0.0.1:" + std::to_string(*options.metrics_port) +
                           " for metrics: " + error.message() + "; choose another port");
  }
  options.metrics_port = watch.local_endpoint(error).port();
  return {};
}

void Server::Impl::accept_watcher() {
  watch.async_accept([this](const error_code& error, tcp::socket socket) {
    constexpr unsigned kMostWatchers = 16;
    if (error == asio::error::operation_aborted || is_draining) return;
    if (!error && watchers < kMostWatchers) {
      std::make_shared<Watcher>(*this, std::move(socket))->start();
    }
    if (!error) return accept_watcher();
    // Out of descriptors, most likely.
    watch_again.expires_after(std::chrono::milliseconds(100));
    watch_again.async_wait([this](const error_code& stopped) {
      if (!stopped) accept_watcher();
    });
  });
}

std::string Server::Impl::answer_watcher(std::string_view line) const {
  if (line.starts_with("GET /metrics ")) {
    return response("200 OK", with_types(statistics_text(host) + statistics_text(counters)));
  }
  if (line.starts_with("GET /healthz ")) {
    if (is_draining) return response("503 Service Unavailable", "draining\n");
    if (is_serving) return response("200 OK", "ok\n");
    return response("503 Service Unavailable", "waiting for " + whom_it_awaits() + "\n");
  }
  if (!line.starts_with("GET ")) return response("405 Method Not Allowed", "only GET\n");
  return response("404 Not Found", "try /metrics or /healthz\n");
}

}  // namespace quintet::ironkv
