// SPDX-License-Identifier: MIT
#include "ironkv/net/dialer.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <utility>

namespace quintet::ironkv {

struct Dialer::Attempt : std::enable_shared_from_this<Dialer::Attempt> {
  Attempt(asio::io_context& loop, Dialer& its_dialer, std::uint32_t its_server, std::uint64_t until)
      : resolver(loop), socket(loop), dialer(&its_dialer), server(its_server), give_up_at(until) {}

  // A name is looked up by a thread of Asio's, an address needs none.
  void begin(const ServerAddress& to) {
    error_code not_an_address;
    const auto address = asio::ip::make_address(to.address, not_an_address);
    if (!not_an_address) {
      const tcp::endpoint place(address, to.port);
      return connect(tcp::resolver::results_type::create(place, to.address, ""));
    }
    resolver.async_resolve(to.address, std::to_string(to.port), tcp::resolver::numeric_service,
                           [self = shared_from_this()](const error_code& error, auto found) {
                             if (error || self->dialer == nullptr) return self->end(error);
                             self->connect(std::move(found));
                           });
  }
  void connect(tcp::resolver::results_type found) {
    asio::async_connect(socket, found,
                        [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                          self->end(error);
                        });
  }
  void end(const error_code& error) {
    if (dialer != nullptr) dialer->end(server, shared_from_this(), error);
  }
  void cancel() {
    dialer = nullptr;
    error_code ignored;
    resolver.cancel();
    socket.close(ignored);
  }

  tcp::resolver resolver;
  tcp::socket socket;
  Dialer* dialer;
  std::uint32_t server;
  std::uint64_t give_up_at;
};

Dialer::Dialer(asio::io_context& loop, const std::vector<ServerAddress>& servers,
               Connected connected, Options options)
    : loop_(loop),
      servers_(servers),
      connected_(std::move(connected)),
      options_(options),
      states_(servers.size()) {}

Dialer::~Dialer() { stop(); }

void Dialer::stop() {
  for (State& state : states_) {
    if (state.attempt) std::exchange(state.attempt, nullptr)->cancel();
    state.is_wanted = false;
  }
  missing_ = 0;
}

void Dialer::want(std::uint32_t server) {
  State& state = states_[server];
  if (state.is_wanted) return;
  state.is_wanted = true;
  ++missing_;
}

void Dialer::tick(std::uint64_t now) {
  if (missing_ == 0) return;
  for (std::uint32_t server = 0; server < states_.size(); ++server) {
    State& state = states_[server];
    if (!state.is_wanted || state.is_connected) continue;
    if (state.attempt && now >= state.attempt->give_up_at) {
      std::exchange(state.attempt, nullptr)->cancel();
      failed(state, "no answer");
    }
    if (!state.attempt && now >= state.not_before) begin(server, now);
  }
}

void Dialer::begin(std::uint32_t server, std::uint64_t now) {
  State& state = states_[server];
  state.attempt = std::make_shared<Attempt>(loop_, *this, server, now + options_.patience);
  state.attempt->begin(servers_[server]);
}

void Dialer::end(std::uint32_t server, const std::shared_ptr<Attempt>& attempt,
                 const error_code& error) {
  State& state = states_[server];
  state.attempt = nullptr;
  if (error) return failed(state, error.message());
  state.is_connected = true;
  state.is_absent = false;
  --missing_;
  // Asio goes on to look for writability at a socket that was once waited for so, which wakes the
  // loop for nothing after each read. It forgets that when the socket is registered anew.
  error_code broken;
  const tcp protocol = attempt->socket.local_endpoint(broken).protocol();
  tcp::socket socket(loop_);
  if (!broken) socket.assign(protocol, attempt->socket.release(broken), broken);
  connected_(server, broken ? std::move(attempt->socket) : std::move(socket));
}

void Dialer::failed(State& state, std::string why) {
  state.is_absent = true;
  pause(state, std::move(why));
}

void Dialer::pause(State& state, std::string why) {
  state.trouble = std::move(why);
  state.pause = std::clamp(2 * state.pause, options_.pause_first, options_.pause_most);
  state.not_before = now_us() + state.pause;
}

void Dialer::lost(std::uint32_t server, std::string why) {
  State& state = states_[server];
  if (!state.is_connected) return;
  state.is_connected = false;
  state.is_wanted = false;
  pause(state, std::move(why));
}

void Dialer::is_good(std::uint32_t server) {
  states_[server].pause = 0;
  states_[server].trouble.clear();
}

}  // namespace quintet::ironkv
