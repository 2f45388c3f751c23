// SPDX-License-Identifier: MIT
#include <random>
#include <string>
#include <utility>

#include "ironkv/net/server_impl.hpp"

// Of Server: what comes before it serves. One that begins with nothing asks the others whether they
// know it (introduction.hpp); until they have answered, it only answers such questions itself.
namespace quintet::ironkv {
namespace {

std::uint64_t any_number() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

std::expected<void, std::string> Server::Impl::begin_introduction() {
  const bool has_all = recovered.records > 0 || recovered.snapshot_bytes > 0 || is_owner_known;
  if (has_all || options.servers.size() == 1 || !options.asks_others) return begin_to_serve();
  introduction = Introduction(options.me, options.servers.size(), any_number());
  note_awaited();
  return {};
}

std::expected<void, std::string> Server::Impl::begin_to_serve() {
  is_serving = true;
  if (!journal || is_owner_known) return {};
  is_owner_known = true;
  return write_owner();
}

void Server::Impl::note_awaited() { awaited = introduction.first_missing().value_or(kNobody); }

// To a server that has not answered, over each connection with it: the last one may be dead.
void Server::Impl::ask_whether_known(Connection& connection) {
  if (!introduction.is_missing(connection.peer)) return;
  say(connection, write_admin_request(introduction.question()));
}

// Whether the frame is of the introduction, or is not to be heard before that is over.
bool Server::Impl::is_introduction(Connection& connection, Bytes frame) {
  if (is_serving) return false;
  if (!is_admin_answer(frame)) {
    if (is_admin_request(frame)) return false;
    put_off(late_frames, connection, frame);
    return true;
  }
  if (!introduction.hear(connection.peer, frame)) return true;
  note_awaited();
  if (const auto who = introduction.who_remembers()) {
    fail("server " + std::to_string(*who + 1) + " (" + options.servers[*who].to_string() +
         ") knows this server, number " + std::to_string(options.me + 1) +
         ", from before, and counts on what it has forgotten: " +
         (journal
              ? "start it with the folder that it had, or all servers anew, with new folders and "
                "without any key"
              : "start all servers anew, without any key. What outlives a restart needs "
                "durability"));
  } else if (introduction.may_serve()) {
    let_in();
  }
  return true;
}

void Server::Impl::let_in() {
  if (auto begun = begin_to_serve(); !begun) return fail(std::move(begun.error()));
  for (const Late& late : std::exchange(late_requests, {})) {
    if (late.connection->is_open()) on_request(*late.connection, late.frame);
  }
  for (const Late& late : std::exchange(late_frames, {})) {
    if (late.connection->is_open()) host.on_frame(late.connection->peer, late.frame, *this);
  }
}

// What is said to a server that does not serve yet waits. What there is no room for is lost, and
// will be said again.
void Server::Impl::put_off(std::deque<Late>& queue, Connection& connection, Bytes frame) {
  constexpr std::size_t kMost = 4 << 20;
  constexpr std::uint64_t kPatience = 1'000'000;
  if (late_bytes + frame.size() > kMost) return;
  late_bytes += frame.size() + sizeof(Late);
  queue.push_back(
      {connection.shared_from_this(), {frame.begin(), frame.end()}, now_us() + kPatience});
}

// People are told after a while.
void Server::Impl::refuse_late_requests(std::uint64_t now) {
  while (!late_requests.empty() && now >= late_requests.front().refused_at) {
    const Late late = std::move(late_requests.front());
    late_requests.pop_front();
    late_bytes -= late.frame.size() + sizeof(Late);
    if (!late.connection->is_open()) continue;
    say(*late.connection,
        internal::refused(read_admin_request(late.frame)->id,
                          "it does not serve yet: it waits for " + whom_it_awaits()));
  }
}

void Server::Impl::look_for_others() {
  if (is_serving || is_draining) return;
  refuse_late_requests(now_us());
  for (PeerId other = 0; other < options.servers.size(); ++other) {
    if (introduction.is_missing(other) && state_of(other).newest == nullptr) dialer.want(other);
  }
}

std::string Server::Impl::whom_it_awaits() const {
  const std::optional<PeerId> missing = introduction.first_missing();
  if (!missing) return "nobody";
  return "server " + std::to_string(*missing + 1) + " (" + options.servers[*missing].to_string() +
         ")";
}

}  // namespace quintet::ironkv
